package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.Policy;
import io.syncmachine.RejectedException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.VersionRise;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Node;
import io.syncmachine.functional.World.Order;
import io.syncmachine.functional.World.OrderDocument;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class BuilderVersionTest {

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    /** Its documents show its version. */
    private SyncMachine<Order, Long> machine(int version, VersionRise rise) {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .build(order -> new OrderDocument(order.id(), order.status() + "/v" + version))
                .publish(world.api::put)
                .onDeletePublication(world.api::delete)
                .policy(World.POLICY.builderVersion(version).onVersionRise(rise))
                .done();
    }

    private SyncMachine<Order, Long> machine(int version) {
        return machine(version, VersionRise.publishAll());
    }

    private static String document(long id, String status, int version) {
        return json(id, status + "/v" + version);
    }

    @Nested
    class ANodeWithAnOlderBuilder {

        @Test
        void publishesNothingWhileANewerOneWasAnnounced() {
            world.start(machine(1));
            Node newer = world.startAnother("newer", builder -> builder.machines(machine(2)));
            world.runAfter(Duration.ofSeconds(3));

            world.save(1, "open");
            world.run();
            assertThat(world.api.calls).isEmpty();

            newer.threads().runAll();
            assertThat(world.api.content).containsEntry("1", document(1, "open", 2));
        }

        @Test
        void leavesASubjectAloneThatANewerOnePublishedBeforeItNoticed() {
            world.start(machine(1));
            Node newer = world.startAnother("newer", builder -> builder.machines(machine(2)));
            world.save(1, "open");
            newer.threads().runAll();
            assertThat(world.api.content).containsEntry("1", document(1, "open", 2));

            world.save(1, "sent");
            world.run(); // it has not looked at the registry since the newer one came
            assertThat(world.api.content).containsEntry("1", document(1, "open", 2));
            assertThat(world.results()).contains(Result.SNOOZED);

            world.clock.advance(Duration.ofSeconds(2));
            newer.threads().runAll();
            assertThat(world.api.content).containsEntry("1", document(1, "sent", 2));
        }

        @Test
        void startsAfterANewerOneAndPublishesNothing() {
            Node newer = world.startAnother("newer", builder -> builder.machines(machine(2)));
            newer.threads().runAll();
            SyncMachine<Order, Long> machine = machine(1);
            SyncEngine older = world.start(machine);

            world.save(1, "open");
            world.run();

            assertThat(world.api.calls).isEmpty();
            assertThat(older.backlog().jobs()).isEqualTo(1);
            assertThat(older.explain(machine, 1L).closed())
                    .hasValueSatisfying(reason -> assertThat(reason).contains("version 2"));
        }
    }

    @Nested
    class ARise {

        private void publishWithVersionOne(int orders) {
            SyncEngine old = world.start(machine(1));
            for (long id = 1; id <= orders; id++) {
                world.save(id, "open");
            }
            world.run();
            old.close();
            world.api.calls.clear();
            world.outcomes.clear();
        }

        @Test
        void publishesAllThatIsAtTheApi() {
            publishWithVersionOne(3);

            world.start(machine(2));
            world.run();

            for (long id = 1; id <= 3; id++) {
                assertThat(world.api.content).containsEntry("" + id, document(id, "open", 2));
            }
            assertThat(world.api.calls).hasSize(3);
        }

        @Test
        void sendsNothingWhereTheDocumentIsTheSame() {
            SyncEngine old = world.start(world.orders(World.POLICY.builderVersion(1)));
            world.save(1, "open");
            world.run();
            old.close();
            world.api.calls.clear();

            SyncEngine engine = world.start(world.orders(World.POLICY.builderVersion(2)));
            world.run();
            sweepEnds();

            assertThat(world.api.calls).isEmpty();
            assertThat(world.record(1).builderVersion()).isEqualTo(2);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }

        @Test
        void sendsWhatIsRefusedOnce() {
            publishWithVersionOne(2);
            world.api.always(FakeApi.fails(new RejectedException("no")));

            SyncEngine engine = world.start(machine(2));
            world.run();
            sweepEnds();

            assertThat(world.api.calls).hasSize(2);
            assertThat(engine.backlog().parked()).isEqualTo(2);
            assertThat(world.store.machines().states().get(World.MACHINE).sweptVersion())
                    .isEqualTo(2);
        }

        @Test
        void endsThoughThereAreSubjectsThatMayNotBePublished() {
            publishWithVersionOne(2);
            SyncMachine<Order, Long> keeps = SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .publishWhen(order -> false)
                    .build(World::document)
                    .publish(world.api::put)
                    .policy(World.POLICY.builderVersion(2))
                    .done();

            world.start(keeps);
            world.run();
            sweepEnds();

            assertThat(world.results()).hasSize(2).containsOnly(Result.NOT_PUBLISHABLE);
        }

        @Test
        void isSweptOnce() {
            publishWithVersionOne(3);
            SyncEngine engine = world.start(machine(2));
            world.run();
            sweepEnds();
            assertThat(world.store.machines().states().get(World.MACHINE).sweptVersion())
                    .isEqualTo(2);
            engine.close();
            world.outcomes.clear();

            world.start(machine(2));
            world.run();
            sweepEnds();

            assertThat(world.outcomes).isEmpty();
        }

        @Test
        void goesOnAfterARestart() {
            publishWithVersionOne(10);
            SyncEngine engine = world.start(machine(2, VersionRise.trickle(2)));
            world.run();
            assertThat(world.api.calls).hasSize(2);
            engine.close();

            world.start(machine(2, VersionRise.trickle(2)));
            sweepEnds();

            assertThat(world.api.content)
                    .allSatisfy((id, json) -> assertThat(json).endsWith("/v2\"}"));
            assertThat(world.api.calls).hasSize(10);
        }

        @Test
        void mayTrickle() {
            publishWithVersionOne(10);

            world.start(machine(2, VersionRise.trickle(2)));
            world.run();
            assertThat(world.api.calls).hasSize(2);
            world.runAfter(Duration.ofSeconds(1));
            assertThat(world.api.calls).hasSize(4);
            world.runAfter(Duration.ofSeconds(1));
            assertThat(world.api.calls).hasSize(6);
        }

        @Test
        void mayJustBeTakenForPublished() {
            publishWithVersionOne(3);

            world.start(machine(2, VersionRise.rebaselineOnly()));
            world.run();
            sweepEnds();

            assertThat(world.api.calls).isEmpty();
            assertThat(world.record(1).builderVersion()).isEqualTo(2);
            assertThat(world.results()).containsOnly(Result.UNCHANGED);
        }

        @Test
        void thatWasTakenForPublishedIsSentWithTheNextChange() {
            publishWithVersionOne(1);
            world.start(machine(2, VersionRise.rebaselineOnly()));
            world.run();
            sweepEnds();

            world.save(1, "sent");
            world.run();
            assertThat(world.api.content).containsEntry("1", document(1, "sent", 2));

            world.api.calls.clear();
            world.entities.save(new Order(1, "sent", 99));
            world.run();
            assertThat(world.api.calls).isEmpty();
        }

        @Test
        void thatIsTakenForPublishedLosesNoChangeThatWasNotRelayedYet() {
            publishWithVersionOne(1);
            Store store = lateStore();
            Node sweeps = world.startAnother("sweeps", store, machine(2, VersionRise.rebaselineOnly()));
            // The change is committed when the sweep builds, but becomes a job only afterwards.
            SyncEngine captures =
                    world.start(builder -> builder.machines(machine(2)).works(false));
            world.save(1, "sent");
            captures.close();
            sweeps.threads().runAll();
            assertThat(world.results()).containsExactly(Result.UNCHANGED);

            relays = true;
            sweepEnds(sweeps);

            assertThat(world.api.content).containsEntry("1", document(1, "sent", 2));
        }

        @Test
        void publishesLiveChangesFirst() {
            SyncEngine old = world.start(machine(1));
            for (long id = 1; id <= 50; id++) {
                world.save(id, "open");
            }
            world.run();
            old.close();
            world.api.calls.clear();
            SyncEngine capturing =
                    world.start(builder -> builder.machines(machine(2)).works(false));
            world.save(50, "sent");
            capturing.close();

            world.start(machine(2));
            world.run();

            assertThat(world.api.calls).hasSize(50);
            assertThat(world.api.content).containsEntry("50", document(50, "sent", 2));
        }

        private boolean relays;

        /** A store that keeps changes from becoming jobs, for a while. */
        private Store lateStore() {
            Store store = world.store.another();
            Outbox outbox = Altered.port(
                    Outbox.class, store.outbox(), Map.of("relay", (arguments, real) -> relays ? real.call() : 0));
            return Altered.port(Store.class, store, Map.of("outbox", (none, real) -> outbox));
        }

        private void sweepEnds() {
            for (int i = 0; i < 20; i++) {
                world.runAfter(Duration.ofSeconds(5));
            }
        }

        private void sweepEnds(Node node) {
            for (int i = 0; i < 20; i++) {
                world.clock.advance(Duration.ofSeconds(5));
                node.threads().runAll();
            }
        }
    }

    @Test
    void isChecked() {
        assertThatThrownBy(() -> Policy.defaults().builderVersion(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("builderVersion")
                .hasMessageContaining("-1");
        assertThatThrownBy(() -> VersionRise.trickle(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("perSecond")
                .hasMessageContaining("0");
    }

    @Test
    void ofAMachineThatNeverRoseSweepsNothing() {
        world.start(machine(0));
        world.save(1, "open");
        world.run();
        world.runAfter(Duration.ofMinutes(3));

        assertThat(world.results()).isEqualTo(List.of(Result.PUBLISHED));
    }
}
