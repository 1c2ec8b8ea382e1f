package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.syncmachine.Backoff;
import io.syncmachine.ChangeHandler;
import io.syncmachine.DeadLetter;
import io.syncmachine.DeadLetters;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.PayloadCodec;
import io.syncmachine.Policy.KeptPayload;
import io.syncmachine.RejectedException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Cause;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Node;
import io.syncmachine.functional.World.Order;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobKey;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What was given up, and what people do about it. */
class DeadLettersTest {

    private static final FakeApi.Reaction REFUSES = apply -> {
        throw rejection();
    };

    private final World world = new World();
    private final SyncMachine<Order, Long> machine = world.orders();

    private static RejectedException rejection() {
        RejectedException rejection = new RejectedException("status is unknown");
        rejection.initCause(new IOException("secret", new Error("secret as well")));
        return rejection;
    }

    @AfterEach
    void close() {
        world.close();
    }

    private SyncEngine startRefusing(int orders) {
        SyncEngine engine = world.start(machine);
        refuse(orders);
        assertThat(engine.backlog().parked()).isEqualTo(orders);
        return engine;
    }

    private void refuse(int orders) {
        world.api.always(REFUSES);
        for (int id = 1; id <= orders; id++) {
            world.save(id, "opne");
        }
        world.run();
        world.api.always(Runnable::run);
        world.api.calls.clear();
    }

    private static List<String> ids(List<DeadLetter> letters) {
        return letters.stream().map(DeadLetter::id).toList();
    }

    @Nested
    class Shown {

        @Test
        void tellAllAboutThemselves() {
            SyncMachine<Order, Long> retrying =
                    world.orders(World.POLICY.retry(Backoff.exponential(Duration.ofSeconds(5), Duration.ofSeconds(5))));
            SyncEngine engine = world.start(retrying);
            world.api.next(FakeApi.fails(new NotAcceptedException("busy")), REFUSES);
            Instant start = world.clock.now();
            world.save(1, "opne");
            world.run();
            world.runAfter(Duration.ofSeconds(10));
            Instant end = world.clock.now();
            world.clock.advance(Duration.ofMinutes(5));

            DeadLetter letter = engine.deadLetter(retrying, 1L).orElseThrow();

            assertThat(letter.machine()).isEqualTo(World.MACHINE);
            assertThat(letter.tenant()).isEqualTo(Change.DEFAULT_TENANT);
            assertThat(letter.entityType()).isEmpty();
            assertThat(letter.id()).isEqualTo("1");
            assertThat(letter.attempts()).isEqualTo(2);
            assertThat(letter.failedAt()).isEqualTo(start);
            assertThat(letter.parkedAt()).isEqualTo(end);
            assertThat(letter.failure())
                    .contains("RejectedException: status is unknown (caused by IOException, Error)");
            assertThat(letter.refused()).contains(json(1, "opne"));
            assertThat(letter.causes()).extracting(Cause::id).containsExactly("1");
            assertThat(letter.history())
                    .extracting(entry -> entry.outcome().result())
                    .containsExactly(Result.DEAD_LETTERED, Result.RETRYING);
            assertThat(letter.toString()).doesNotContain("opne");
            assertThat(engine.deadLetters().page(10))
                    .singleElement()
                    .satisfies(shown -> assertThat(shown.failure()).isEqualTo(letter.failure()))
                    .satisfies(shown -> assertThat(shown.refused()).isEmpty())
                    .satisfies(shown ->
                            assertThat(engine.deadLetters().show(shown)).contains(letter));
        }

        @Test
        void areNoneWhereNothingWasGivenUp() {
            SyncEngine engine = world.start(machine);
            world.save(1, "open");
            world.run();

            assertThat(engine.deadLetters().count()).isZero();
            assertThat(engine.deadLetters().page(10)).isEmpty();
            assertThat(engine.deadLetters().stream()).isEmpty();
            assertThat(engine.deadLetter(machine, 1L)).isEmpty();
            assertThat(engine.deadLetters().requeueAll(10)).isZero();
            assertThat(engine.deadLetters().discardAll()).isZero();
        }

        @Test
        void comeInPagesAndAsAStream() {
            SyncEngine engine = startRefusing(450);
            DeadLetters letters = engine.deadLetters(machine);

            List<DeadLetter> first = letters.page(300);
            List<DeadLetter> second = letters.page(first.get(299), 300);

            assertThat(letters.count()).isEqualTo(450);
            assertThat(second).hasSize(150);
            assertThat(letters.page(second.get(149), 300)).isEmpty();
            List<DeadLetter> both = new ArrayList<>(first);
            both.addAll(second);
            assertThat(letters.stream()).isEqualTo(both);
            assertThat(ids(both)).doesNotHaveDuplicates();
        }

        @Test
        void areThoseOfTheMachineTenantAgeAndFailureThatAreAskedFor() {
            SyncMachine<Order, Long> other = renamed("other", "none");
            SyncEngine engine = world.start(machine, other);
            world.api.always(REFUSES);
            world.save(1, "opne");
            world.run();
            world.clock.advance(Duration.ofHours(1));

            assertThat(engine.deadLetters().count()).isEqualTo(2);
            assertThat(engine.deadLetters(other).page(10))
                    .extracting(DeadLetter::machine)
                    .containsExactly("other");
            DeadLetters one = engine.deadLetters(machine);
            assertThat(one.failingWith("status is").count()).isEqualTo(1);
            assertThat(one.failingWith("HTTP 400").count()).isZero();
            assertThat(one.ofTenant(Change.DEFAULT_TENANT).count()).isEqualTo(1);
            assertThat(one.ofTenant("red").count()).isZero();
            assertThat(one.parkedFor(Duration.ofHours(1)).count()).isEqualTo(1);
            assertThat(one.parkedFor(Duration.ofHours(2)).count()).isZero();
        }

        @Test
        void haveThePresentNameOfTheirMachine() {
            startRefusing(2).close();
            SyncMachine<Order, Long> renamed = renamed("new-name", World.MACHINE);
            SyncEngine engine = world.start(renamed);

            List<DeadLetter> letters = engine.deadLetters(renamed).page(1);

            assertThat(letters).extracting(DeadLetter::machine).containsExactly("new-name");
            assertThat(ids(engine.deadLetters().page(letters.get(0), 10))).containsExactly("2");
            assertThat(engine.deadLetters().show(letters.get(0)).orElseThrow().history())
                    .extracting(entry -> entry.outcome().machine())
                    .containsExactly("new-name");
            assertThat(engine.deadLetters().requeue(letters.get(0))).isTrue();
            world.run();
            assertThat(world.api.content).containsOnlyKeys("1");
        }

        @Test
        void neitherKeepNorShowADocumentWhereThePolicySaysSo() {
            SyncMachine<Order, Long> forgetful = world.orders(World.POLICY.keepPayload(KeptPayload.FINGERPRINT_ONLY));
            SyncEngine engine = world.start(forgetful);
            refuse(1);

            assertThat(engine.deadLetter(forgetful, 1L).orElseThrow().refused()).isEmpty();
        }

        @Test
        void keepTheirDocumentAsTheCodecWritesIt() {
            PayloadCodec codec = new PayloadCodec() {
                @Override
                public String encode(String json) {
                    return "x" + json;
                }

                @Override
                public String decode(String stored) {
                    if (stored.contains("\"id\":2")) {
                        throw new IllegalStateException("the key is lost");
                    }
                    return stored.substring(1);
                }
            };
            SyncEngine engine = world.start(builder -> builder.machines(machine).payloadCodec(codec));
            refuse(2);

            assertThat(world.store
                            .jobs()
                            .deadLetters()
                            .find(JobKey.ensurePublication(Change.DEFAULT_TENANT, World.MACHINE, "1"))
                            .orElseThrow()
                            .refused())
                    .isEqualTo("x" + json(1, "opne"));
            assertThat(engine.deadLetter(machine, 1L).orElseThrow().refused()).contains(json(1, "opne"));
            assertThat(engine.deadLetter(machine, 2L).orElseThrow().refused()).isEmpty();
        }

        @Test
        void forgetTheirContentWhenThatIsSaid() {
            SyncEngine engine = startRefusing(1);

            engine.forget(machine, 1L);

            DeadLetter letter = engine.deadLetter(machine, 1L).orElseThrow();
            assertThat(letter.refused()).isEmpty();
            assertThat(letter.failure()).isEmpty();
            assertThat(letter.history()).isEmpty();
        }
    }

    @Nested
    class Requeued {

        @Test
        void runAgainAtOnceWithAllTheirAttempts() {
            SyncEngine engine = startRefusing(2);
            DeadLetter letter = engine.deadLetter(machine, 1L).orElseThrow();

            assertThat(engine.deadLetters().requeue(letter)).isTrue();
            world.run();

            assertThat(world.api.content).containsOnlyKeys("1");
            assertThat(world.api.latest().attempt()).isEqualTo(1);
            assertThat(ids(engine.deadLetters().page(10))).containsExactly("2");
            assertThat(engine.deadLetters().requeue(letter)).isFalse();
        }

        @Test
        void areSpreadOverTime() {
            SyncEngine engine = startRefusing(25);

            assertThat(engine.deadLetters(machine).requeueAll(10)).isEqualTo(25);
            assertThat(engine.backlog().parked()).isZero();
            assertThat(engine.backlog().jobs()).isEqualTo(25);

            world.run();
            assertThat(world.api.calls).hasSize(1);
            world.runAfter(Duration.ofMillis(950));
            assertThat(world.api.calls).hasSize(10);
            world.runAfter(Duration.ofSeconds(1));
            assertThat(world.api.calls).hasSize(20);
            world.runAfter(Duration.ofSeconds(1));
            assertThat(world.api.content).hasSize(25);
        }

        @Test
        void areSpreadOverTimeAlsoIfTheNodeThatSaidItIsGone() {
            SyncEngine engine = startRefusing(20);
            Node other = world.startAnother("other", world.store.another(), world.orders());
            engine.deadLetters().requeueAll(10);
            engine.close();

            world.clock.advance(Duration.ofSeconds(2));
            other.threads().runAll();

            assertThat(world.api.content).hasSize(20);
        }

        @Test
        void areOnlyThoseOfTheFilterAndEachOnce() {
            SyncEngine engine = startRefusing(3);
            world.api.next(FakeApi.fails(new RejectedException("HTTP 400")));
            world.save(2, "worse");
            world.run();

            assertThat(engine.deadLetters().failingWith("HTTP 400").requeueAll(1_000))
                    .isEqualTo(1);
            assertThat(ids(engine.deadLetters().page(10))).containsExactly("1", "3");
        }

        @Test
        void becomeDeadLettersAgainWhereTheyAreRefusedAgain() {
            SyncEngine engine = startRefusing(1);
            world.clock.advance(Duration.ofMinutes(1));
            world.api.always(REFUSES);

            engine.deadLetters().requeueAll(10);
            world.run();

            DeadLetter letter = engine.deadLetter(machine, 1L).orElseThrow();
            assertThat(letter.parkedAt()).isEqualTo(world.clock.now());
            assertThat(letter.attempts()).isEqualTo(1);
            assertThat(letter.history()).hasSize(2);
        }
    }

    @Nested
    class Discarded {

        @Test
        void areLeftAloneUntilTheirSubjectsChange() {
            SyncEngine engine = startRefusing(3);
            DeadLetter letter = engine.deadLetter(machine, 1L).orElseThrow();

            assertThat(engine.deadLetters().discard(letter)).isTrue();
            assertThat(engine.deadLetters().discard(letter)).isFalse();
            assertThat(engine.deadLetters().discardAll()).isEqualTo(2);
            world.runAfter(Duration.ofHours(1));
            assertThat(world.api.calls).isEmpty();
            assertThat(engine.backlog().parked()).isZero();

            world.save(1, "open");
            world.run();
            assertThat(world.api.content).containsEntry("1", json(1, "open"));
        }

        @Test
        void areWhatIsOlderThanTheEngineKeepsThem() {
            SyncEngine engine = world.start(builder -> builder.machines(machine).keepDeadLetters(Duration.ofDays(10)));
            refuse(1);
            world.runAfter(Duration.ofDays(9));
            world.api.always(REFUSES);
            world.save(2, "opne");
            world.run();
            assertThat(engine.deadLetters().count()).isEqualTo(2);

            world.runAfter(Duration.ofDays(1));

            assertThat(ids(engine.deadLetters().page(10))).containsExactly("2");
        }
    }

    @Nested
    class OfFindersAndHandlers {

        @Test
        void areShownAndRequeuedLikeTheOthers() {
            AtomicBoolean broken = new AtomicBoolean(true);
            List<Object> handled = new ArrayList<>();
            SyncMachine<Order, Long> finding = SyncMachine.define(World.MACHINE, Order.class, Long.class)
                    .listenTo(Customer.class, customer -> ids(broken, customer))
                    .build(World::document)
                    .publish(world.api::put)
                    .policy(World.POLICY.retry(Backoff.none()))
                    .done();
            ChangeHandler<Customer> handler = ChangeHandler.onChange("watch", Customer.class, change -> {
                        ids(broken, change.entity().orElseThrow());
                        handled.add(change.id(Long.class));
                    })
                    .retry(Backoff.none());
            SyncEngine engine = world.start(builder -> builder.machines(finding).handlers(handler));
            world.save(1, "open");
            world.entities.save(new Customer(7, "Ada", List.of(1L)));
            world.run();
            world.api.calls.clear();

            assertThat(engine.deadLetters().page(10))
                    .extracting(
                            DeadLetter::machine, letter -> letter.entityType().orElseThrow(), DeadLetter::id)
                    .containsExactlyInAnyOrder(tuple(World.MACHINE, "Customer", "7"), tuple("watch", "Customer", "7"));
            DeadLetter letter = engine.deadLetters(handler).page(10).get(0);
            assertThat(engine.deadLetters().show(letter).orElseThrow().failure())
                    .contains("IllegalStateException: broken");

            broken.set(false);
            assertThat(engine.deadLetters().requeueAll(100)).isEqualTo(2);
            world.runAfter(Duration.ofSeconds(1));

            assertThat(handled).containsExactly(7L);
            assertThat(world.api.calls).hasSize(1);
            assertThat(engine.deadLetters().count()).isZero();
        }

        private List<Long> ids(AtomicBoolean broken, Customer customer) {
            if (broken.get()) {
                throw new IllegalStateException("broken");
            }
            return customer.orderIds();
        }
    }

    @Nested
    class BadInput {

        @Test
        void isToldByPropertyRuleAndValue() {
            SyncEngine engine = world.start(machine);
            DeadLetters letters = engine.deadLetters();

            refused(() -> letters.page(0), "size", "1 to 10000", "0");
            refused(() -> letters.requeueAll(0), "perSecond", "1 to 10000", "0");
            refused(() -> letters.failingWith(""), "failingWith", "''");
            refused(() -> letters.parkedFor(Duration.ofSeconds(-1)), "parkedFor", "negative", "PT-1S");
            refused(() -> engine.deadLetters(renamed("other", "none")), "other", World.MACHINE);
            refused(() -> SyncEngine.builder().keepDeadLetters(Duration.ZERO), "keepDeadLetters", "above", "PT0S");
        }

        private void refused(ThrowingCallable call, String... told) {
            assertThatThrownBy(call)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll(told);
        }
    }

    private SyncMachine<Order, Long> renamed(String name, String formerly) {
        return SyncMachine.define(name, Order.class, Long.class)
                .formerly(formerly)
                .listenTo(Order.class)
                .build(World::document)
                .publish(world.api::put)
                .policy(World.POLICY)
                .done();
    }
}
