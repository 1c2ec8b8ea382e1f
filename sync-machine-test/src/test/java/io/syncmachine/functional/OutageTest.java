package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.NotAcceptedException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Order;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.Acknowledgement;
import io.syncmachine.spi.PayloadStore.Closing;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import io.syncmachine.test.ManualThreads;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What happens while the store or the entities are away. */
class OutageTest {

    private final World world = new World();
    private final FakeApi api = world.api;
    private final ManualThreads threads = ManualThreads.recordingFailures();
    private final PayloadStore payloads = fragilePayloads();
    private boolean away;
    private boolean recordIsAway;
    private boolean intentIsAway;
    private boolean namedTwice;
    private boolean entitiesAreAway;
    private int entitiesAreAwayFor;
    private Runnable afterReading = () -> {};

    @AfterEach
    void close() {
        away = false;
        world.close();
    }

    private Runnable beforeTransaction = () -> {};

    private SyncEngine start(SyncMachine<?, ?>... machines) {
        return world.start(
                "node",
                fragileEntities(),
                Altered.port(Store.class, world.store, Map.of("payloads", none -> payloads, "atomically", arguments -> {
                    beforeTransaction.run();
                    ((Runnable) arguments[0]).run();
                    return null;
                })),
                threads,
                machines);
    }

    @Test
    void anAnswerIsKeptUntilItCanBeWritten() {
        SyncEngine engine = start(world.orders());
        api.next(FakeApi.isFollowedBy(() -> away = true));
        world.save(1, "open");
        threads.runAll();
        assertThat(threads.failures()).isNotEmpty();
        assertThat(world.record(1).inDoubt()).isTrue();

        away = false;
        threads.runAll();

        assertThat(api.calls).hasSize(1);
        assertThat(world.record(1).inDoubt()).isFalse();
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void whatWasSettledBeforeTheStoreWentAwayIsNotSettledAgain() {
        SyncEngine engine = start(world.orders());
        api.next(Runnable::run, FakeApi.fails(new NotAcceptedException("not now")));
        AtomicInteger transactions = new AtomicInteger();
        beforeTransaction = () -> {
            if (transactions.incrementAndGet() == 2) {
                throw new IllegalStateException("away");
            }
        };
        world.entities.save(new Order(1, "open", 0), new Order(2, "open", 0));
        threads.runAll();
        assertThat(threads.failures()).isNotEmpty();

        threads.runAll();
        assertThat(world.results()).containsExactlyInAnyOrder(Result.PUBLISHED, Result.RETRYING);
        world.clock.advance(World.LEASE);
        threads.runAll();

        assertThat(api.calls.stream().map(FakeApi.Call::id)).containsExactly("1", "2", "2");
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void twoAnswersForOneSubjectAreNotWrittenInOneBatch() {
        SyncEngine engine = start(world.orders());
        api.next(FakeApi.isFollowedBy(() -> recordIsAway = true));
        world.save(1, "open");
        threads.runAll();
        api.next(FakeApi.isFollowedBy(() -> recordIsAway = false));

        world.clock.advance(World.LEASE);
        threads.runAll();

        assertThat(namedTwice).isFalse();
        world.clock.advance(World.LEASE);
        threads.runAll();
        assertThat(api.content).containsEntry("1", json(1, "open"));
        assertThat(world.record(1).inDoubt()).isFalse();
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void subjectsWhoseRecordsCannotBeOpenedWaitWithoutAnAttempt() {
        start(world.orders());
        world.save(1, "open");
        away = true;
        threads.runAll();
        assertThat(api.calls).isEmpty();

        away = false;
        threads.runAll();
        world.clock.advance(Duration.ofSeconds(1));
        threads.runAll();

        assertThat(api.calls).hasSize(1);
        assertThat(api.latest().attempt()).isEqualTo(1);
        assertThat(world.record(1).inDoubt()).isFalse();
    }

    @Test
    void subjectsWhoseIntentCannotBeNotedAreNotSent() {
        start(world.orders());
        world.save(1, "open");
        intentIsAway = true;
        threads.runAll();
        assertThat(api.calls).isEmpty();

        intentIsAway = false;
        world.clock.advance(Duration.ofSeconds(1));
        threads.runAll();

        assertThat(api.calls).hasSize(1);
        assertThat(api.latest().attempt()).isEqualTo(1);
    }

    @Test
    void subjectsThatCannotBeReadWaitWithoutAnAttempt() {
        start(world.orders());
        world.save(1, "open");
        entitiesAreAway = true;
        threads.runAll();
        assertThat(api.calls).isEmpty();

        entitiesAreAway = false;
        world.clock.advance(Duration.ofSeconds(1));
        threads.runAll();

        assertThat(api.latest().attempt()).isEqualTo(1);
        assertThat(api.content).containsEntry("1", json(1, "open"));
    }

    @Test
    void aSubjectThatWasReadIsSentOnceThoughItsTransactionFailedAfterwards() {
        AtomicInteger reads = new AtomicInteger();
        afterReading = () -> {
            if (reads.incrementAndGet() == 1) {
                throw new IllegalStateException("the connection broke");
            }
        };
        SyncEngine engine = start(world.orders());
        world.save(1, "open");
        entitiesAreAwayFor = 1;
        api.next(FakeApi.losesItsAnswer());

        threads.runAll();

        assertThat(api.calls).hasSize(1);
        assertThat(world.record(1).inDoubt()).isTrue();
        assertThat(world.results()).containsExactly(Result.RETRYING);

        world.clock.advance(World.LEASE);
        threads.runAll();

        assertThat(world.results()).containsExactly(Result.RETRYING, Result.PUBLISHED);
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void changesOfAllTypesAreLookedAtSoonAfterTheEntitiesAreBack() {
        SyncEngine engine = start(finding());
        world.entities.save(
                new Customer(7, "Ada", List.of(1L)),
                new Note(1, List.of(2L)),
                new Order(1, "a", 7),
                new Order(2, "b", 7));
        entitiesAreAway = true;
        threads.runAll();
        entitiesAreAway = false;

        world.clock.advance(Duration.ofSeconds(1));
        threads.runAll();

        assertThat(api.content).containsOnlyKeys("1", "2");
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    record Note(long id, List<Long> orderIds) {}

    private SyncMachine<Order, Long> finding() {
        world.entities.type(Note.class, Long.class, Note::id);
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Customer.class, Customer::orderIds)
                .listenTo(Note.class, Note::orderIds)
                .build(World::document)
                .publish(api::put)
                .done();
    }

    private EntitySource fragileEntities() {
        return Altered.port(EntitySource.class, world.entities, Map.of("read", arguments -> {
            if (entitiesAreAway || entitiesAreAwayFor-- > 0) {
                throw new IllegalStateException("away");
            }
            Object answer = read(arguments);
            afterReading.run();
            return answer;
        }));
    }

    @SuppressWarnings("unchecked") // the arguments of the method
    private Object read(Object[] arguments) throws Exception {
        return world.entities.read(
                (String) arguments[0],
                (Class<Object>) arguments[1],
                (Collection<Object>) arguments[2],
                (CheckedFunction<Map<Object, Object>, Object>) arguments[3]);
    }

    /** Payload records that are away at times, and take it ill if a batch names a subject twice. */
    @SuppressWarnings("unchecked") // the arguments of the methods
    private PayloadStore fragilePayloads() {
        PayloadStore payloads = world.store.payloads();
        return Altered.port(
                PayloadStore.class,
                payloads,
                Map.of(
                        "open",
                                arguments -> {
                                    List<SubjectKey> keys = (List<SubjectKey>) arguments[0];
                                    check(keys);
                                    return payloads.open(keys);
                                },
                        "intent",
                                arguments -> {
                                    Collection<Intent> intents = (Collection<Intent>) arguments[0];
                                    check(intents.stream().map(Intent::key).toList());
                                    mayBeAway(intentIsAway);
                                    return payloads.intent(intents);
                                },
                        "record",
                                arguments -> {
                                    Collection<Acknowledgement> acknowledgements =
                                            (Collection<Acknowledgement>) arguments[0];
                                    check(acknowledgements.stream()
                                            .map(Acknowledgement::key)
                                            .toList());
                                    mayBeAway(recordIsAway);
                                    return payloads.record(acknowledgements);
                                },
                        "close",
                                arguments -> {
                                    Collection<Closing> closings = (Collection<Closing>) arguments[0];
                                    check(closings.stream().map(Closing::key).toList());
                                    return payloads.close(closings);
                                }));
    }

    private void check(List<SubjectKey> keys) {
        namedTwice |= keys.stream().distinct().count() < keys.size();
        mayBeAway(away);
    }

    private static void mayBeAway(boolean away) {
        if (away) {
            throw new IllegalStateException("away");
        }
    }
}
