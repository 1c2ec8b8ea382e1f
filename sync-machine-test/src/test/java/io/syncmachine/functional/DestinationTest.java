package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.BatchRefusedException;
import io.syncmachine.Destination;
import io.syncmachine.Limits;
import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RejectedException;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Order;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What goes to adapters: at once or later, one by one or in batches. */
class DestinationTest {

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    private SyncMachine<Order, Long> machine(Destination<Object, Object, Object> destination) {
        return machine(destination, World.POLICY);
    }

    private SyncMachine<Order, Long> machine(Destination<Object, Object, Object> destination, Policy policy) {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .build(World::document)
                .publish(destination)
                .policy(policy)
                .done();
    }

    private void saveMany(int count) {
        world.entities.save(LongStream.rangeClosed(1, count)
                .mapToObj(id -> new Order(id, "open", 0))
                .toArray());
    }

    /** Answers when the test says so. */
    private static final class Later implements Destination<Object, Object, Object> {

        private final List<Publication<?, ?, ?>> publications = new ArrayList<>();
        private final List<CompletableFuture<PublishResult>> answers = new ArrayList<>();

        @Override
        public String name() {
            return "later";
        }

        @Override
        public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) {
            publications.add(publication);
            CompletableFuture<PublishResult> answer = new CompletableFuture<>();
            answers.add(answer);
            return answer;
        }
    }

    @Nested
    class ThatAnswersLater {

        private final Later api = new Later();

        @Test
        void holdsNoThreadMeanwhile() {
            world.start(machine(api));
            saveMany(10);
            world.run();

            assertThat(api.publications).hasSize(10);
            assertThat(world.outcomes).isEmpty();

            api.answers.forEach(answer -> answer.complete(PublishResult.done()));
            world.run();
            assertThat(world.results()).hasSize(10).containsOnly(Result.PUBLISHED);
        }

        @Test
        void isToldOfDeletesToo() {
            world.start(machine(api));
            world.save(1, "open");
            world.run();
            api.answers.get(0).complete(PublishResult.done());
            world.delete(1);
            world.run();
            api.answers.get(1).complete(PublishResult.done());
            world.run();

            assertThat(api.publications)
                    .extracting(publication -> publication.kind())
                    .containsExactly(PublicationKind.CREATE, PublicationKind.DELETE);
            assertThat(world.results()).containsExactly(Result.PUBLISHED, Result.DELETED);
        }

        @Test
        void fillsNoMoreSlotsThanThereAre() {
            world.start(machine(api, World.POLICY.inFlight(3)));
            saveMany(5);
            world.run();
            assertThat(api.publications).hasSize(3);

            api.answers.get(1).complete(PublishResult.done());
            world.run();
            assertThat(api.publications).hasSize(4);
        }

        @Test
        void meansByAFailureWhatItMeansWhenItIsThrown() {
            world.start(machine(api));
            world.save(1, "open");
            world.run();
            api.answers.get(0).completeExceptionally(new CompletionException(new RejectedException("no such country")));
            world.run();

            Outcome outcome = world.outcomes.get(0);
            assertThat(outcome.result()).isEqualTo(Result.DEAD_LETTERED);
            assertThat(outcome.reason()).isEqualTo("RejectedException: no such country");
        }

        @Test
        void isInDoubtAfterItsDeadlineAndCancelled() {
            world.start(machine(api));
            world.save(1, "open");
            world.run();
            assertThat(api.publications.get(0).isInDoubt()).isFalse();

            world.runAfter(World.DEADLINE);
            assertThat(api.answers.get(0)).isCancelled();
            assertThat(world.record(1).inDoubt()).isTrue();

            world.runAfter(World.GRACE.plusSeconds(1));
            assertThat(api.publications).hasSize(2);
            assertThat(api.publications.get(1).isInDoubt()).isTrue();
            assertThat(api.publications.get(1).idempotencyKey())
                    .isEqualTo(api.publications.get(0).idempotencyKey());
        }

        @Test
        void freesItsSlotEvenIfItCannotBeCancelled() {
            List<CompletionStage<PublishResult>> stages = new ArrayList<>();
            world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publishLater(publication -> {
                        stages.add(new CompletableFuture<PublishResult>().minimalCompletionStage());
                        return stages.get(stages.size() - 1);
                    })
                    .policy(World.POLICY.inFlight(1))
                    .done());
            saveMany(2);
            world.run();
            world.runAfter(World.DEADLINE);

            assertThat(stages).hasSize(2);
        }

        @Test
        void mustNotAnswerNull() {
            world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publishLater(publication -> null)
                    .policy(World.POLICY)
                    .done());
            world.save(1, "open");
            world.run();

            assertThat(world.outcomes.get(0).reason()).contains("publishLater answered null");
        }
    }

    /** Takes batches, and refuses each that has a poisonous document in it as a whole. */
    private final class Bulk implements Destination<Object, Object, Object> {

        private final List<List<Object>> batches = new ArrayList<>();
        private Object poison = 0L;
        private boolean fails;

        @Override
        public String name() {
            return "bulk";
        }

        @Override
        public int batchSize() {
            return 8;
        }

        @Override
        public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) throws Exception {
            return sendAll(List.of(publication)).get(0);
        }

        @Override
        public List<CompletionStage<PublishResult>> sendAll(List<? extends Publication<?, ?, ?>> publications)
                throws IOException {
            List<Object> ids = new ArrayList<>();
            publications.forEach(publication -> ids.add(publication.id()));
            batches.add(ids);
            if (fails) {
                throw new IOException("connection reset");
            }
            List<CompletionStage<PublishResult>> answers = new ArrayList<>();
            for (Publication<?, ?, ?> publication : publications) {
                answers.add(
                        ids.contains(poison)
                                ? CompletableFuture.failedFuture(new BatchRefusedException("400"))
                                : answer(publication));
            }
            return answers;
        }

        private CompletionStage<PublishResult> answer(Publication<?, ?, ?> publication) {
            boolean odd = ((Long) publication.id()) % 2 == 1;
            return CompletableFuture.completedFuture(
                    odd || publication.attempt() > 1 ? PublishResult.done() : PublishResult.notAccepted("locked"));
        }
    }

    @Nested
    class ThatTakesBatches {

        private final Bulk api = new Bulk();

        @Test
        void isToldOfManyByOneCallAndAnswersForEach() {
            world.start(machine(api));
            saveMany(16);
            world.run();

            assertThat(api.batches)
                    .hasSize(2)
                    .allSatisfy(batch -> assertThat(batch).hasSize(8));
            assertThat(world.results()).filteredOn(Result.PUBLISHED::equals).hasSize(8);
            assertThat(world.outcomes)
                    .filteredOn(outcome -> outcome.result() == Result.RETRYING)
                    .hasSize(8)
                    .allSatisfy(outcome -> assertThat(outcome.reason()).isEqualTo("not accepted: locked"));

            world.runAfter(Duration.ofSeconds(1));
            assertThat(world.results()).filteredOn(Result.PUBLISHED::equals).hasSize(16);
        }

        @Test
        void isToldAgainInHalvesWhereItRefusesAWholeBatch() {
            api.poison = 5L;
            world.start(machine(api));
            saveMany(8);
            world.run();

            assertThat(api.batches.get(0)).hasSize(8);
            assertThat(api.batches.stream().map(List::size)).containsExactly(8, 4, 4, 2, 1, 1, 2);
            assertThat(world.outcomes)
                    .filteredOn(outcome -> outcome.result() == Result.DEAD_LETTERED)
                    .singleElement()
                    .satisfies(outcome -> assertThat(outcome.subjectId()).isEqualTo("5"));
            world.runAfter(Duration.ofSeconds(1));
            assertThat(world.results()).filteredOn(Result.PUBLISHED::equals).hasSize(7);
        }

        @Test
        void leavesAllInDoubtIfItsAnswerIsLost() {
            api.fails = true;
            world.start(machine(api));
            saveMany(3);
            world.run();

            assertThat(api.batches).hasSize(1);
            assertThat(world.results()).containsOnly(Result.RETRYING).hasSize(3);
            assertThat(List.of(world.record(1), world.record(2), world.record(3)))
                    .allSatisfy(record -> assertThat(record.inDoubt()).isTrue());
        }

        @Test
        void countsABatchAsOneCall() {
            world.start(machine(api, World.POLICY.limits(Limits.none().atMost(2, Duration.ofMinutes(1)))));
            saveMany(40);
            world.run();

            assertThat(api.batches)
                    .hasSize(2)
                    .allSatisfy(batch -> assertThat(batch).hasSize(8));
        }
    }

    /** Takes creates and updates together, deletes together, and what is in doubt alone. */
    private static final class Sorting implements Destination<Object, Object, Object> {

        private final List<List<PublicationKind>> calls = new ArrayList<>();
        private final List<CompletableFuture<PublishResult>> answers = new ArrayList<>();
        private boolean isLate;

        @Override
        public String name() {
            return "sorting";
        }

        @Override
        public int batchSize() {
            return 4;
        }

        @Override
        public @Nullable Object batchOf(PublicationKind kind, boolean inDoubt) {
            return inDoubt ? null : kind == PublicationKind.DELETE;
        }

        @Override
        public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) {
            return call(List.of(publication)).get(0);
        }

        @Override
        public List<CompletionStage<PublishResult>> sendAll(List<? extends Publication<?, ?, ?>> publications) {
            assertThat(publications).hasSizeBetween(2, 4);
            return call(publications);
        }

        private List<CompletionStage<PublishResult>> call(List<? extends Publication<?, ?, ?>> publications) {
            List<PublicationKind> kinds = new ArrayList<>();
            List<CompletionStage<PublishResult>> stages = new ArrayList<>();
            for (Publication<?, ?, ?> publication : publications) {
                kinds.add(publication.kind());
                CompletableFuture<PublishResult> answer = new CompletableFuture<>();
                if (!isLate) {
                    answer.complete(PublishResult.done());
                }
                answers.add(answer);
                stages.add(answer);
            }
            calls.add(kinds);
            return stages;
        }
    }

    @Nested
    class ThatSortsItsBatches {

        private static final List<PublicationKind> CREATES = Collections.nCopies(2, PublicationKind.CREATE);
        private static final List<PublicationKind> DELETES = Collections.nCopies(2, PublicationKind.DELETE);
        private final Sorting api = new Sorting();

        /** Two creates and two deletes that wait together. */
        private void mix(Policy policy) {
            world.start(machine(api, policy));
            saveMany(2);
            world.run();
            api.calls.clear();
            world.entities.transaction(transaction -> {
                for (long id = 1; id <= 2; id++) {
                    transaction.delete(Order.class, id);
                    transaction.save(new Order(id + 2, "open", 0));
                }
            });
        }

        @Test
        void isToldOfEachSortByACallOfItsOwn() {
            mix(World.POLICY);
            world.run();

            assertThat(api.calls).containsExactlyInAnyOrder(CREATES, DELETES);
            assertThat(world.results()).filteredOn(Result.DELETED::equals).hasSize(2);
            assertThat(world.results()).filteredOn(Result.PUBLISHED::equals).hasSize(4);
        }

        @Test
        void hasEachOfThemCounted() {
            mix(World.POLICY.limits(Limits.none().atMost(2, Duration.ofMinutes(1))));
            world.run();
            assertThat(api.calls).hasSize(1);

            world.runAfter(Duration.ofSeconds(62));
            assertThat(api.calls).containsExactlyInAnyOrder(CREATES, DELETES);
            assertThat(world.results()).doesNotContain(Result.RETRYING);
        }

        @Test
        void isCalledOneAfterTheOtherWithinASlot() {
            mix(World.POLICY.inFlight(1));
            api.isLate = true;
            api.answers.clear();
            world.run();
            assertThat(api.calls).hasSize(1);

            List.copyOf(api.answers).forEach(answer -> answer.complete(PublishResult.done()));
            world.run();
            assertThat(api.calls).hasSize(2);
        }

        @Test
        void isToldOfTheRestAloneWhereItSaysSo() {
            world.start(machine(api));
            api.isLate = true;
            saveMany(3);
            world.run();
            assertThat(api.calls).hasSize(1);
            api.answers.forEach(answer -> answer.completeExceptionally(new IOException("connection reset")));
            world.run();
            api.calls.clear();
            api.isLate = false;
            world.runAfter(World.DEADLINE.plus(World.GRACE).plusSeconds(1));

            assertThat(api.calls).hasSize(3).allSatisfy(call -> assertThat(call).hasSize(1));
        }
    }

    @Nested
    class IsCheckedWhenItIsDeclared {

        @Test
        void forItsName() {
            Destination<Object, Object, Object> nameless = new Destination<>() {
                @Override
                public String name() {
                    return "no good name";
                }

                @Override
                public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) {
                    throw new AssertionError();
                }
            };
            assertThatThrownBy(() -> machine(nameless)).hasMessageContaining("'no good name'");
        }

        @Test
        void forASecondWayToDelete() {
            assertThatThrownBy(() -> SyncMachine.define(World.MACHINE, Order.class, Long.class)
                            .listenTo(Order.class)
                            .build(World::document)
                            .publish(new Later())
                            .onDelete(id -> {})
                            .done())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("'later'");
        }
    }
}
