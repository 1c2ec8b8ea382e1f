package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.BatchRefusedException;
import io.syncmachine.Destination;
import io.syncmachine.Limits;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RecordingDestination;
import io.syncmachine.RecordingDestination.Sent;
import io.syncmachine.RejectedException;
import io.syncmachine.ShadowingDestination;
import io.syncmachine.ShadowingDestination.Difference;
import io.syncmachine.ShadowingDestination.Ending;
import io.syncmachine.SyncMachine;
import io.syncmachine.ThrottledException;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Node;
import io.syncmachine.functional.World.Order;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** A destination beside another one, which is sent the same and changes nothing. */
class ShadowTest {

    private static final long PATIENCE_SECONDS = 20;

    private final World world = new World();
    private final RecordingDestination main = RecordingDestination.named("main");
    private final BlockingQueue<Difference> differences = new LinkedBlockingQueue<>();
    private final CountDownLatch end = new CountDownLatch(1);

    @AfterEach
    void close() {
        end.countDown();
        world.close();
    }

    private ShadowingDestination<Object, Object, Object> both(
            Destination<Object, Object, Object> first, Destination<Object, Object, Object> shadow) {
        return ShadowingDestination.of(first, shadow).onDifference(differences::add);
    }

    private void start(ShadowingDestination<Object, Object, Object> destination) {
        world.start(world.orders().withDestination(destination));
    }

    private void saveMany(long last) {
        world.entities.save(LongStream.rangeClosed(1, last)
                .mapToObj(id -> new Order(id, "open", 0))
                .toArray());
    }

    private Difference difference() throws InterruptedException {
        Difference difference = differences.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(difference).as("a difference").isNotNull();
        return difference;
    }

    private static RecordingDestination failing(Exception failure) {
        return RecordingDestination.named("shadow").answering(publication -> {
            throw failure;
        });
    }

    @Nested
    class WhatItIsSent {

        private final RecordingDestination shadow = RecordingDestination.named("shadow");
        private final ShadowingDestination<Object, Object, Object> both = both(main, shadow);

        @Test
        void isTheSameUnderKeysOfItsOwn() {
            start(both);
            world.save(1, "open");
            world.run();
            Awaiting.until(() -> both.same() == 1);
            world.save(1, "paid");
            world.run();
            Awaiting.until(() -> both.same() == 2);
            world.delete(1);
            world.run();
            Awaiting.until(() -> both.same() == 3);

            List<Sent> sent = shadow.sent();
            assertThat(sent)
                    .extracting(Sent::kind)
                    .containsExactly(PublicationKind.CREATE, PublicationKind.UPDATE, PublicationKind.DELETE);
            assertThat(sent.get(1).json()).contains(World.json(1, "paid"));
            assertThat(sent)
                    .extracting(Sent::idempotencyKey)
                    .containsExactlyElementsOf(main.sent().stream()
                            .map(each -> each.idempotencyKey() + "-shadow")
                            .toList());
            assertThat(differences).isEmpty();
            assertThat(both.skipped()).isZero();
        }

        @Test
        void isOfAMachineWithHooksToo() throws Exception {
            world.start(world.orders().shadowedBy(failing(new RejectedException("no such country")), differences::add));
            world.save(1, "open");
            world.run();

            assertThat(difference().shadow().reason()).isEqualTo("RejectedException: no such country");
            assertThat(world.results()).containsExactly(Result.PUBLISHED);
            assertThat(world.api.content).containsOnlyKeys("1");
        }

        @Test
        void isNoDeleteIfItHasNone() {
            SyncMachine<Order, Long> withoutDeletes = SyncMachine.define("kept", Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publish(world.api::put)
                    .done();
            RecordingDestination keeping =
                    RecordingDestination.inPlaceOf(withoutDeletes.definition().destination());
            ShadowingDestination<Object, Object, Object> shadowed = both(main, keeping);
            start(shadowed);
            world.save(1, "open");
            world.run();
            Awaiting.until(() -> shadowed.same() == 1);
            world.delete(1);
            world.run();

            assertThat(world.results()).containsExactly(Result.PUBLISHED, Result.DELETED);
            assertThat(keeping.count()).isEqualTo(1);
            assertThat(shadowed.skipped()).isZero();
        }
    }

    @Nested
    class Differences {

        @Test
        void areToldWithBothEnds() throws Exception {
            start(both(main, failing(new NotAcceptedException("busy"))));
            world.save(1, "open");
            world.run();

            Difference difference = difference();
            assertThat(difference.id()).isEqualTo(1L);
            assertThat(difference.kind()).isEqualTo(PublicationKind.CREATE);
            assertThat(difference.main().ending()).isEqualTo(Ending.ACCEPTED);
            assertThat(difference.shadow().ending()).isEqualTo(Ending.NOT_ACCEPTED);
            assertThat(difference.shadow().reason()).isEqualTo("NotAcceptedException: busy");
            assertThat(world.results()).containsExactly(Result.PUBLISHED);
        }

        @Test
        void areToldOfWhatTheFirstRefuses() throws Exception {
            start(both(failing(new RejectedException("no")), RecordingDestination.named("shadow")));
            world.save(1, "open");
            world.run();

            Difference difference = difference();
            assertThat(difference.main().ending()).isEqualTo(Ending.REFUSED);
            assertThat(difference.shadow().ending()).isEqualTo(Ending.ACCEPTED);
            assertThat(world.results()).containsExactly(Result.DEAD_LETTERED);
        }

        @Test
        void areNotToldWhereBothEndAlike() {
            ShadowingDestination<Object, Object, Object> both =
                    both(failing(new RejectedException("no")), failing(new RejectedException("never")));
            start(both);
            world.save(1, "open");
            world.run();

            Awaiting.until(() -> both.same() == 1);
            assertThat(differences).isEmpty();
        }

        @Test
        void tellAnErrorThatIsThrownAndOneInAnAnswer() throws Exception {
            start(both(main, new Scripted(() -> {
                throw new StackOverflowError("deep");
            })));
            world.save(1, "open");
            world.run();
            assertThat(difference().shadow().ending()).isEqualTo(Ending.FAILED);
            world.close();

            start(both(main, new Scripted(() -> CompletableFuture.failedFuture(new IOException("reset")))));
            world.save(2, "open");
            world.run();
            assertThat(difference().shadow().reason()).isEqualTo("IOException: reset");
            world.close();

            start(both(main, new Scripted(() -> null)));
            world.save(3, "open");
            world.run();
            assertThat(difference().shadow().ending()).isEqualTo(Ending.FAILED);
        }

        @Test
        void mayBeToldToWhoFails() {
            ShadowingDestination<Object, Object, Object> both = ShadowingDestination.of(
                            main, failing(new RejectedException("no")))
                    .onDifference(difference -> {
                        throw new IllegalStateException("the listener fails");
                    });
            start(both);
            saveMany(3);
            world.run();

            Awaiting.until(() -> both.different() == 3);
            assertThat(world.results()).hasSize(3).containsOnly(Result.PUBLISHED);
        }
    }

    /** Answers by a function. */
    private static final class Scripted implements Destination<Object, Object, Object> {

        private interface Answer {
            CompletionStage<PublishResult> answer() throws Exception;
        }

        private final Answer answer;
        private final Limits limits;

        Scripted(Answer answer) {
            this(answer, Limits.none());
        }

        Scripted(Answer answer, Limits limits) {
            this.answer = answer;
            this.limits = limits;
        }

        @Override
        public String name() {
            return "shadow";
        }

        @Override
        public Limits limits() {
            return limits;
        }

        @Override
        public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) throws Exception {
            return answer.answer();
        }
    }

    @Nested
    class ThatHangs {

        /** Is not even interrupted. */
        private final Scripted hanging = new Scripted(() -> {
            boolean interrupted = true;
            while (interrupted) {
                try {
                    end.await();
                    interrupted = false;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return CompletableFuture.completedFuture(PublishResult.done());
        });

        @Test
        void holdsNothingUpAndIsCalledNoMoreThanItMayHang() {
            ShadowingDestination<Object, Object, Object> both =
                    both(main, hanging).inFlight(2);
            start(both);
            saveMany(10);
            world.run();

            assertThat(world.results()).hasSize(10).containsOnly(Result.PUBLISHED);
            assertThat(both.skipped()).isEqualTo(8);
        }

        @Test
        void isNotCalledTwiceAtOnceForASubject() {
            ShadowingDestination<Object, Object, Object> both = both(main, hanging);
            start(both);
            world.save(1, "open");
            world.run();
            world.save(1, "paid");
            world.run();

            assertThat(main.count()).isEqualTo(2);
            assertThat(both.skipped()).isEqualTo(1);
            end.countDown();
            Awaiting.until(() -> both.same() == 1);
        }

        @Test
        void isInDoubtAfterTheDeadlineAndGivesItsPlaceBack() throws Exception {
            List<CompletableFuture<PublishResult>> answers = new CopyOnWriteArrayList<>();
            ShadowingDestination<Object, Object, Object> both = both(main, new Scripted(() -> {
                        answers.add(new CompletableFuture<>());
                        return answers.get(answers.size() - 1);
                    }))
                    .inFlight(1);
            world.start(
                    world.orders(World.POLICY.deadline(Duration.ofMillis(200))).withDestination(both));
            world.save(1, "open");
            world.run();

            Difference difference = difference();
            assertThat(difference.main().ending()).isEqualTo(Ending.ACCEPTED);
            assertThat(difference.shadow().ending()).isEqualTo(Ending.IN_DOUBT);
            assertThat(answers.get(0)).isCancelled();

            world.save(2, "open");
            Awaiting.until(() -> {
                world.save(2, "at " + System.nanoTime());
                world.run();
                return answers.size() == 2;
            });
        }

        @Test
        void isInterruptedAfterTheDeadline() throws Exception {
            startWithShortDeadline(new Scripted(() -> {
                end.await();
                return null;
            }));
            world.save(1, "open");
            world.run();

            assertThat(difference().shadow().ending()).isEqualTo(Ending.IN_DOUBT);
            assertThat(end.getCount()).isEqualTo(1);
        }

        private void startWithShortDeadline(Destination<Object, Object, Object> shadow) {
            world.start(
                    world.orders(World.POLICY.deadline(Duration.ofMillis(200))).withDestination(both(main, shadow)));
        }
    }

    @Nested
    class ItsLimits {

        @Test
        void areKeptBySkipping() {
            Scripted limited = new Scripted(
                    () -> CompletableFuture.completedFuture(PublishResult.done()),
                    Limits.none().atMost(2, Duration.ofHours(1)));
            ShadowingDestination<Object, Object, Object> both = both(main, limited);
            start(both);
            saveMany(5);
            world.run();

            Awaiting.until(() -> both.skipped() == 3 && both.same() == 2);
            assertThat(main.count()).isEqualTo(5);
        }

        @Test
        void endInAPauseThatItAsksFor() throws Exception {
            RecordingDestination throttled = failing(new ThrottledException(Duration.ofHours(1)));
            ShadowingDestination<Object, Object, Object> both = both(main, throttled);
            start(both);
            world.save(1, "open");
            world.run();
            difference();
            world.save(2, "open");
            world.run();

            Awaiting.until(() -> both.skipped() == 1);
            assertThat(throttled.count()).isEqualTo(1);
            assertThat(main.count()).isEqualTo(2);
        }
    }

    /** Takes batches; refuses those with a poisonous document as a whole. */
    private static final class Bulk implements Destination<Object, Object, Object> {

        private final String name;
        private final int size;
        private final Object poison;
        private final List<Integer> sizes = new ArrayList<>();

        Bulk(String name, int size, Object poison) {
            this.name = name;
            this.size = size;
            this.poison = poison;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public int batchSize() {
            return size;
        }

        @Override
        public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) throws Exception {
            return sendAll(List.of(publication)).get(0);
        }

        @Override
        public synchronized List<CompletionStage<PublishResult>> sendAll(
                List<? extends Publication<?, ?, ?>> publications) throws Exception {
            sizes.add(publications.size());
            if (publications.stream().anyMatch(publication -> publication.id().equals(poison))) {
                throw new BatchRefusedException("one is refused");
            }
            List<CompletionStage<PublishResult>> answers = new ArrayList<>();
            publications.forEach(publication -> answers.add(CompletableFuture.completedFuture(PublishResult.done())));
            return answers;
        }

        synchronized List<Integer> sizes() {
            return List.copyOf(sizes);
        }
    }

    @Nested
    class Batches {

        @Test
        void areSentInBatchesOfItsOwnSize() {
            Bulk shadow = new Bulk("shadow", 3, 0L);
            ShadowingDestination<Object, Object, Object> both = both(new Bulk("main", 8, 0L), shadow);
            start(both);
            saveMany(8);
            world.run();

            Awaiting.until(() -> both.same() == 8);
            assertThat(shadow.sizes()).containsExactly(3, 3, 2);
            assertThat(world.results()).hasSize(8).containsOnly(Result.PUBLISHED);
        }

        @Test
        void areHalvedWhereTheShadowRefusesThemAsAWhole() throws Exception {
            ShadowingDestination<Object, Object, Object> both =
                    both(new Bulk("main", 8, 0L), new Bulk("shadow", 8, 5L));
            start(both);
            saveMany(8);
            world.run();

            Difference difference = difference();
            assertThat(difference.id()).isEqualTo(5L);
            assertThat(difference.shadow().ending()).isEqualTo(Ending.REFUSED);
            Awaiting.until(() -> both.same() == 7);
            assertThat(both.different()).isEqualTo(1);
        }

        @Test
        void areHalvedWhereTheFirstRefusesThemAsAWhole() {
            start(both(new Bulk("main", 8, 5L), new Bulk("shadow", 8, 0L)));
            saveMany(8);
            world.run();

            assertThat(world.results()).hasSize(8).contains(Result.DEAD_LETTERED);
            assertThat(world.results().stream().filter(result -> result == Result.PUBLISHED))
                    .hasSize(7);
        }
    }

    @Nested
    class RemoteIds {

        /** Gives ids of its own. */
        private static final class Giving implements Destination<Object, Object, Object> {

            private final String name;
            private final List<String> told = new ArrayList<>();

            Giving(String name) {
                this.name = name;
            }

            @Override
            public String name() {
                return name;
            }

            @Override
            public boolean givesRemoteIds() {
                return true;
            }

            @Override
            public synchronized CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) {
                told.add(publication.kind() + " " + publication.remoteId().orElse("-"));
                return CompletableFuture.completedFuture(PublishResult.withRemoteId(name + publication.id()));
            }

            synchronized List<String> told() {
                return List.copyOf(told);
            }
        }

        private final Giving shadow = new Giving("shadow");
        private final ShadowingDestination<Object, Object, Object> both = both(new Giving("main"), shadow);

        private SyncMachine<Order, Long> machine(Destination<Object, Object, Object> destination) {
            return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World.OrderDocument.class, World::document)
                    .publish(destination)
                    .policy(World.POLICY)
                    .done();
        }

        @Test
        void areTheShadowsOwn() {
            world.start(machine(both));
            world.save(1, "open");
            world.run();
            Awaiting.until(() -> both.same() == 1);
            world.save(1, "paid");
            world.run();
            Awaiting.until(() -> both.same() == 2);
            world.delete(1);
            world.run();
            Awaiting.until(() -> both.same() == 3);

            assertThat(shadow.told()).containsExactly("CREATE -", "UPDATE shadow1", "DELETE shadow1");
        }

        @Test
        void areNeededForAnUpdate() {
            world.start(machine(both));
            world.save(1, "open");
            world.run();
            Awaiting.until(() -> both.same() == 1);
            ShadowingDestination<Object, Object, Object> fresh = both(new Giving("main"), shadow);
            Node other = world.startAnother("other", world.store.another(), machine(fresh));
            world.save(1, "paid");
            other.engine().changed(Order.class, List.of(1L));
            other.threads().runAll();

            Awaiting.until(() -> fresh.skipped() == 1);
            assertThat(shadow.told()).containsExactly("CREATE -");
        }
    }

    @Test
    void hasAPlaceForOneCallAtLeast() {
        assertThatThrownBy(() -> both(main, main).inFlight(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("inFlight of a shadow must be from 1 to 10000, but is 0");
    }
}
