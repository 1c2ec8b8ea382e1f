package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.NotAcceptedException;
import io.syncmachine.Policy;
import io.syncmachine.RejectedException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Order;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.test.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Changes that come to rest before they are published. */
class SettleTest {

    private static final Duration QUIET = Duration.ofSeconds(2);
    private static final Duration LONGEST = Duration.ofSeconds(10);
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Policy SETTLING = World.POLICY.settle(QUIET, LONGEST);

    private final World world = new World();
    private final SyncMachine<Order, Long> machine = world.orders(SETTLING);

    @AfterEach
    void close() {
        world.close();
    }

    @Nested
    class ABurst {

        @Test
        void isOnePublication() {
            world.start(machine);
            for (int i = 1; i <= 5; i++) {
                world.save(1, "status " + i);
                world.run();
                world.runAfter(SECOND);
            }
            assertThat(world.api.calls).isEmpty();

            world.runAfter(SECOND);

            assertThat(world.api.calls).hasSize(1);
            assertThat(world.api.content).containsEntry("1", World.json(1, "status 5"));
            world.runAfter(LONGEST);
            assertThat(world.api.calls).hasSize(1);
        }

        @Test
        void withoutSettleTimeIsOneForEachChange() {
            world.start(world.orders());
            for (int i = 1; i <= 5; i++) {
                world.save(1, "status " + i);
                world.run();
            }

            assertThat(world.api.calls).hasSize(5);
        }

        @Test
        void thatNeverEndsIsPublishedEachTimeTheLongestWaitIsOver() {
            world.start(machine);
            for (int i = 1; i <= 3_000; i++) {
                world.save(1, "status " + i);
                world.run();
                world.runAfter(Duration.ofMillis(20));
            }

            assertThat(world.api.calls).hasSize(6); // in 60 seconds
            assertThat(world.api.calls.get(0).json()).isEqualTo(World.json(1, "status 500"));
        }

        @Test
        void ofOneSubjectDelaysNoOther() {
            world.start(machine);
            world.save(2, "open");
            world.run();
            for (int i = 1; i <= 3; i++) {
                world.save(1, "status " + i);
                world.run();
                world.runAfter(SECOND);
            }

            assertThat(world.api.calls).extracting(FakeApi.Call::id).containsExactly("2");
        }

        @Test
        void duringACallSettlesToo() {
            world.start(machine);
            world.save(1, "one");
            world.run();
            world.api.next(FakeApi.takesPlaceAfter(() -> {
                world.save(1, "two");
                world.save(1, "three");
            }));
            world.runAfter(QUIET);
            assertThat(world.api.calls).hasSize(1);
            world.runAfter(SECOND);
            world.save(1, "four");
            world.run();
            world.runAfter(SECOND);
            assertThat(world.api.calls).hasSize(1);

            world.runAfter(SECOND);

            assertThat(world.api.calls).hasSize(2);
            assertThat(world.api.content).containsEntry("1", World.json(1, "four"));
        }

        @Test
        void thatEndsWithADeleteIsADelete() {
            world.start(machine);
            world.save(1, "open");
            world.run();
            world.runAfter(QUIET);
            world.save(1, "closed");
            world.run();
            world.runAfter(SECOND);
            world.delete(1);
            world.run();
            world.runAfter(SECOND);
            assertThat(world.api.content).containsEntry("1", World.json(1, "open"));

            world.runAfter(SECOND);

            assertThat(world.api.calls).hasSize(2);
            assertThat(world.api.content).isEmpty();
        }

        @Test
        void ofWhatADocumentShowsIsOnePublicationToo() {
            world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .listenTo(Customer.class, Set.of("name"), Customer::orderIds)
                    .build(order -> order.status() + " "
                            + world.entities
                                    .find(Customer.class, order.customerId())
                                    .orElseThrow()
                                    .name())
                    .publish(world.api::put)
                    .policy(SETTLING)
                    .done());
            world.entities.save(new Customer(7, "Ada", List.of(1L)));
            world.entities.save(new Order(1, "open", 7));
            world.run();
            for (String name : List.of("Bea", "Cid", "Eve")) {
                world.runAfter(SECOND);
                world.entities.save(new Customer(7, name, List.of(1L)));
                world.run();
            }
            world.runAfter(SECOND);
            assertThat(world.api.calls).isEmpty();

            world.runAfter(SECOND);

            assertThat(world.api.content).containsEntry("1", "\"open Eve\"");
            assertThat(world.api.calls).hasSize(1);
        }
    }

    @Nested
    class WhatTheApplicationTells {

        @Test
        void settlesLikeAChange() {
            SyncEngine engine = world.start(machine);
            world.save(1, "open");
            world.run();
            world.runAfter(SECOND);
            engine.changed(new Order(1, "open", 0));
            world.run();
            world.runAfter(SECOND);
            assertThat(world.api.calls).isEmpty();

            world.runAfter(SECOND);

            assertThat(world.api.calls).hasSize(1);
        }
    }

    @Nested
    class WhatIsDoneAgain {

        @Test
        void waitsForItsBackoffOnly() {
            world.start(machine);
            world.api.next(FakeApi.fails(new NotAcceptedException("busy")));
            world.save(1, "open");
            world.run();
            world.runAfter(QUIET);
            assertThat(world.api.calls).hasSize(1);
            world.save(1, "closed");
            world.run();

            world.runAfter(SECOND);

            assertThat(world.api.calls).hasSize(2);
            assertThat(world.api.content).containsEntry("1", World.json(1, "closed"));
        }

        @Test
        void isADeadLetterAtOnce() {
            SyncEngine engine = world.start(machine);
            world.api.next(FakeApi.fails(new RejectedException("no")));
            world.save(1, "open");
            world.run();
            world.runAfter(QUIET);
            assertThat(engine.backlog().parked()).isEqualTo(1);

            engine.deadLetters(machine).requeueAll(10);
            world.run();

            assertThat(world.api.content).containsEntry("1", World.json(1, "open"));
        }

        @Test
        void butADeadLettersChangeSettles() {
            SyncEngine engine = world.start(machine);
            world.api.next(FakeApi.fails(new RejectedException("no")));
            world.save(1, "open");
            world.run();
            world.runAfter(QUIET);

            world.save(1, "closed");
            world.run();

            assertThat(engine.backlog().parked()).isZero();
            assertThat(world.api.calls).hasSize(1);
            world.runAfter(QUIET);
            assertThat(world.api.content).containsEntry("1", World.json(1, "closed"));
        }
    }

    @Nested
    class AnExplanation {

        @Test
        void tellsThatChangesSettle() {
            SyncEngine engine = world.start(machine);
            world.save(1, "open");
            world.run();

            assertThat(engine.explain(machine, 1L).job().orElseThrow().settling())
                    .isTrue();
            assertThat(engine.explain(machine, 1L).toString())
                    .contains("a job lets changes settle, is due in PT2S after 0 attempts");
        }
    }

    @Nested
    class APolicy {

        @Test
        void letsNothingSettleByDefault() {
            assertThat(Policy.defaults().settle()).isEmpty();
            assertThat(SETTLING.inFlight(3).settle()).hasValueSatisfying(settle -> {
                assertThat(settle.quiet()).isEqualTo(QUIET);
                assertThat(settle.longest()).isEqualTo(LONGEST);
            });
        }

        @Test
        void refusesTimesThatMakeNoSense() {
            assertThatThrownBy(() -> World.POLICY.settle(Duration.ZERO, SECOND))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("settle: quiet must be above zero, but is PT0S");
            assertThatThrownBy(() -> World.POLICY.settle(QUIET, SECOND))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("settle: longest must be from quiet (PT2S) to PT24H, but is PT1S");
            assertThatThrownBy(() -> World.POLICY.settle(QUIET, Duration.ofHours(25)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("but is PT25H");
        }
    }

    /** Loops that rest for as long as they say, in a time that is only counted. */
    @Nested
    class InTime {

        private final ManualClock clock = ManualClock.create();
        private final List<CountedLoop> loops = new ArrayList<>();
        private final List<Duration> sent = new ArrayList<>();
        private final Instant start = clock.now();
        private final SyncEngine engine = SyncEngine.builder()
                .machines(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                        .listenTo(Order.class)
                        .build(World::document)
                        .publish(publication -> sent.add(passed()))
                        .policy(SETTLING)
                        .done())
                .entities(world.entities)
                .store(InMemoryStore.create(clock))
                .clock(clock)
                .threads(new CountedThreads())
                .start();

        @AfterEach
        void close() {
            engine.close();
        }

        private Duration passed() {
            return Duration.between(start, clock.now());
        }

        private void runFor(Duration duration) {
            Instant end = clock.now().plus(duration);
            for (CountedLoop next = next(); !next.at.isAfter(end); next = next()) {
                if (next.at.isAfter(clock.now())) {
                    clock.advance(Duration.between(clock.now(), next.at));
                }
                next.run();
            }
            clock.advance(Duration.between(clock.now(), end));
        }

        private CountedLoop next() {
            return loops.stream().min(Comparator.comparing(loop -> loop.at)).orElseThrow();
        }

        @Test
        void aChangeIsPublishedAsSoonAsItIsQuiet() {
            runFor(Duration.ofMinutes(1));
            world.save(1, "open");

            runFor(Duration.ofMinutes(1));

            assertThat(sent)
                    .singleElement()
                    .satisfies(time -> assertThat(time.minusMinutes(1)).isBetween(QUIET, QUIET.plusMillis(5)));
        }

        @Test
        void eachOfManyIsPublishedSoonAfterItIsQuiet() {
            List<Duration> changed = new ArrayList<>();
            for (int id = 1; id <= 400; id++) {
                changed.add(passed());
                world.save(id, "open");
                runFor(Duration.ofMillis(7));
            }
            runFor(QUIET.plus(SECOND));

            assertThat(sent).hasSize(400);
            for (int i = 0; i < 400; i++) {
                assertThat(sent.get(i).minus(changed.get(i))).isBetween(QUIET, QUIET.plus(QUIET.dividedBy(20)));
            }
        }

        @Test
        void changesThatNeverEndArePublishedSoonAfterTheLongestWait() {
            for (int i = 1; i <= 12_000; i++) {
                world.save(1, "status " + i);
                runFor(Duration.ofMillis(5));
            }

            assertThat(sent).hasSize(5);
            assertThat(sent.get(0)).isBetween(LONGEST, LONGEST.plusMillis(100));
            for (int i = 1; i < sent.size(); i++) {
                assertThat(sent.get(i).minus(sent.get(i - 1))).isBetween(LONGEST, LONGEST.plusMillis(100));
            }
        }

        private final class CountedThreads implements EngineThreads {

            @Override
            public Loop repeat(String name, Step step) {
                CountedLoop loop = new CountedLoop(step);
                loops.add(loop);
                return loop;
            }

            @Override
            public Executor publications(String machine, int limit) {
                return Runnable::run;
            }

            @Override
            public void await(BooleanSupplier done, Duration patience) {}

            @Override
            public void close() {}
        }

        private final class CountedLoop implements EngineThreads.Loop {

            private final EngineThreads.Step step;
            private Instant at = clock.now();
            private boolean woken;

            CountedLoop(EngineThreads.Step step) {
                this.step = step;
            }

            void run() {
                woken = false;
                try {
                    Duration rest = step.run();
                    at = woken ? clock.now() : clock.now().plus(rest);
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            }

            @Override
            public void wake() {
                woken = true;
                at = clock.now();
            }

            @Override
            public void stop(Duration patience) {
                loops.remove(this);
            }
        }
    }
}
