package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.syncmachine.ChangeKind;
import io.syncmachine.Explanation;
import io.syncmachine.Explanation.Action;
import io.syncmachine.Explanation.Difference;
import io.syncmachine.JournalPolicy;
import io.syncmachine.PublicationKind;
import io.syncmachine.RejectedException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Cause;
import io.syncmachine.event.JournalEntry;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Order;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.PayloadStore.State;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class JournalTest {

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    private List<JournalEntry> journal(long id) {
        return world.store.journal().read(new SubjectKey(Change.DEFAULT_TENANT, World.MACHINE, Long.toString(id)), 100);
    }

    private SyncMachine<Order, Long> withCustomers() {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .listenTo(Customer.class, Set.of("name"), Customer::orderIds)
                .listenToEvent("order-shipped")
                .build(World::document)
                .publish(world.api::put)
                .onDeletePublication(world.api::delete)
                .policy(World.POLICY)
                .done();
    }

    @Nested
    class TheJournal {

        @Test
        void tellsEveryOutcomeAndItsCause() {
            world.start(withCustomers());
            world.save(1, "open");
            world.run();
            world.entities.save(new Customer(7, "Ada", List.of(1L)));
            world.run();
            world.entities.save(new Customer(7, "Eve", List.of(1L)));
            world.run();
            world.delete(1);
            world.run();

            assertThat(journal(1))
                    .extracting(
                            entry -> entry.outcome().result(),
                            entry -> entry.outcome().causes())
                    .containsExactly(
                            tuple(Result.DELETED, List.of(cause(ChangeKind.DELETE, "Order", "1"))),
                            tuple(
                                    Result.UNCHANGED,
                                    List.of(new Cause(ChangeKind.UPDATE, "Customer", "7", Set.of("name"), null))),
                            tuple(Result.UNCHANGED, List.of(cause(ChangeKind.CREATE, "Customer", "7"))),
                            tuple(Result.PUBLISHED, List.of(cause(ChangeKind.CREATE, "Order", "1"))));
            assertThat(journal(1)).extracting(JournalEntry::node).containsOnly("node");
        }

        @Test
        void tellsOfTheApplicationsOwnEvents() {
            SyncEngine engine = world.start(withCustomers());
            world.save(1, "open");
            world.run();

            engine.signal("order-shipped", new Order(1, "open", 0));
            engine.changed(new Order(1, "open", 0));
            world.run();

            assertThat(journal(1).get(0).outcome().causes())
                    .containsExactlyInAnyOrder(
                            cause(ChangeKind.TOLD, "@order-shipped", "1"), cause(ChangeKind.TOLD, "Order", "1"));
        }

        @Test
        void tellsThatADeletedEntityIsTheCause() {
            world.start(withCustomers());
            world.save(1, "open");
            world.entities.save(new Customer(7, "Ada", List.of(1L)));
            world.run();

            world.entities.delete(Customer.class, 7L);
            world.run();

            assertThat(journal(1).get(0).outcome().causes()).containsExactly(cause(ChangeKind.DELETE, "Customer", ""));
        }

        @Test
        void tellsFailuresAttemptsAndHowLongCallsTook() {
            world.start(world.orders());
            world.api.next(apply -> {
                world.clock.advance(Duration.ofMillis(1500));
                throw new RejectedException("no such colour");
            });
            world.save(1, "open");
            world.run();

            Outcome outcome = journal(1).get(0).outcome();
            assertThat(outcome.result()).isEqualTo(Result.DEAD_LETTERED);
            assertThat(outcome.kind()).isEqualTo(PublicationKind.CREATE);
            assertThat(outcome.reason()).contains("no such colour");
            assertThat(outcome.took()).isEqualTo(Duration.ofMillis(1500));
            assertThat(outcome.fingerprint()).isNotNull();
        }

        @Test
        void tellsTheTraceOfTheChange() {
            world.start(builder -> builder.machines(world.orders()).traceContext(() -> "00-trace-01"));

            world.save(1, "open");
            world.run();

            assertThat(journal(1).get(0).outcome().causes())
                    .extracting(Cause::trace)
                    .containsExactly("00-trace-01");
        }

        @Test
        void mayBeOff() {
            world.start(builder -> builder.machines(world.orders()).journal(JournalPolicy.off()));
            world.api.next(FakeApi.fails(new IllegalStateException("down")));

            world.save(1, "open");
            world.run();
            world.runAfter(Duration.ofMinutes(1));

            assertThat(world.results()).containsExactly(Result.RETRYING, Result.PUBLISHED);
            assertThat(journal(1)).isEmpty();
        }

        @Test
        void mayKeepASampleOfWholeStoriesAndAllFailures() {
            world.start(builder -> builder.machines(world.orders())
                    .journal(JournalPolicy.defaults().oneSubjectIn(10)));
            for (long id = 1; id <= 200; id++) {
                world.save(id, "open");
            }
            world.run();
            for (long id = 1; id <= 200; id++) {
                world.save(id, "sent");
            }
            world.run();

            long kept = 0;
            for (long id = 1; id <= 200; id++) {
                assertThat(journal(id).size()).isIn(0, 2);
                kept += journal(id).isEmpty() ? 0 : 1;
            }
            assertThat(kept).isBetween(5L, 45L);

            world.api.always(FakeApi.fails(new RejectedException("no")));
            for (long id = 1; id <= 200; id++) {
                world.save(id, "lost");
            }
            world.run();
            for (long id = 1; id <= 200; id++) {
                assertThat(journal(id).get(0).outcome().result()).isEqualTo(Result.DEAD_LETTERED);
            }
        }

        @Test
        void isPruned() {
            world.start(builder -> builder.machines(world.orders())
                    .journal(JournalPolicy.defaults().keptFor(Duration.ofHours(1))));
            world.save(1, "open");
            world.run();
            assertThat(journal(1)).hasSize(1);

            world.runAfter(Duration.ofMinutes(59));
            assertThat(journal(1)).hasSize(1);

            world.runAfter(Duration.ofMinutes(2));
            assertThat(journal(1)).isEmpty();
        }

        @Test
        void isBounded() {
            world.start(builder -> builder.machines(world.orders())
                    .journal(JournalPolicy.defaults().most(3)));
            for (int i = 0; i < 10; i++) {
                world.save(1, "status-" + i);
                world.run();
            }

            world.runAfter(Duration.ofMinutes(2));

            assertThat(journal(1)).hasSize(3);
        }

        @Test
        void hasAPolicyThatIsChecked() {
            assertThatThrownBy(() -> JournalPolicy.defaults().keptFor(Duration.ZERO))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("keptFor")
                    .hasMessageContaining("PT0S");
            assertThatThrownBy(() -> JournalPolicy.defaults().most(0)).hasMessageContaining("most");
            assertThatThrownBy(() -> JournalPolicy.defaults().oneSubjectIn(-1)).hasMessageContaining("oneSubjectIn");
        }

        private Cause cause(ChangeKind kind, String type, String id) {
            return new Cause(kind, type, id, Set.of(), null);
        }
    }

    @Nested
    class AnExplanation {

        private final SyncMachine<Order, Long> machine = world.orders();

        @Test
        void ofASubjectThatNobodyKnows() {
            SyncEngine engine = world.start(machine);

            Explanation explanation = engine.explain(machine, 1L);

            assertThat(explanation.known()).isEmpty();
            assertThat(explanation.job()).isEmpty();
            assertThat(explanation.timeline()).isEmpty();
            assertThat(explanation.next().action()).isEqualTo(Action.NOTHING_NOT_PUBLISHABLE);
        }

        @Test
        void tellsWhatTheApiHasAndWhatWouldBeSent() {
            SyncEngine engine = world.start(machine);
            world.save(1, "open");
            world.run();
            world.save(1, "sent");

            Explanation explanation = engine.explain(machine, 1L);

            assertThat(explanation.closed()).isEmpty();
            assertThat(explanation.known().orElseThrow().state()).isEqualTo(State.PRESENT);
            assertThat(explanation.known().orElseThrow().json()).contains(World.json(1, "open"));
            assertThat(explanation.next().action()).isEqualTo(Action.UPDATE);
            assertThat(explanation.next().json()).contains(World.json(1, "sent"));
            assertThat(explanation.differences()).containsExactly(new Difference("/status", "\"open\"", "\"sent\""));
            assertThat(explanation.timeline()).hasSize(1);
            assertThat(explanation.toString()).contains("UPDATE", "/status", "sent", "PUBLISHED", "PRESENT");
            assertThat(world.api.calls).hasSize(1);
        }

        @Test
        void tellsThatNothingWouldBeSent() {
            SyncEngine engine = world.start(machine);
            world.save(1, "open");
            world.run();

            assertThat(engine.explain(machine, 1L).next().action()).isEqualTo(Action.NOTHING_UNCHANGED);
            assertThat(engine.explain(machine, 1L).differences()).isEmpty();
        }

        @Test
        void tellsOfTheJobThatWaits() {
            SyncEngine engine = world.start(machine);
            world.api.next(FakeApi.fails(new IllegalStateException("down for now")));
            world.save(1, "open");
            world.run();

            Explanation explanation = engine.explain(machine, 1L);

            assertThat(explanation.job().orElseThrow().failure()).contains("down for now");
            assertThat(explanation.job().orElseThrow().attempts()).isEqualTo(1);
            assertThat(explanation.known().orElseThrow().inDoubt()).isTrue();
            assertThat(explanation.next().action()).isEqualTo(Action.CREATE);
        }

        @Test
        void tellsThatBuildingFails() {
            SyncMachine<Order, Long> failing = SyncMachine.define("failing", Order.class, Long.class)
                    .listenTo(Order.class)
                    .<Object>build(order -> {
                        throw new IllegalStateException("no customer");
                    })
                    .publish((order, document) -> {})
                    .policy(World.POLICY)
                    .done();
            SyncEngine engine = world.start(failing);
            world.save(1, "open");

            Explanation explanation = engine.explain(failing, 1L);

            assertThat(explanation.next().action()).isEqualTo(Action.FAIL);
            assertThat(explanation.next().failure())
                    .hasValueSatisfying(text -> assertThat(text).contains("no customer"));
        }

        @Test
        void needsAMachineThatTheEngineRuns() {
            SyncEngine engine = world.start(machine);

            assertThatThrownBy(() -> engine.explain(withCustomers(), 1L))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(World.MACHINE)
                    .hasMessageContaining("not run");
        }
    }
}
