package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.Backoff;
import io.syncmachine.ChangeHandler;
import io.syncmachine.EntityChange;
import io.syncmachine.FailureKind;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.Policy;
import io.syncmachine.RejectedException;
import io.syncmachine.SnoozeException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.ThrottledException;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Order;
import io.syncmachine.functional.World.OrderDocument;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What follows the failures of an application's functions. */
class FailureKindTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration CALL = World.DEADLINE.plus(World.GRACE);

    private final World world = new World();
    private final FakeApi api = world.api;

    @AfterEach
    void close() {
        world.close();
    }

    /** What an API's client throws. */
    private static final class HttpException extends Exception {

        private static final long serialVersionUID = 1L;

        private final int status;

        HttpException(int status) {
            super("status " + status);
            this.status = status;
        }
    }

    private static FailureKind kind(Throwable failure) {
        if (!(failure instanceof HttpException http)) {
            return FailureKind.unknown();
        }
        return switch (http.status) {
            case 422 -> FailureKind.rejected();
            case 429 -> FailureKind.later(MINUTE);
            case 503 -> FailureKind.notAccepted();
            default -> FailureKind.unknown();
        };
    }

    @Nested
    class ThatAPolicyClassifies {

        private final Policy policy = World.POLICY.classify(FailureKindTest::kind);

        @Test
        void parkWhatIsRejected() {
            SyncEngine engine = world.start(world.orders(policy));
            api.next(FakeApi.fails(new HttpException(422)));

            saveAndRun(1, "open");

            assertThat(world.results()).containsExactly(Result.DEAD_LETTERED);
            assertThat(engine.backlog().parked()).isEqualTo(1);
            assertThat(world.record(1).inDoubt()).isFalse();
        }

        @Test
        void costNoAttemptWhereItIsToBeLater() {
            world.start(world.orders(policy.retry(Backoff.none())));
            api.next(FakeApi.fails(new HttpException(429)));
            saveAndRun(1, "open");
            assertThat(world.results()).containsExactly(Result.SNOOZED);

            world.runAfter(MINUTE);

            assertThat(api.latest().attempt()).isEqualTo(1);
            assertThat(api.content).containsEntry("1", json(1, "open"));
        }

        @Test
        void leaveNoDoubtWhereNothingWasApplied() {
            world.start(world.orders(policy));
            api.next(FakeApi.fails(new HttpException(503)));
            saveAndRun(1, "open");

            assertThat(world.results()).containsExactly(Result.RETRYING);
            assertThat(world.record(1).inDoubt()).isFalse();
        }

        @Test
        void leaveDoubtWhereNothingIsKnown() {
            world.start(world.orders(policy));
            api.next(FakeApi.fails(new HttpException(500)));
            saveAndRun(1, "open");

            assertThat(world.record(1).inDoubt()).isTrue();
            world.runAfter(CALL);
            assertThat(world.results()).containsExactly(Result.RETRYING, Result.PUBLISHED);
        }

        @Test
        void leaveDoubtWhereTheClassifierFails() {
            world.start(world.orders(World.POLICY.classify(failure -> {
                throw new IllegalStateException("cannot tell");
            })));
            api.next(FakeApi.fails(new HttpException(422)));
            saveAndRun(1, "open");

            assertThat(world.results()).containsExactly(Result.RETRYING);
            assertThat(world.record(1).inDoubt()).isTrue();
        }

        @Test
        void areNotTheLibrarysOwn() {
            List<Throwable> asked = new ArrayList<>();
            world.start(world.orders(World.POLICY.classify(failure -> {
                asked.add(failure);
                return FailureKind.unknown();
            })));
            api.next(
                    FakeApi.fails(new NotAcceptedException("busy")),
                    FakeApi.fails(new ThrottledException(Duration.ZERO)),
                    FakeApi.fails(new RejectedException("no")));

            saveAndRun(1, "open");
            world.runAfter(MINUTE);

            assertThat(world.results()).containsExactly(Result.RETRYING, Result.SNOOZED, Result.DEAD_LETTERED);
            assertThat(asked).isEmpty();
        }
    }

    @Nested
    class BeforeAnythingIsSent {

        private RuntimeException failure = new IllegalStateException();

        private SyncEngine start(CheckedFunction<Order, OrderDocument> build) {
            return world.start(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Order.class)
                    .listenTo(Customer.class, customer -> {
                        if (customer.name().equals("?")) {
                            throw failure;
                        }
                        return customer.orderIds();
                    })
                    .build(build)
                    .publish(api::put)
                    .policy(World.POLICY)
                    .done());
        }

        @Test
        void aDocumentThatCanNeverBeBuiltIsParkedUntilItsSubjectChanges() {
            SyncEngine engine = start(order -> {
                if (order.status().isEmpty()) {
                    throw new RejectedException("no status");
                }
                return World.document(order);
            });
            saveAndRun(1, "");
            assertThat(world.results()).containsExactly(Result.DEAD_LETTERED);
            assertThat(engine.backlog().parked()).isEqualTo(1);

            saveAndRun(1, "open");

            assertThat(api.content).containsEntry("1", json(1, "open"));
        }

        @Test
        void aSubjectThatIsTooEarlyWaitsWithoutAnAttempt() {
            Instant ready = world.clock.now().plus(MINUTE);
            start(order -> {
                if (world.clock.now().isBefore(ready)) {
                    throw new SnoozeException(MINUTE, "its invoice is not there");
                }
                return World.document(order);
            });
            saveAndRun(1, "open");
            assertThat(world.results()).containsExactly(Result.SNOOZED);
            assertThat(world.outcomes.get(0).reason()).contains("its invoice is not there");

            world.runAfter(MINUTE);

            assertThat(api.latest().attempt()).isEqualTo(1);
        }

        @Test
        void aFinderThatCanNeverSucceedIsParked() {
            failure = new RejectedException("no orders");
            SyncEngine engine = start(World::document);
            world.entities.save(new Customer(7, "?", List.of(1L)));
            world.run();

            assertThat(engine.backlog().parked()).isEqualTo(1);
        }

        @Test
        void aFinderThatIsTooEarlyWaitsWithoutAnAttempt() {
            failure = new SnoozeException(MINUTE, "not yet");
            SyncEngine engine = start(World::document);
            world.entities.save(new Customer(7, "?", List.of(1L)));
            world.run();
            world.entities.save(new Customer(7, "Ada", List.of(1L)), new Order(1, "open", 7));
            world.runAfter(MINUTE);

            assertThat(engine.backlog().isEmpty()).isTrue();
            assertThat(api.content).containsOnlyKeys("1");
        }

        @Test
        void aHandlerThatIsTooEarlyIsCalledAgainWithoutAnAttempt() {
            List<Integer> attempts = new ArrayList<>();
            ChangeHandler<Order> handler =
                    ChangeHandler.onChange("watch", Order.class, (EntityChange<Order> change) -> {
                        attempts.add(change.attempt());
                        if (attempts.size() == 1) {
                            throw new SnoozeException(MINUTE, "not yet");
                        }
                        throw new RejectedException("never");
                    });
            SyncEngine engine = world.start(builder -> builder.handlers(handler));
            world.save(1, "open");
            world.run();
            assertThat(engine.backlog().jobs()).isEqualTo(1);

            world.runAfter(MINUTE);

            assertThat(attempts).containsExactly(1, 1);
            assertThat(engine.backlog().parked()).isEqualTo(1);
        }
    }

    @Test
    void areChecked() {
        assertThatThrownBy(() -> FailureKind.later(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("later")
                .hasMessageContaining("PT-1S");
        assertThatThrownBy(() -> new SnoozeException(Duration.ofSeconds(-1), "no"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("delay")
                .hasMessageContaining("PT-1S");
        assertThatThrownBy(() -> Backoff.exponential(Duration.ofSeconds(1), Duration.ofDays(366)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("longest")
                .hasMessageContaining("PT8784H");
        assertThat(ThrottledException.until(Instant.EPOCH).retryAfter()).isZero();
        assertThat(ThrottledException.until(Instant.now().plus(MINUTE)).retryAfter())
                .isBetween(MINUTE.minusSeconds(30), MINUTE);
    }

    private void saveAndRun(long id, String status) {
        world.save(id, status);
        world.run();
    }
}
