package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.Backoff;
import io.syncmachine.ChangedProperties;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RejectedException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.ThrottledException;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Order;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class FailingTest {

    private static final Duration SECOND = Duration.ofSeconds(1);

    private final World world = new World();
    private final FakeApi api = world.api;

    @AfterEach
    void close() {
        world.close();
    }

    @Nested
    class ARejectedPublication {

        @Test
        void parksItsSubject() {
            SyncEngine engine = world.start(world.orders());
            api.next(FakeApi.fails(new RejectedException("status is unknown")));

            saveAndRun(1, "opne");

            assertThat(World.counts(engine)).containsExactly(0L, 0L, 1L);
            assertThat(world.results()).containsExactly(Result.DEAD_LETTERED);
            assertThat(world.outcomes.get(0).reason()).contains("status is unknown");
            assertThat(world.record(1).inDoubt()).isFalse();
            world.runAfter(Duration.ofDays(1));
            assertThat(api.calls).hasSize(1);
        }

        @Test
        void isFollowedByThatOfANewChange() {
            SyncEngine engine = world.start(world.orders());
            api.next(FakeApi.fails(new RejectedException("status is unknown")));
            saveAndRun(1, "opne");

            saveAndRun(1, "open");

            assertThat(api.content).containsEntry("1", json(1, "open"));
            assertThat(api.latest().attempt()).isEqualTo(1);
            assertThat(World.counts(engine)).containsExactly(0L, 0L, 0L);
        }

        @Test
        void doesNotParkASubjectThatChangedMeanwhile() {
            SyncEngine engine = world.start(world.orders());
            World.Node other = world.startAnother("other", world.store.another(), world.orders());
            api.next(apply -> {
                world.save(1, "open");
                other.threads().runAll();
                throw new RejectedException("status is unknown");
            });

            saveAndRun(1, "opne");

            assertThat(api.content).containsEntry("1", json(1, "open"));
            assertThat(World.counts(engine)).containsExactly(0L, 0L, 0L);
            assertThat(world.results()).containsExactly(Result.RETRYING, Result.PUBLISHED);
        }
    }

    @Nested
    class AThrottledPublication {

        @Test
        void comesBackWhenItWasToldToAndCostsNoAttempt() {
            world.start(world.orders(World.POLICY.retry(Backoff.none())));
            ThrottledException throttled = new ThrottledException(Duration.ofSeconds(30));
            api.next(FakeApi.fails(throttled), FakeApi.fails(throttled));
            saveAndRun(1, "open");

            world.runAfter(Duration.ofSeconds(29));
            assertThat(api.calls).hasSize(1);
            world.runAfter(SECOND);
            assertThat(api.calls).hasSize(2);
            world.runAfter(Duration.ofSeconds(30));

            assertThat(api.calls).extracting(FakeApi.Call::attempt).containsExactly(1, 1, 1);
            assertThat(world.results()).containsExactly(Result.SNOOZED, Result.SNOOZED, Result.PUBLISHED);
        }

        @Test
        void doesNotUseUpTheTimeOfItsAttempts() {
            Backoff retry = Backoff.exponential(SECOND, SECOND).forUpTo(Duration.ofHours(1));
            world.start(world.orders(World.POLICY.retry(retry)));
            api.next(
                    FakeApi.fails(new NotAcceptedException("busy")),
                    FakeApi.fails(new ThrottledException(Duration.ofHours(2))),
                    FakeApi.fails(new NotAcceptedException("busy")));
            saveAndRun(1, "open");
            world.runAfter(SECOND);

            world.runAfter(Duration.ofHours(2));
            world.runAfter(SECOND);

            assertThat(world.results())
                    .containsExactly(Result.RETRYING, Result.SNOOZED, Result.RETRYING, Result.PUBLISHED);
        }

        @Test
        void forAnAbsurdlyLongTimeDelaysNoOther() {
            world.start(world.orders());
            api.next(FakeApi.fails(new ThrottledException(Duration.ofSeconds(99_999_999_999L))));

            saveAndRun(1, "open");
            saveAndRun(2, "open");

            assertThat(api.content).containsOnlyKeys("2");
        }

        @Test
        void leavesNoDoubt() {
            world.start(world.orders());
            saveAndRun(1, "open");
            api.next(FakeApi.fails(new ThrottledException(SECOND)));
            saveAndRun(1, "sent");

            saveAndRun(1, "open");
            world.runAfter(SECOND);

            assertThat(api.calls).hasSize(2);
            assertThat(world.results()).containsExactly(Result.PUBLISHED, Result.SNOOZED, Result.UNCHANGED);
        }
    }

    @Nested
    class APublicationThatIsNotAccepted {

        @Test
        void isTriedAgainSoon() {
            world.start(world.orders());
            api.next(FakeApi.fails(new NotAcceptedException("busy")));
            saveAndRun(1, "open");
            assertThat(world.record(1).inDoubt()).isFalse();

            world.runAfter(SECOND);

            assertThat(api.content).containsEntry("1", json(1, "open"));
            assertThat(api.calls).extracting(FakeApi.Call::attempt).containsExactly(1, 2);
            assertThat(api.keys()).doesNotHaveDuplicates();
            assertThat(world.results()).containsExactly(Result.RETRYING, Result.PUBLISHED);
        }

        @Test
        void isNotRepeatedIfTheAcknowledgedStateIsBack() {
            world.start(world.orders());
            saveAndRun(1, "open");
            api.next(FakeApi.fails(new NotAcceptedException("busy")));
            saveAndRun(1, "sent");

            world.save(1, "open");
            world.runAfter(SECOND);

            assertThat(api.calls).hasSize(2);
            assertThat(world.results()).endsWith(Result.UNCHANGED);
        }

        @Test
        void mayBeToldByItsResult() {
            SyncEngine engine = world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .build(World::document)
                    .publishWithResult(publication ->
                            publication.attempt() == 1 ? PublishResult.notAccepted("busy") : PublishResult.done())
                    .policy(World.POLICY)
                    .done());
            saveAndRun(1, "open");
            assertThat(world.outcomes.get(0).reason()).contains("busy");

            world.runAfter(SECOND);

            assertThat(world.results()).containsExactly(Result.RETRYING, Result.PUBLISHED);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }

        @Test
        void isGivenUpInTheEnd() {
            Backoff retry = Backoff.exponential(SECOND, SECOND).forUpTo(Duration.ofSeconds(5));
            SyncEngine engine = world.start(world.orders(World.POLICY.retry(retry)));
            api.always(FakeApi.fails(new NotAcceptedException("busy")));
            saveAndRun(1, "open");

            for (int i = 0; i < 20; i++) {
                world.runAfter(SECOND);
            }

            assertThat(api.calls).hasSize(6);
            assertThat(api.latest().attempt()).isEqualTo(6);
            assertThat(world.results()).hasSize(6).endsWith(Result.DEAD_LETTERED);
            assertThat(World.counts(engine)).containsExactly(0L, 0L, 1L);

            api.always(Runnable::run);
            saveAndRun(1, "sent");
            assertThat(api.content).containsEntry("1", json(1, "sent"));
            assertThat(api.latest().attempt()).isEqualTo(1);
        }
    }

    @Nested
    class APoisonousSubject {

        @Test
        void whoseFailureCannotBeDescribedDelaysNoOther() {
            world.start(world.orders(World.POLICY.inFlight(1)));
            api.next(FakeApi.fails(new IllegalStateException() {
                @Override
                public String getMessage() {
                    throw new IllegalStateException("no message");
                }
            }));

            saveAndRun(1, "open");
            saveAndRun(2, "open");

            assertThat(api.content).containsOnlyKeys("2");
        }

        @Test
        void delaysNoOther() {
            world.start(world.orders());
            api.always(apply -> {
                if (api.latest().id().equals("2")) {
                    throw new IllegalStateException("poison");
                }
                apply.run();
            });
            world.entities.save(new Order(1, "open", 0), new Order(2, "open", 0), new Order(3, "open", 0));

            world.run();

            assertThat(api.content).containsOnlyKeys("1", "3");
            saveAndRun(4, "open");
            assertThat(api.content).containsOnlyKeys("1", "3", "4");
        }

        @Test
        void whoseDocumentCannotBeBuiltDelaysNoOther() {
            SyncEngine engine = world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .publishWhen(order -> {
                        if (order.status().equals("unclear")) {
                            throw new IllegalStateException("publishWhen");
                        }
                        return true;
                    })
                    .build(order -> {
                        if (order.status().equals("poison")) {
                            throw new StackOverflowError("build");
                        }
                        return order.status().equals("none") ? null : World.document(order);
                    })
                    .publish(api::put)
                    .policy(World.POLICY)
                    .done());
            world.entities.save(
                    new Order(1, "open", 0),
                    new Order(2, "poison", 0),
                    new Order(3, "unclear", 0),
                    new Order(4, "none", 0),
                    new Order(5, "open", 0));

            world.run();

            assertThat(api.content).containsOnlyKeys("1", "5");
            assertThat(world.outcomes)
                    .filteredOn(outcome -> outcome.result() == Result.RETRYING)
                    .extracting(Outcome::subjectId)
                    .containsExactlyInAnyOrder("2", "3", "4");
            assertThat(engine.backlog().jobs()).isEqualTo(3);

            world.entities.save(new Order(2, "open", 0), new Order(3, "open", 0), new Order(4, "open", 0));
            world.runAfter(SECOND);
            assertThat(api.content).containsOnlyKeys("1", "2", "3", "4", "5");
            assertThat(api.kinds()).containsOnly(PublicationKind.CREATE);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }

        @Test
        void whoseIdCannotBeReadIsParked() {
            SyncEngine engine = world.start(world.orders());
            world.store
                    .jobs()
                    .enqueue(List.of(new JobRequest(
                            JobKey.ensurePublication(Change.DEFAULT_TENANT, World.MACHINE, "x"),
                            ChangedProperties.all())));

            saveAndRun(1, "open");

            assertThat(api.content).containsOnlyKeys("1");
            assertThat(World.counts(engine)).containsExactly(0L, 0L, 1L);
        }
    }

    private void saveAndRun(long id, String status) {
        world.save(id, status);
        world.run();
    }
}
