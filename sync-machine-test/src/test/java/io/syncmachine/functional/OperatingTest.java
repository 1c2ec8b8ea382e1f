package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.PayloadCodec;
import io.syncmachine.Policy.KeptPayload;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Node;
import io.syncmachine.functional.World.Order;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class OperatingTest {

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    private SyncMachine<Order, Long> named(String name, String formerly) {
        var define = SyncMachine.define(name, Order.class, Long.class);
        return (formerly == null ? define : define.formerly(formerly))
                .listenTo(Order.class)
                .build(World::document)
                .publish(world.api::put)
                .onDeletePublication(world.api::delete)
                .policy(World.POLICY)
                .done();
    }

    @Nested
    class APause {

        private final SyncMachine<Order, Long> machine = world.orders();

        @Test
        void stopsPublishingAndLosesNothing() {
            SyncEngine engine = world.start(machine);
            engine.pause(machine, "the API moves");

            world.save(1, "open");
            world.save(1, "sent");
            world.run();
            world.runAfter(Duration.ofMinutes(5));
            assertThat(world.api.calls).isEmpty();
            assertThat(engine.backlog().jobs()).isEqualTo(1);
            assertThat(engine.explain(machine, 1L).closed())
                    .hasValueSatisfying(reason -> assertThat(reason).contains("the API moves"));

            engine.resume(machine);
            world.run();
            assertThat(world.api.calls).hasSize(1);
            assertThat(world.api.content).containsEntry("1", json(1, "sent"));
        }

        @Test
        void holdsOnAllNodes() {
            SyncEngine engine = world.start(machine);
            Node other = world.startAnother("other", builder -> builder.machines(world.orders()));
            other.threads().runAll();
            engine.pause(machine, "why");
            world.clock.advance(Duration.ofSeconds(3));
            other.threads().runAll();

            world.save(1, "open");
            world.run();
            other.threads().runAll();
            assertThat(world.api.calls).isEmpty();

            engine.resume(machine);
            world.clock.advance(Duration.ofSeconds(3));
            other.threads().runAll();
            assertThat(world.api.calls).hasSize(1);
        }

        @Test
        void holdsOverARestart() {
            SyncEngine engine = world.start(machine);
            engine.pause(machine, "why");
            engine.close();

            SyncEngine next = world.start(machine);
            world.save(1, "open");
            world.run();
            assertThat(world.api.calls).isEmpty();

            next.resume(machine);
            world.run();
            assertThat(world.api.calls).hasSize(1);
        }

        @Test
        void concernsOneMachineAlone() {
            SyncMachine<Order, Long> other = named("other", null);
            SyncEngine engine = world.start(machine, other);
            engine.pause(machine, "why");

            world.save(1, "open");
            world.run();

            assertThat(world.outcomes).extracting(Outcome::machine).containsExactly("other");
        }

        @Test
        void needsAMachineThatTheEngineRuns() {
            SyncEngine engine = world.start(machine);

            assertThatThrownBy(() -> engine.pause(named("other", null), "why"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("other");
        }
    }

    @Nested
    class ARenamedMachine {

        @Test
        void goesOnWithWhatItPublishedAndWhatWaits() {
            SyncEngine before = world.start(named("old-name", null));
            world.save(1, "open");
            world.run();
            world.save(2, "open");
            before.close();
            world.api.calls.clear();

            SyncMachine<Order, Long> renamed = named("new-name", "old-name");
            SyncEngine engine = world.start(renamed);
            world.run();
            assertThat(world.api.calls).hasSize(1);
            world.save(1, "open");
            engine.changed(new Order(1, "open", 0));
            world.run();

            assertThat(world.api.calls).hasSize(1);
            assertThat(world.outcomes.get(world.outcomes.size() - 1).machine()).isEqualTo("new-name");
            assertThat(engine.explain(renamed, 1L).timeline())
                    .extracting(entry -> entry.outcome().machine())
                    .containsExactly("new-name", "new-name");
        }

        @Test
        void worksBesideNodesThatKnowItsOldName() {
            world.start(named("old-name", null));
            Node renamed = world.startAnother("node-2", builder -> builder.machines(named("new-name", "old-name")));

            world.save(1, "open");
            renamed.threads().runAll();
            world.run();

            assertThat(world.api.calls).hasSize(1);
        }

        @Test
        void clashesWithAnotherOfItsOldName() {
            assertThatThrownBy(() -> world.start(named("new-name", "old-name"), named("old-name", null)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("old-name");
        }
    }

    @Nested
    class JobsOfAMachineThatRunsNowhere {

        @Test
        void waitAndAreReported() {
            SyncMachine<Order, Long> removed = named("removed", null);
            SyncEngine before = world.start(removed, named("kept", null));
            before.pause(removed, "soon gone");
            world.save(1, "open");
            world.run();
            before.close();

            SyncEngine engine = world.start(named("kept", null));
            assertThat(engine.orphans()).isEmpty(); // it may be starting anew just now

            world.runAfter(Duration.ofMinutes(6));
            assertThat(engine.orphans()).isEqualTo(Map.of("removed", 1L));
            assertThat(engine.backlog().jobs()).isEqualTo(1);
        }
    }

    @Nested
    class PersonalData {

        @Test
        void mayBeKeptAsAFingerprintOnly() {
            List<Boolean> previous = new ArrayList<>();
            SyncMachine<Order, Long> machine = SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publish(publication -> {
                        previous.add(publication.previous().isPresent());
                        world.api.put(publication);
                    })
                    .onDelete((Long id, Optional<?> last) -> previous.add(last.isPresent()))
                    .policy(World.POLICY.keepPayload(KeptPayload.FINGERPRINT_ONLY))
                    .done();
            SyncEngine engine = world.start(machine);

            world.save(1, "open");
            world.run();
            assertThat(world.record(1).body()).isNull();
            world.save(1, "sent");
            world.run();
            engine.changed(new Order(1, "sent", 0));
            world.run();
            assertThat(engine.explain(machine, 1L).known().orElseThrow().json()).isEmpty();
            world.delete(1);
            world.run();

            assertThat(previous).containsExactly(false, false, false);
            assertThat(world.results())
                    .containsExactly(Result.PUBLISHED, Result.PUBLISHED, Result.UNCHANGED, Result.DELETED);
        }

        @Test
        void mayBeWrittenByACodec() {
            List<String> previous = new ArrayList<>();
            SyncMachine<Order, Long> machine = SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publish(publication -> publication.previous().ifPresent(document -> previous.add(document.json())))
                    .policy(World.POLICY)
                    .done();
            SyncEngine engine = world.start(builder -> builder.machines(machine).payloadCodec(new Reversed()));

            world.save(1, "open");
            world.run();
            assertThat(world.record(1).body()).isEqualTo(new Reversed().encode(json(1, "open")));
            world.save(1, "sent");
            world.run();

            assertThat(previous).containsExactly(json(1, "open"));
            assertThat(engine.explain(machine, 1L).known().orElseThrow().json()).contains(json(1, "sent"));
        }

        @Test
        void isForgottenWhenThatIsSaid() {
            SyncMachine<Order, Long> machine = world.orders();
            SyncEngine engine = world.start(machine);
            world.save(1, "secret");
            world.run();
            world.api.next(FakeApi.fails(new IllegalStateException("cannot take 'secret'")));
            world.save(1, "also secret");
            world.run();

            engine.forget(machine, 1L);

            assertThat(world.record(1).body()).isNull();
            assertThat(world.store.journal().read(new SubjectKey(Change.DEFAULT_TENANT, World.MACHINE, "1"), 10))
                    .isEmpty();
            assertThat(engine.explain(machine, 1L).job().orElseThrow().failure())
                    .isNull();
            world.runAfter(Duration.ofMinutes(1));
            assertThat(world.api.content).containsEntry("1", json(1, "also secret"));
        }

        @Test
        void thatIsForgottenIsNotSentAnew() {
            SyncMachine<Order, Long> machine = world.orders();
            SyncEngine engine = world.start(machine);
            world.save(1, "open");
            world.run();

            engine.forget(machine, 1L);
            engine.changed(new Order(1, "open", 0));
            world.run();

            assertThat(world.results()).containsExactly(Result.PUBLISHED, Result.UNCHANGED);
        }

        @Test
        void ofDeletedSubjectsIsForgottenAfterAWhile() {
            world.start(builder -> builder.machines(world.orders()).keepTombstones(Duration.ofHours(1)));
            world.save(1, "open");
            world.run();
            world.delete(1);
            world.run();
            SubjectKey key = new SubjectKey(Change.DEFAULT_TENANT, World.MACHINE, "1");
            assertThat(world.store.payloads().find(key)).isPresent();

            world.runAfter(Duration.ofMinutes(62));

            assertThat(world.store.payloads().find(key)).isEmpty();
        }

        @Test
        void ofDeletedSubjectsIsKeptLongEnoughToBeSafe() {
            assertThatThrownBy(() -> world.start(
                            builder -> builder.machines(world.orders()).keepTombstones(Duration.ofSeconds(30))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("tombstones")
                    .hasMessageContaining("PT30S");
        }

        private static final class Reversed implements PayloadCodec {

            @Override
            public String encode(String json) {
                return new StringBuilder(json).reverse().toString();
            }

            @Override
            public String decode(String stored) {
                return new StringBuilder(stored).reverse().toString();
            }
        }
    }
}
