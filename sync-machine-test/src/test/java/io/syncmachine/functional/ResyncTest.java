package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.DryRun;
import io.syncmachine.Limits;
import io.syncmachine.RejectedException;
import io.syncmachine.ResyncRun;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Node;
import io.syncmachine.functional.World.Order;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ResyncStore.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResyncTest {

    private final World world = new World();
    private final SyncMachine<Order, Long> machine = world.orders();

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        world.close();
    }

    /** Orders whose changes nobody has seen. */
    private void saveUnseen(long first, long last, String status) {
        LongStream.rangeClosed(first, last).forEach(id -> world.save(id, status));
    }

    private SyncEngine startWith(int orders) {
        saveUnseen(1, orders, "open");
        return world.start(machine);
    }

    /** Publishes orders as they are, and forgets the calls. */
    private SyncEngine publish(int orders) {
        SyncEngine engine = startWith(orders);
        engine.resync(machine).start();
        runToTheEnd();
        world.api.calls.clear();
        world.outcomes.clear();
        return engine;
    }

    private void runToTheEnd() {
        world.run();
        for (int i = 0; i < 30; i++) {
            world.runAfter(Duration.ofSeconds(2));
        }
    }

    /** Changes what is stored, unseen by a capture. */
    private void changeUnseen(SyncEngine engine, Runnable changes) {
        engine.close();
        changes.run();
    }

    @Nested
    class OfAll {

        @Test
        void publishesWhatWasThereBeforeTheEngine() {
            SyncEngine engine = startWith(3);
            world.run();
            assertThat(world.api.calls).isEmpty();

            ResyncRun run = engine.resync(machine).start();
            runToTheEnd();

            assertThat(world.api.content).containsOnlyKeys("1", "2", "3");
            assertThat(run.progress().status()).isEqualTo(Status.DONE);
            assertThat(run.progress().done()).isEqualTo(3);
            assertThat(run.progress().total()).isEqualTo(3);
            assertThat(run.progress().endedAt()).isPresent();
            assertThat(engine.backlog().isEmpty()).isTrue();
        }

        @Test
        void sendsOnlyWhatDiffers() {
            SyncEngine engine = publish(5);
            changeUnseen(engine, () -> world.save(2, "sent"));

            world.start(machine).resync(machine).start();
            runToTheEnd();

            assertThat(world.api.calls).extracting(FakeApi.Call::id).containsExactly("2");
            assertThat(world.results()).hasSize(5);
        }

        @Test
        void deletesWhatIsGone() {
            SyncEngine engine = publish(3);
            changeUnseen(engine, () -> world.delete(2));

            world.start(machine).resync(machine).start();
            runToTheEnd();

            assertThat(world.api.content).containsOnlyKeys("1", "3");
            assertThat(world.api.calls).hasSize(1);
        }

        @Test
        void leavesDeadLettersAlone() {
            world.api.always(FakeApi.fails(new RejectedException("no")));
            SyncEngine engine = startWith(1);
            engine.resync(machine).start();
            runToTheEnd();
            assertThat(engine.backlog().parked()).isEqualTo(1);
            world.api.calls.clear();

            ResyncRun run = engine.resync(machine).start();
            runToTheEnd();

            assertThat(world.api.calls).isEmpty();
            assertThat(run.progress().status()).isEqualTo(Status.DONE);
        }

        @Test
        void neverHasMoreThanSomeThousandsWaiting() {
            SyncEngine engine = startWith(6_000);
            engine.pause(machine, "the API moves");

            ResyncRun run = engine.resync(machine).start();
            runToTheEnd();
            assertThat(engine.backlog().jobs()).isEqualTo(5_000);
            assertThat(run.progress().done()).isZero();
            assertThat(run.progress().total()).isEqualTo(6_000);

            engine.resume(machine);
            runToTheEnd();
            assertThat(world.api.content).hasSize(6_000);
            assertThat(run.progress().status()).isEqualTo(Status.DONE);
        }

        @Test
        void isOvertakenByLiveChanges() {
            SyncEngine engine = startWith(500);
            engine.pause(machine, "wait");
            engine.resync(machine).start();
            world.run();
            world.save(1_000, "new");
            world.run();

            engine.resume(machine);
            runToTheEnd();

            assertThat(world.api.calls.get(0).id()).isEqualTo("1000");
            assertThat(world.api.calls).hasSize(501);
        }

        @Test
        void endsThoughSomeOfThemFail() {
            world.api.always(FakeApi.fails(new IOException("connection reset")));
            SyncEngine engine = startWith(3);

            ResyncRun run = engine.resync(machine).start();
            runToTheEnd();

            assertThat(run.progress().status()).isEqualTo(Status.DONE);
            assertThat(engine.backlog().jobs()).isEqualTo(3);
        }

        @Test
        void isOneAtATime() {
            SyncEngine engine = startWith(3);
            engine.pause(machine, "wait");
            ResyncRun first = engine.resync(machine).start();
            ResyncRun second = engine.resync(machine).start();
            runToTheEnd();
            assertThat(first.progress().status()).isEqualTo(Status.RUNNING);
            assertThat(engine.resyncs()).extracting(ResyncRun::id).containsExactlyInAnyOrder(first.id(), second.id());

            engine.resume(machine);
            runToTheEnd();

            assertThat(first.progress().status()).isEqualTo(Status.DONE);
            assertThat(second.progress().status()).isEqualTo(Status.DONE);
            assertThat(world.api.calls).hasSize(3);
        }

        @Test
        void isForgottenAfterAMonth() {
            SyncEngine engine = publish(1);
            assertThat(engine.resyncs()).hasSize(1);

            world.runAfter(Duration.ofDays(31));

            assertThat(engine.resyncs()).isEmpty();
        }

        @Test
        void isToldOfByRateAndTimeLeft() {
            Policy20 limited = new Policy20(world);
            saveUnseen(1, 100, "open");
            SyncEngine engine = world.start(limited.machine);
            ResyncRun run = engine.resync(limited.machine).force().start();
            world.run();
            for (int i = 0; i < 20; i++) {
                world.runAfter(Duration.ofMillis(100));
            }

            ResyncRun.Progress progress = run.progress();
            assertThat(progress.status()).isEqualTo(Status.RUNNING);
            assertThat(progress.done()).isBetween(20L, 60L);
            assertThat(progress.perSecond()).isBetween(10.0, 30.0);
            assertThat(progress.left())
                    .hasValueSatisfying(
                            left -> assertThat(left).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(10)));
            assertThat(progress.toString()).contains("force", "of 100", "/s", "s left");
        }
    }

    /** A machine whose API may be called twenty times a second. */
    private static final class Policy20 {

        final SyncMachine<Order, Long> machine;

        Policy20(World world) {
            machine = world.orders(World.POLICY.limits(Limits.none().atMost(20, Duration.ofSeconds(1))));
        }
    }

    @Nested
    class OfSome {

        @Test
        void goesThroughTheIdsThatAreNamed() {
            SyncEngine engine = publish(5);
            changeUnseen(engine, () -> {
                saveUnseen(1, 4, "sent");
                world.delete(5);
            });

            ResyncRun run = world.start(machine)
                    .resync(machine)
                    .ids(List.of(2L, 3L, 5L))
                    .start();
            runToTheEnd();

            assertThat(world.api.calls).extracting(FakeApi.Call::id).containsExactlyInAnyOrder("2", "3", "5");
            assertThat(world.api.content).doesNotContainKey("5");
            assertThat(run.progress().done()).isEqualTo(3);
            assertThat(run.progress().total()).isEqualTo(3);
        }

        @Test
        void closesTheStreamThatNamesThem() {
            SyncEngine engine = startWith(3);
            boolean[] closed = new boolean[1];

            engine.resync(machine)
                    .ids(Stream.of(1L).onClose(() -> closed[0] = true))
                    .start();

            assertThat(closed[0]).isTrue();
        }

        @Test
        void goesThroughThoseThatAreChosen() {
            saveUnseen(1, 2_500, "open");
            saveUnseen(2_501, 4_000, "sent");
            SyncEngine engine = world.start(machine);

            ResyncRun run = engine.resync(machine)
                    .where(order -> order.status().equals("sent"))
                    .start();
            runToTheEnd();

            assertThat(world.api.content).hasSize(1_500).containsKeys("2501", "4000");
            assertThat(run.progress().total()).isEqualTo(1_500);
        }

        @Test
        void choosesAmongThoseThatAreNamed() {
            saveUnseen(1, 4, "open");
            world.save(2, "sent");
            SyncEngine engine = world.start(machine);

            engine.resync(machine)
                    .where(order -> order.status().equals("open"))
                    .ids(List.of(2L, 3L, 99L))
                    .start();
            runToTheEnd();

            assertThat(world.api.content).containsOnlyKeys("3");
        }

        @Test
        void beginsNothingWhereTheChoiceFails() {
            SyncEngine engine = startWith(3);

            assertThatThrownBy(() -> engine.resync(machine)
                            .where(order -> {
                                throw new IOException("no");
                            })
                            .start())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(World.MACHINE)
                    .hasMessageContaining("no");

            assertThat(engine.resyncs()).isEmpty();
        }

        @Test
        void goesThroughTheIdsOfAFile() throws IOException {
            SyncEngine engine = startWith(3_000);
            Path file = directory.resolve("ids.txt");
            Files.write(
                    file,
                    Stream.concat(LongStream.rangeClosed(1, 2_222).mapToObj(id -> " " + id), Stream.of("", "2223"))
                            .toList());

            engine.resync(machine).idsFrom(file).start();
            runToTheEnd();

            assertThat(world.api.content).hasSize(2_223).containsKeys("1", "2223");
        }

        @Test
        void namesBadLinesAndBeginsNothing() throws IOException {
            SyncEngine engine = startWith(3);
            Path file = directory.resolve("ids.txt");
            Files.write(file, List.of("1", "two", "3", "4.5"));

            assertThatThrownBy(() -> engine.resync(machine).idsFrom(file).start())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("2 of 4 lines")
                    .hasMessageContaining("ids.txt")
                    .hasMessageContaining("line 2 'two', line 4 '4.5'")
                    .hasMessageContaining("Long");
            runToTheEnd();

            assertThat(engine.resyncs()).isEmpty();
            assertThat(world.api.calls).isEmpty();
        }

        @Test
        void namesAFileThatCannotBeRead() {
            SyncEngine engine = startWith(1);

            assertThatThrownBy(() -> engine.resync(machine)
                            .idsFrom(directory.resolve("none.txt"))
                            .start())
                    .hasMessageContaining("none.txt");
        }

        @Test
        void areNamedOnce() {
            SyncEngine engine = startWith(1);

            assertThatThrownBy(() -> engine.resync(machine).ids(List.of(1L)).idsFrom(directory.resolve("ids.txt")))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("ids");
        }
    }

    @Nested
    class Forced {

        @Test
        void sendsAlsoWhatIsEqualOnce() {
            SyncEngine engine = publish(2_500);
            world.save(2_501, "new");
            world.run();
            world.api.calls.clear();

            ResyncRun run = engine.resync(machine).force().start();
            runToTheEnd();

            assertThat(world.api.calls).hasSize(2_501);
            assertThat(world.api.calls).extracting(FakeApi.Call::id).doesNotHaveDuplicates();
            assertThat(run.progress().status()).isEqualTo(Status.DONE);
        }

        @Test
        void sendsWhatALiveChangeSentNotOnceMore() {
            SyncEngine engine = publish(3);
            engine.pause(machine, "wait");
            engine.resync(machine).force().start();
            world.run();
            world.save(2, "sent");

            engine.resume(machine);
            runToTheEnd();

            assertThat(world.api.calls).hasSize(3);
            assertThat(world.api.content).containsEntry("2", World.json(2, "sent"));
        }

        @Test
        void concernsOnlyTheIdsThatAreNamed() {
            SyncEngine engine = publish(3);

            engine.resync(machine).ids(List.of(1L, 3L)).force().start();
            runToTheEnd();

            assertThat(world.api.calls).extracting(FakeApi.Call::id).containsExactly("1", "3");
            world.save(2, "open");
            engine.changed(Order.class, List.of(2L));
            runToTheEnd();
            assertThat(world.api.calls).hasSize(2);
        }

        @Test
        void triesDeadLettersAgain() {
            world.api.always(FakeApi.fails(new RejectedException("no")));
            SyncEngine engine = publish(2);
            assertThat(engine.backlog().parked()).isEqualTo(2);
            world.api.always(Runnable::run);

            engine.resync(machine).force().start();
            runToTheEnd();

            assertThat(world.api.content).containsOnlyKeys("1", "2");
            assertThat(engine.backlog().parked()).isZero();
        }

        @Test
        void sendsNothingMoreOnceItIsCancelled() {
            SyncEngine engine = publish(6_000);
            engine.pause(machine, "wait");
            ResyncRun run = engine.resync(machine).force().start();
            runToTheEnd();
            assertThat(engine.backlog().jobs()).isEqualTo(5_000);

            run.cancel();
            assertThat(run.progress().status()).isEqualTo(Status.CANCELLING);
            runToTheEnd();
            assertThat(run.progress().status()).isEqualTo(Status.CANCELLED);
            engine.resume(machine);
            runToTheEnd();

            assertThat(world.api.calls).isEmpty();
            assertThat(engine.backlog().isEmpty()).isTrue();
        }

        @Test
        void isToldBeforeByADryRun() {
            SyncEngine engine = publish(3);
            engine.pause(machine, "wait");
            engine.resync(machine).ids(List.of(1L)).force().start();
            world.run();

            DryRun dryRun = engine.dryRun(machine, List.of(1L, 2L, 3L));

            assertThat(dryRun.updated()).isEqualTo(1);
            assertThat(dryRun.unchanged()).isEqualTo(2);
        }
    }

    @Nested
    class Stopped {

        @Test
        void goesOnAfterAPause() {
            SyncEngine engine = startWith(6_000);
            engine.pause(machine, "wait");
            ResyncRun run = engine.resync(machine).start();
            world.run();

            run.pause();
            engine.resume(machine);
            runToTheEnd();
            assertThat(run.progress().status()).isEqualTo(Status.PAUSED);
            assertThat(world.api.content).hasSize(5_000);

            run.resume();
            runToTheEnd();
            assertThat(run.progress().status()).isEqualTo(Status.DONE);
            assertThat(world.api.content).hasSize(6_000);
            assertThat(world.api.calls).hasSize(6_000);
        }

        @Test
        void staysPausedAndCancelledOverARestart() {
            SyncEngine engine = startWith(6_000);
            engine.pause(machine, "wait");
            ResyncRun paused = engine.resync(machine).start();
            world.run();
            paused.pause();
            engine.resume(machine);
            engine.close();

            SyncEngine next = world.start(machine);
            runToTheEnd();
            assertThat(world.api.content).hasSize(5_000);
            ResyncRun known = next.resyncs().get(0);
            assertThat(known.progress().status()).isEqualTo(Status.PAUSED);

            known.cancel();
            known.resume();
            runToTheEnd();
            assertThat(known.progress().status()).isEqualTo(Status.CANCELLED);
            assertThat(world.api.content).hasSize(5_000);
        }

        @Test
        void goesOnOnAnotherNode() {
            SyncEngine engine = startWith(6_000);
            engine.pause(machine, "wait");
            engine.resync(machine)
                    .ids(LongStream.rangeClosed(1, 6_000).boxed().toList())
                    .start();
            world.run();
            engine.resume(machine);
            engine.close();

            Node other = world.startAnother("other", builder -> builder.machines(machine));
            for (int i = 0; i < 80; i++) {
                world.clock.advance(Duration.ofSeconds(2));
                other.threads().runAll();
            }

            assertThat(world.api.content).hasSize(6_000);
            assertThat(other.engine().resyncs().get(0).progress().status()).isEqualTo(Status.DONE);
        }

        @Test
        void letsOthersOfItsMachineGoOnWhileItIsPaused() {
            SyncEngine engine = startWith(3);
            ResyncRun first = engine.resync(machine).start();
            first.pause();
            ResyncRun second = engine.resync(machine).start();
            runToTheEnd();

            assertThat(first.progress().status()).isEqualTo(Status.PAUSED);
            assertThat(second.progress().status()).isEqualTo(Status.DONE);
        }
    }

    @Nested
    class AskedForByATransaction {

        private final SyncMachine<Order, Long> finding = finding(customer -> {
            throw new IOException("nobody knows");
        });

        private SyncMachine<Order, Long> finding(
                io.syncmachine.function.CheckedFunction<Customer, Iterable<Long>> finder) {
            return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .listenTo(Customer.class, finder)
                    .build(World::document)
                    .publish(world.api::put)
                    .onDeletePublication(world.api::delete)
                    .policy(World.POLICY)
                    .done();
        }

        @Test
        void becauseTheFinderOfADeletedEntityFailed() {
            saveUnseen(1, 3, "open");
            world.entities.save(new Customer(7, "Ada", List.of(1L)));
            SyncEngine engine = world.start(finding);

            world.entities.delete(Customer.class, 7L);
            assertThat(world.entities.find(Customer.class, 7L)).isEmpty();
            runToTheEnd();

            assertThat(world.api.content).containsOnlyKeys("1", "2", "3");
            assertThat(engine.resyncs()).hasSize(1);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }

        @Test
        void becauseADeletedEntityHadTooManySubjects() {
            saveUnseen(1, 3, "open");
            world.entities.save(new Customer(7, "Ada", List.of()));
            world.entities.save(new Customer(8, "Grace", List.of()));
            SyncMachine<Order, Long> many =
                    finding(customer -> LongStream.rangeClosed(1, customer.id() == 7 ? 1_001 : 1_000)
                            .boxed()
                            .toList());
            SyncEngine engine = world.start(many);

            world.entities.delete(Customer.class, 8L);
            runToTheEnd();
            assertThat(engine.resyncs()).isEmpty();
            assertThat(world.results()).hasSize(1_000);
            world.outcomes.clear();

            world.entities.delete(Customer.class, 7L);
            runToTheEnd();
            assertThat(engine.resyncs()).hasSize(1);
            assertThat(world.results()).hasSize(3).containsOnly(Result.UNCHANGED);
        }

        @Test
        void servesForThoseThatFollowUntilItBegins() {
            SyncEngine engine = startWith(3);
            engine.resync(machine).start().pause();
            Change wish = Change.resync(Change.DEFAULT_TENANT, Set.of(World.MACHINE), null);
            ResyncRun first = engine.resync(machine).start(); // does not begin, for no step is run

            world.store.outbox().append(List.of(wish, wish));
            world.store.outbox().append(List.of(wish));
            world.run();
            runToTheEnd();

            assertThat(engine.resyncs()).hasSizeBetween(2, 3);
            assertThat(first.progress().status()).isEqualTo(Status.DONE);

            world.store.outbox().append(List.of(wish));
            runToTheEnd();
            assertThat(engine.resyncs()).hasSizeBetween(3, 4);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
    }

    @Nested
    class Estimated {

        @Test
        void tellsCallsAndTimeUnderTheLimits() {
            Policy20 limited = new Policy20(world);
            saveUnseen(1, 100, "open");
            SyncEngine engine = world.start(limited.machine);

            DryRun.Estimate estimate = engine.resync(limited.machine).estimate();

            assertThat(estimate.documents()).isEqualTo(100);
            assertThat(estimate.calls()).isEqualTo(100);
            assertThat(estimate.atLeast()).isGreaterThanOrEqualTo(Duration.ofSeconds(4));
            assertThat(engine.resyncs()).isEmpty();
        }

        @Test
        void countsTheIdsThatAreNamed() throws IOException {
            SyncEngine engine = startWith(3);
            Path file = directory.resolve("ids.txt");
            Files.write(file, List.of("1", "2"));

            assertThat(engine.resync(machine).ids(List.of(1L)).estimate().calls())
                    .isEqualTo(1);
            assertThat(engine.resync(machine).idsFrom(file).estimate().calls()).isEqualTo(2);
        }
    }
}
