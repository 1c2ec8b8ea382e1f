package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.CircuitBreaker;
import io.syncmachine.Destination;
import io.syncmachine.Limits;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.Publication;
import io.syncmachine.PublishResult;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.ThrottledException;
import io.syncmachine.UnauthorizedException;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Node;
import io.syncmachine.functional.World.Order;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobExecutor.JobStatus;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** How much a destination is called. */
class LimitsTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);
    /** What is sent is sent within this time of when it can be. */
    private static final Duration STEP = Duration.ofMillis(20);

    private final World world = new World();
    private final FakeApi api = world.api;
    private final List<Instant> times = new ArrayList<>();

    @AfterEach
    void close() {
        world.close();
    }

    private SyncEngine start(Limits limits) {
        api.always(apply -> {
            times.add(world.clock.now());
            apply.run();
        });
        return world.start(world.orders(World.POLICY.limits(limits)));
    }

    private void saveMany(int first, int last) {
        IntStream.rangeClosed(first, last).forEach(id -> world.save(id, "open"));
    }

    private void runFor(Duration duration) {
        Instant end = world.clock.now().plus(duration);
        world.run();
        while (world.clock.now().isBefore(end)) {
            world.runAfter(STEP);
        }
    }

    private void assertNeverMoreThan(int calls, Duration window) {
        for (int i = calls; i < times.size(); i++) {
            assertThat(Duration.between(times.get(i - calls), times.get(i)))
                    .as("from call %s to call %s", i - calls, i)
                    .isGreaterThanOrEqualTo(window);
        }
    }

    @Nested
    class OfAThousandCallsInTenSeconds {

        private final Duration window = Duration.ofSeconds(10);

        @Test
        void areKeptInEveryWindowAndUsed() {
            start(Limits.none().atMost(1_000, window));
            saveMany(1, 3_000);

            runFor(Duration.ofSeconds(25));

            assertNeverMoreThan(1_000, window);
            assertThat(times).hasSize(3_000);
            Duration took = Duration.between(times.get(0), times.get(2_999));
            assertThat(took).isLessThan(window.multipliedBy(2).multipliedBy(103).dividedBy(100));
        }

        @Test
        void areSharedByNodes() {
            SyncMachine<Order, Long> machine =
                    world.orders(World.POLICY.limits(Limits.none().atMost(100, window)));
            api.always(apply -> times.add(world.clock.now()));
            world.start(machine);
            Node other = world.startAnother("other", builder -> builder.machines(machine));
            saveMany(1, 300);

            while (times.size() < 300 && world.clock.now().isBefore(Instant.parse("2020-01-01T00:01:00Z"))) {
                world.run();
                other.threads().runAll();
                world.clock.advance(STEP);
            }

            assertNeverMoreThan(100, window);
            assertThat(Duration.between(times.get(0), times.get(299))).isLessThan(Duration.ofMillis(20_600));
        }
    }

    @Nested
    class OfOneCallInAMinute {

        private final Limits limits = Limits.none().atMost(1, MINUTE);

        private JobStatus job(long id) {
            return world.store
                    .jobs()
                    .find(JobKey.ensurePublication(Change.DEFAULT_TENANT, World.MACHINE, Long.toString(id)))
                    .orElseThrow();
        }

        @Test
        void sendTheLatestStateOfEachSubjectOldestChangeFirst() {
            start(limits);
            for (long id : List.of(3L, 1L, 2L)) {
                world.save(id, "open");
                world.runAfter(STEP);
            }
            world.save(2, "paid");

            runFor(Duration.ofMinutes(4));

            assertThat(api.calls).extracting(FakeApi.Call::id).containsExactly("3", "1", "2");
            assertThat(api.content).containsEntry("2", World.json(2, "paid"));
            assertNeverMoreThan(1, MINUTE);
        }

        @Test
        void claimNothingThatCannotBeSent() {
            start(limits);
            saveMany(1, 3);

            for (int i = 0; i < 50; i++) {
                world.runAfter(Duration.ofSeconds(1));
                assertThat(api.calls).hasSize(1);
                assertThat(List.of(job(2), job(3))).allSatisfy(job -> {
                    assertThat(job.running()).isFalse();
                    assertThat(job.attempts()).isZero();
                });
            }
        }

        @Test
        void areNotUsedUpByWhatIsNotSent() {
            start(limits);
            world.save(1, "open");
            world.run();
            runFor(MINUTE.plusSeconds(2));

            for (int i = 0; i < 5; i++) {
                world.save(1, "open"); // nothing has changed
                world.run();
            }
            world.save(2, "open");
            runFor(Duration.ofSeconds(1));

            assertThat(api.calls).extracting(FakeApi.Call::id).containsExactly("1", "2");
        }

        @Test
        void useNearlyEveryMinute() {
            start(limits);
            saveMany(1, 100);

            while (times.size() < 100) {
                world.runAfter(Duration.ofMillis(250));
            }

            assertNeverMoreThan(1, MINUTE);
            assertThat(Duration.between(times.get(0), times.get(99)))
                    .isLessThan(Duration.ofSeconds(99 * 60 * 103 / 100));
        }
    }

    @Nested
    class OfCallsInFlight {

        private final List<CompletableFuture<PublishResult>> calls = new ArrayList<>();

        private SyncMachine<Order, Long> machine(Limits limits) {
            return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publishLater(publication -> call())
                    .policy(World.POLICY.limits(limits))
                    .done();
        }

        private CompletionStage<PublishResult> call() {
            CompletableFuture<PublishResult> call = new CompletableFuture<>();
            calls.add(call);
            return call;
        }

        private long open() {
            return calls.stream().filter(call -> !call.isDone()).count();
        }

        @Test
        void areKeptByAllNodesTogether() {
            SyncMachine<Order, Long> machine = machine(Limits.none().inFlight(5));
            world.start(machine);
            Node other = world.startAnother("other", builder -> builder.machines(machine));
            saveMany(1, 40);

            while (calls.size() < 40 || open() > 0) {
                world.runAfter(STEP);
                other.threads().runAll();
                assertThat(open()).isBetween(1L, 5L);
                calls.stream()
                        .filter(call -> !call.isDone())
                        .findFirst()
                        .orElseThrow()
                        .complete(PublishResult.done());
            }
            world.runAfter(STEP);
            other.threads().runAll();
            assertThat(world.results()).hasSize(40).containsOnly(Result.PUBLISHED);
        }

        @Test
        void areFreeAgainWhenACallIsGivenUp() {
            world.start(machine(Limits.none().inFlight(1)));
            saveMany(1, 2);
            world.run();
            assertThat(calls).hasSize(1);

            world.runAfter(World.DEADLINE);
            assertThat(calls.get(0)).isCancelled();
            assertThat(calls).hasSize(1);

            world.runAfter(World.GRACE.plus(Duration.ofSeconds(1)));
            assertThat(calls).hasSize(2);
        }
    }

    @Nested
    class APause {

        @Test
        void thatTheApiAsksForHoldsForTheWholeDestinationOnAllNodes() {
            SyncMachine<Order, Long> machine = world.orders();
            world.start(machine);
            Node other = world.startAnother("other", builder -> builder.machines(machine));
            api.next(FakeApi.fails(new ThrottledException(MINUTE)));
            world.save(1, "open");
            world.run();
            assertThat(api.calls).hasSize(1);

            saveMany(2, 5);
            world.clock.advance(Duration.ofMillis(500));
            other.threads().runAll();
            runFor(MINUTE.minusSeconds(2));
            other.threads().runAll();
            assertThat(api.calls).hasSize(1);

            runFor(Duration.ofSeconds(4));
            assertThat(api.content).containsOnlyKeys("1", "2", "3", "4", "5");
            assertThat(api.calls).allSatisfy(call -> assertThat(call.attempt()).isOne());
        }

        @Test
        void isOverlookedWhereTheLimiterDoesNotTell() {
            CallLimiter limiter =
                    Altered.port(CallLimiter.class, world.store.limiter(), Map.of("pauses", (none, real) -> {
                        throw new IllegalStateException("the limiter is away");
                    }));
            Store store = Altered.port(Store.class, world.store, Map.of("limiter", (none, real) -> limiter));
            world.start("node", world.entities, store, world.threads, world.orders());
            saveMany(1, 3);
            world.run();

            assertThat(api.content).containsOnlyKeys("1", "2", "3");
        }

        @Test
        void mayComeWithASuccess() {
            SyncMachine<Order, Long> machine = SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publishWithResult(publication -> {
                        api.put(publication);
                        return PublishResult.done().pausing(MINUTE);
                    })
                    .policy(World.POLICY.inFlight(1))
                    .done();
            world.start(machine);
            saveMany(1, 2);

            runFor(MINUTE.minusSeconds(1));
            assertThat(api.calls).hasSize(1);
            runFor(Duration.ofSeconds(2));
            assertThat(api.calls).hasSize(2);
        }
    }

    @Nested
    class AnApiThatDoesNotLetIn {

        @Test
        void pausesTheMachineUntilItIsResumed() {
            SyncMachine<Order, Long> machine = world.orders();
            SyncEngine engine = world.start(machine);
            api.next(FakeApi.fails(new UnauthorizedException("401 from the API")));
            world.save(1, "open");
            world.run();
            world.save(2, "open");
            runFor(MINUTE);

            assertThat(api.calls).hasSize(1);
            assertThat(world.store.machines().states().get(World.MACHINE).paused())
                    .contains("401 from the API");

            engine.resume(machine);
            runFor(Duration.ofSeconds(5));
            assertThat(api.content).containsOnlyKeys("1", "2");
            assertThat(api.calls).allSatisfy(call -> assertThat(call.attempt()).isOne());
        }
    }

    @Nested
    class ACircuitBreaker {

        private void startAndFail(int subjects) {
            start(Limits.none());
            api.always(FakeApi.fails(new NotAcceptedException("503")));
            saveMany(1, subjects);
            runFor(MINUTE);
        }

        @Test
        void opensWhereManySubjectsFailAndTriesSingleCalls() {
            startAndFail(200);

            int calls = api.calls.size();
            assertThat(calls).isLessThan(100);
            runFor(MINUTE);
            assertThat(api.calls.size() - calls).isBetween(1, 3);
        }

        @Test
        void closesWithTheFirstAnswer() {
            startAndFail(200);
            api.always(Runnable::run);

            runFor(MINUTE.plusSeconds(5));

            assertThat(api.content).hasSize(200);
        }

        @Test
        void isNotOpenedByOneSubjectAlone() {
            start(Limits.none());
            api.always(apply -> {
                if (api.latest().id().equals("1")) {
                    throw new IllegalStateException("poison");
                }
                apply.run();
            });
            world.save(1, "open");
            runFor(Duration.ofMinutes(5));

            world.save(2, "open");
            world.run();

            assertThat(api.content).containsOnlyKeys("2");
        }

        @Test
        void mayBeLeftOut() {
            start(Limits.none().breaker(CircuitBreaker.never()));
            api.always(FakeApi.fails(new NotAcceptedException("503")));
            saveMany(1, 100);
            runFor(Duration.ofSeconds(5));

            assertThat(api.calls.size()).isGreaterThan(300);
        }
    }

    @Nested
    class Declarations {

        @Test
        void ofOneDestinationMustAgree() {
            Limits other = Limits.none().inFlight(2);
            SyncMachine<Order, Long> one = machine("one", Limits.none());
            SyncMachine<Order, Long> two = machine("two", other);

            assertThatThrownBy(() -> world.start(one, two))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'one'")
                    .hasMessageContaining("'two'")
                    .hasMessageContaining("'erp'")
                    .hasMessageContaining("inFlight=2");
        }

        private SyncMachine<Order, Long> machine(String name, Limits limits) {
            return SyncMachine.define(name, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publish(new Erp())
                    .policy(World.POLICY.limits(limits))
                    .done();
        }

        @Test
        void outOfRangeAreRefused() {
            assertThatThrownBy(() -> Limits.none().atMost(0, MINUTE)).hasMessageContaining("but are 0");
            assertThatThrownBy(() -> Limits.none().atMost(1, Duration.ZERO)).hasMessageContaining("but is PT0S");
            assertThatThrownBy(() -> Limits.none().atMost(1, MINUTE).atMost(2, MINUTE))
                    .hasMessageContaining("PT1M is said twice");
            assertThatThrownBy(() -> Limits.none().inFlight(0)).hasMessageContaining("but is 0");
            assertThatThrownBy(() -> new CircuitBreaker(3, 2, MINUTE, MINUTE)).hasMessageContaining("but are 3");
        }
    }

    private static final class Erp implements Destination<Object, Object, Object> {

        @Override
        public String name() {
            return "erp";
        }

        @Override
        public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) {
            return CompletableFuture.completedFuture(PublishResult.done());
        }
    }
}
