package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.DryRun;
import io.syncmachine.DryRun.Failure;
import io.syncmachine.DryRun.Sample;
import io.syncmachine.Explanation.Action;
import io.syncmachine.Explanation.Difference;
import io.syncmachine.Limits;
import io.syncmachine.RecordingDestination;
import io.syncmachine.SubjectIds;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Order;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What would be sent now, and how long it would take. */
class DryRunTest {

    private static final Duration WINDOW = Duration.ofSeconds(10);
    private static final Duration GUARDED = WINDOW.plusMillis(100);

    private final World world = new World();
    private final Set<Long> poisoned = new HashSet<>();

    @AfterEach
    void close() {
        world.close();
    }

    private SyncMachine<Order, Long> machine() {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .listenTo(Customer.class, SubjectIds.stream((Customer customer) -> customer.orderIds().stream()))
                .publishWhen(order -> !order.status().equals("draft"))
                .build(order -> {
                    if (poisoned.contains(order.id())) {
                        throw new IllegalStateException("order " + order.id() + " has no lines");
                    }
                    return World.document(order);
                })
                .publish(world.api::put)
                .onDeletePublication(world.api::delete)
                .policy(World.POLICY.limits(Limits.none().atMost(10, WINDOW)))
                .done();
    }

    private static List<Long> ids(long last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }

    private void saveMany(long last) {
        world.entities.save(
                ids(last).stream().map(id -> new Order(id, "open", 0)).toArray());
    }

    @Nested
    class OfSomeSubjects {

        @Test
        void tellsWhatWouldBecomeOfEach() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);
            saveMany(3);
            world.run();
            world.save(2, "paid");
            world.delete(3);
            world.save(4, "open");
            world.save(5, "draft");
            world.save(6, "open");
            poisoned.add(6L);

            DryRun run = engine.dryRun(machine, ids(7));

            assertThat(run.counts())
                    .isEqualTo(Map.of(
                            Action.NOTHING_UNCHANGED, 1L,
                            Action.UPDATE, 1L,
                            Action.DELETE, 1L,
                            Action.CREATE, 1L,
                            Action.NOTHING_NOT_PUBLISHABLE, 2L,
                            Action.FAIL, 1L));
            assertThat(run.subjects()).isEqualTo(7);
            assertThat(List.of(run.created(), run.updated(), run.deleted(), run.unchanged(), run.failed()))
                    .containsOnly(1L);
            assertThat(run.notPublishable()).isEqualTo(2);
            assertThat(run.samples())
                    .containsExactlyInAnyOrder(
                            new Sample(
                                    Change.DEFAULT_TENANT,
                                    "2",
                                    Action.UPDATE,
                                    Optional.of(World.json(2, "paid")),
                                    List.of(new Difference("/status", "\"open\"", "\"paid\""))),
                            new Sample(Change.DEFAULT_TENANT, "3", Action.DELETE, Optional.empty(), List.of()),
                            new Sample(
                                    Change.DEFAULT_TENANT,
                                    "4",
                                    Action.CREATE,
                                    Optional.of(World.json(4, "open")),
                                    List.of()));
            assertThat(run.failures())
                    .containsExactly(
                            new Failure(Change.DEFAULT_TENANT, "6", "IllegalStateException: order 6 has no lines"));
            assertThat(run.toSend().documents()).isEqualTo(3);
            assertThat(run.ifAllDiffer().documents()).isEqualTo(4);
            assertThat(run.closed()).isEmpty();
            assertThat(run.toString())
                    .contains("7 subjects", "create 1, update 1, delete 1", "order 6 has no lines")
                    .doesNotContain("paid");
        }

        @Test
        void changesAndSendsNothing() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);
            saveMany(3);
            world.threads.runAll();
            int calls = world.api.calls.size();
            world.save(1, "paid");
            world.save(9, "open");
            List<Long> before = World.counts(engine);
            Object record = world.record(1);

            engine.dryRun(machine, ids(9));

            assertThat(world.api.calls).hasSize(calls);
            assertThat(World.counts(engine)).isEqualTo(before);
            assertThat(world.record(1)).isEqualTo(record);
            assertThat(world.store.payloads().find(new SubjectKey(Change.DEFAULT_TENANT, World.MACHINE, "9")))
                    .as("a record of a subject that was never looked at")
                    .isEmpty();
        }

        @Test
        void agreesWithWhatIsSentThen() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);
            saveMany(8);
            DryRun run = engine.dryRun(machine, ids(8));
            world.run();

            assertThat(world.api.calls).hasSize((int) run.toSend().documents());
            assertThat(engine.dryRun(machine, ids(8)).toSend().documents()).isZero();
        }

        @Test
        void keepsAFewSamplesAndReasonsOfMany() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);
            saveMany(1_000);
            poisoned.addAll(LongStream.rangeClosed(401, 450).boxed().toList());

            DryRun run = engine.dryRun(machine, ids(1_000));

            assertThat(run.created()).isEqualTo(950);
            assertThat(run.failed()).isEqualTo(50);
            assertThat(run.samples()).hasSize(20);
            assertThat(run.failures()).hasSize(10);
        }

        @Test
        void goesThroughThemOnceInPagesAndClosesThem() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);
            List<Boolean> closed = new ArrayList<>();
            Stream<Long> stream = LongStream.rangeClosed(1, 1_001).boxed().onClose(() -> closed.add(true));
            final class Closing implements Iterable<Long>, AutoCloseable {
                @Override
                public Iterator<Long> iterator() {
                    return stream.iterator();
                }

                @Override
                public void close() {
                    stream.close();
                }
            }

            assertThat(engine.dryRun(machine, new Closing()).notPublishable()).isEqualTo(1_001);
            assertThat(closed).containsExactly(true);
        }

        @Test
        void mayBeOfAMachineThatIsNotRunYet() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);
            saveMany(3);
            world.run();
            SyncMachine<Order, Long> planned = machine.beside("planned", RecordingDestination.named("planned"))
                    .onlyFor(order -> order.id() > 1);

            DryRun run = engine.dryRun(planned, ids(3));

            assertThat(run.created()).isEqualTo(2);
            assertThat(run.closed()).contains("this engine does not run it");
        }

        @Test
        void tellsThatTheMachineIsPaused() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);
            engine.pause(machine, "the API moves");

            assertThat(engine.dryRun(machine, ids(1)).closed()).contains("it is paused (the API moves)");
        }
    }

    @Nested
    class OfWhatWaits {

        @Test
        void goesThroughAllJobsThatWait() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);
            engine.pause(machine, "not yet");
            saveMany(2_345);
            world.run();

            DryRun run = engine.dryRun(machine);

            assertThat(run.created()).isEqualTo(2_345);
            assertThat(run.toSend().calls()).isEqualTo(2_345);
            assertThat(world.api.calls).isEmpty();
            assertThat(engine.backlog().jobs()).isEqualTo(2_345);
            assertThat(world.store
                            .jobs()
                            .find(JobKey.ensurePublication(Change.DEFAULT_TENANT, World.MACHINE, "1"))
                            .orElseThrow()
                            .attempts())
                    .isZero();
        }

        @Test
        void isNothingWhereNothingWaits() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);

            DryRun run = engine.dryRun(machine);

            assertThat(run.subjects()).isZero();
            assertThat(run.toSend().atLeast()).isZero();
            assertThat(run.toSend().atLeast(Duration.ofSeconds(1))).isZero();
        }
    }

    @Nested
    class BeforeAFanOut {

        @Test
        void findsTheSubjectsThatAChangeWouldConcern() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);
            saveMany(25);
            Customer customer = new Customer(7, "Ann", ids(25));
            world.entities.save(customer);
            while (!engine.backlog().isEmpty()) {
                world.runAfter(Duration.ofSeconds(1));
            }
            world.save(25, "paid");

            DryRun run = engine.dryRunOf(machine, customer);

            assertThat(run.subjects()).isEqualTo(25);
            assertThat(run.updated()).isEqualTo(1);
            assertThat(run.unchanged()).isEqualTo(24);
            assertThat(run.toSend().atLeast()).isZero();
            assertThat(run.ifAllDiffer().calls()).isEqualTo(25);
            assertThat(run.ifAllDiffer().atLeast()).isEqualTo(GUARDED.multipliedBy(2));
            assertThat(engine.backlog().jobs())
                    .as("jobs besides that of the order")
                    .isZero();
        }

        @Test
        void isOfTheSubjectItselfWhereItIsChanged() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);
            saveMany(2);

            assertThat(engine.dryRunOf(machine, new Order(2, "whatever", 0)).samples())
                    .extracting(Sample::id)
                    .containsExactly("2");
        }

        @Test
        void isNothingForAnEntityThatDoesNotExist() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);

            assertThat(engine.dryRunOf(machine, new Customer(7, "Ann", ids(3))).subjects())
                    .isZero();
        }

        @Test
        void isRefusedForAnEntityThatTheMachineHasNothingToDoWith() {
            SyncMachine<Order, Long> plain = world.orders();
            SyncEngine engine = world.start(plain);

            assertThatThrownBy(() -> engine.dryRunOf(plain, new Customer(7, "Ann", List.of())))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "machine 'orders' has nothing to do with Customer: it must be its subject or listened to");
        }

        @Test
        void failsWithTheFinder() {
            SyncMachine<Order, Long> machine = SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Customer.class, customer -> {
                        throw new IllegalArgumentException("no such customer");
                    })
                    .build(World::document)
                    .publish(world.api::put)
                    .done();
            SyncEngine engine = world.start(machine);
            Customer customer = new Customer(7, "Ann", List.of());
            world.entities.save(customer);

            assertThatThrownBy(() -> engine.dryRunOf(machine, customer))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("machine 'orders': the dry run ended early, after 0 subjects:"
                            + " IllegalArgumentException: no such customer");
        }
    }

    @Nested
    class TheTime {

        private DryRun.Estimate estimate(Limits limits, long documents) {
            RecordingDestination destination =
                    RecordingDestination.named("limited").limits(limits);
            SyncMachine<Order, Long> machine = world.orders().withDestination(destination);
            SyncEngine engine = world.start(machine);
            saveMany(documents);
            return engine.dryRun(machine, ids(documents)).toSend();
        }

        @Test
        void isThatOfAllFullWindowsButTheLast() {
            Limits limits = Limits.none().atMost(10, WINDOW);

            assertThat(estimate(limits, 10).atLeast()).isZero();
            world.close();
            assertThat(estimate(limits, 11).atLeast()).isEqualTo(GUARDED);
        }

        @Test
        void isNeverLongerThanItTakes() {
            Limits limits = Limits.none().atMost(10, Duration.ofSeconds(1)).atMost(30, WINDOW);
            RecordingDestination destination =
                    RecordingDestination.named("limited").limits(limits);
            SyncMachine<Order, Long> machine = world.orders().withDestination(destination);
            SyncEngine engine = world.start(machine);
            saveMany(95);
            DryRun.Estimate estimate = engine.dryRun(machine, ids(95)).toSend();

            Duration took = Duration.ZERO;
            world.run();
            while (destination.count() < 95) {
                world.runAfter(Duration.ofMillis(20));
                took = took.plusMillis(20);
            }

            assertThat(estimate.atLeast()).isEqualTo(GUARDED.multipliedBy(3));
            assertThat(took).isBetween(estimate.atLeast(), estimate.atLeast().plusSeconds(2));
        }

        @Test
        void isThatOfTheCallsInFlightWhereTheseAreSlower() {
            DryRun.Estimate estimate = estimate(Limits.none().inFlight(2).atMost(10, WINDOW), 21);

            assertThat(estimate.inFlight()).isEqualTo(2);
            assertThat(estimate.atLeast()).isEqualTo(GUARDED.multipliedBy(2));
            assertThat(estimate.atLeast(Duration.ofSeconds(1)))
                    .as("with calls of a second")
                    .isEqualTo(GUARDED.multipliedBy(2).plusSeconds(1));
            assertThat(estimate.atLeast(Duration.ofSeconds(3)))
                    .as("with calls of three seconds, 11 of them one after another")
                    .isEqualTo(Duration.ofSeconds(33));
        }

        @Test
        void beginsAfterThePauseThatTheDestinationAskedFor() {
            SyncMachine<Order, Long> machine = machine();
            SyncEngine engine = world.start(machine);
            saveMany(1);
            world.store.limiter().pause(World.MACHINE, Duration.ofMinutes(3));

            assertThat(engine.dryRun(machine, ids(1)).toSend().atLeast()).isEqualTo(Duration.ofMinutes(3));
        }

        @Test
        void isOfCallsAndNotOfDocuments() {
            assertThat(new DryRun(
                                    "m",
                                    Map.of(Action.UPDATE, 25L),
                                    List.of(),
                                    List.of(),
                                    Optional.empty(),
                                    World.POLICY.limits(Limits.none().atMost(2, WINDOW)),
                                    10,
                                    Duration.ZERO)
                            .toSend())
                    .satisfies(estimate -> assertThat(estimate.calls()).isEqualTo(3))
                    .satisfies(estimate -> assertThat(estimate.atLeast()).isEqualTo(GUARDED));
        }
    }
}
