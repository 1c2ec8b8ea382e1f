package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.syncmachine.ChangeHandler;
import io.syncmachine.EntityChange;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Customer;
import io.syncmachine.functional.World.Order;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.Acknowledgement;
import io.syncmachine.spi.PayloadStore.Closing;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import io.syncmachine.test.ManualThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

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
                Altered.port(
                        Store.class,
                        world.store,
                        Map.of("payloads", (none, real) -> payloads, "atomically", (arguments, real) -> {
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

    @Test
    void aJournalThatCannotBeWrittenHoldsUpNothing() {
        Journal journal = Altered.port(Journal.class, world.store.journal(), Map.of("append", (arguments, real) -> {
            mayBeAway(failing.contains("append"));
            return real.call();
        }));
        SyncMachine<Order, Long> machine = world.orders();
        SyncEngine engine = world.start(
                "node",
                world.entities,
                Altered.port(Store.class, world.store, Map.of("journal", (none, real) -> journal)),
                threads,
                machine);
        failing = Set.of("append");
        world.save(1, "open");
        threads.runAll();
        assertThat(threads.failures()).isEmpty();
        assertThat(engine.backlog().isEmpty()).isTrue();
        assertThat(world.results()).containsExactly(Result.PUBLISHED);

        failing = Set.of();
        world.save(1, "sent");
        threads.runAll();

        assertThat(api.calls).hasSize(2);
        assertThat(engine.explain(machine, 1L).timeline()).hasSize(1);
    }

    private Set<String> failing = Set.of();

    private Store withFragileJobs() {
        JobExecutor jobs = Altered.port(JobExecutor.class, world.store.jobs(), Map.of("complete", (arguments, real) -> {
            mayBeAway(failing.contains("complete"));
            return real.call();
        }));
        return Altered.port(Store.class, world.store, Map.of("jobs", (none, real) -> jobs));
    }

    @Test
    void whatAFinderFoundIsNotLookedForAgainWhenTheStoreIsBack() {
        List<Long> looks = new ArrayList<>();
        SyncEngine engine = world.start(
                "node",
                world.entities,
                withFragileJobs(),
                threads,
                SyncMachine.define(World.MACHINE, Order.class, Long.class)
                        .listenTo(Customer.class, customer -> {
                            looks.add(customer.id());
                            return customer.orderIds();
                        })
                        .build(World::document)
                        .publish(api::put)
                        .done());
        world.entities.save(new Customer(7, "Ada", List.of(1L)), new Order(1, "open", 7));
        failing = Set.of("complete");
        threads.runAll();
        assertThat(threads.failures()).isNotEmpty();

        failing = Set.of();
        threads.runAll();

        assertThat(api.content).containsOnlyKeys("1");
        assertThat(looks).containsExactly(7L);
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Test
    void aHandlerIsNotCalledAgainForACompletionThatComesLate() {
        List<Long> handled = new ArrayList<>();
        SyncEngine engine = world.start(
                builder -> builder.handlers(ChangeHandler.onChange(
                        "watch", Order.class, (EntityChange<Order> change) -> handled.add(change.id(Long.class)))),
                "node",
                world.entities,
                withFragileJobs(),
                threads);
        world.entities.save(new Order(1, "open", 7), new Order(2, "open", 7));
        failing = Set.of("complete");
        threads.runAll();
        assertThat(threads.failures()).isNotEmpty();

        failing = Set.of();
        threads.runAll();

        assertThat(handled).containsExactlyInAnyOrder(1L, 2L);
        assertThat(engine.backlog().isEmpty()).isTrue();
    }

    @Nested
    class AtTheStart {

        private int opened;
        private boolean unfit;

        private Store awayFor(int times) {
            return Altered.port(
                    Store.class,
                    world.store,
                    Map.of(
                            "open",
                            (arguments, real) -> {
                                world.clock.advance(Duration.ofSeconds(1));
                                opened++;
                                mayBeAway(opened <= times);
                                return real.call();
                            },
                            "isAway",
                            (arguments, real) -> !unfit));
        }

        private SyncEngine start(Store store, Duration startWithin) {
            return world.start(
                    builder -> builder.machines(world.orders()).startWithin(startWithin),
                    "node",
                    world.entities,
                    store,
                    threads);
        }

        @Test
        void theStoreIsWaitedFor() {
            start(awayFor(5), Duration.ofDays(1000));

            world.save(1, "open");
            threads.runAll();

            assertThat(opened).isEqualTo(6);
            assertThat(api.content).containsOnlyKeys("1");
        }

        @Test
        void theStoreIsWaitedForNoLongerThanTheEngineMay() {
            assertThatThrownBy(() -> start(awayFor(100), Duration.ofSeconds(3)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("startWithin")
                    .hasMessageContaining("PT3S");
            assertThat(opened).isEqualTo(3);
        }

        @Test
        void aStoreThatIsNotFitIsNotWaitedFor() {
            unfit = true;
            assertThatThrownBy(() -> start(awayFor(100), Duration.ofDays(1000)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("away");
            assertThat(opened).isEqualTo(1);
        }

        @Test
        void anInterruptEndsTheWait() {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> start(awayFor(100), Duration.ofDays(1000)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("interrupted");
            assertThat(Thread.interrupted()).isTrue();
        }

        @Test
        void aNegativePatienceIsRefused() {
            assertThatThrownBy(() -> SyncEngine.builder().startWithin(Duration.ofSeconds(-1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("startWithin")
                    .hasMessageContaining("PT-1S");
        }
    }

    @Test
    void oneLineIsLoggedWhenTheStoreGoesAndOneWhenItIsBack() {
        AtomicBoolean gone = new AtomicBoolean();
        AtomicInteger failures = new AtomicInteger();
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger("io.syncmachine");
        Level level = logger.getLevel();
        logger.setLevel(Level.INFO);
        log.start();
        logger.addAppender(log);
        try (SyncEngine engine = SyncEngine.builder()
                .machines(world.orders())
                .handlers(ChangeHandler.onChange("watch", Order.class, change -> {}))
                .entities(world.entities)
                .store(goneAtTimes(InMemoryStore.create(), gone, failures))
                .start()) {
            log.list.clear();
            gone.set(true);
            world.entities.save(new Order(1, "open", 0), new Order(2, "open", 0));
            Awaiting.until(() -> failures.get() > 20);
            gone.set(false);
            Awaiting.until(() -> engine.backlog().isEmpty() && log.list.size() > 1);

            assertThat(log.list.stream().map(ILoggingEvent::getFormattedMessage))
                    .hasSize(2)
                    .anyMatch(line -> line.contains("is away"))
                    .anyMatch(line -> line.contains("is back"));
        } finally {
            logger.detachAppender(log);
            logger.setLevel(level);
        }
    }

    @Test
    void oneThatOnlyCapturesTellsThatTheStoreIsBackWhenItHasStarted() {
        AtomicBoolean gone = new AtomicBoolean(true);
        Store store = Altered.port(
                Store.class,
                InMemoryStore.create(),
                Map.of(
                        "open",
                        (arguments, real) -> {
                            mayBeAway(gone.getAndSet(false));
                            return real.call();
                        },
                        "isAway",
                        (arguments, real) -> true));
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger("io.syncmachine");
        Level level = logger.getLevel();
        logger.setLevel(Level.INFO);
        log.start();
        logger.addAppender(log);
        try (SyncEngine engine = SyncEngine.builder()
                .machines(world.orders())
                .entities(world.entities)
                .store(store)
                .works(false)
                .start()) {
            assertThat(engine).isNotNull();
            assertThat(log.list.stream().map(ILoggingEvent::getFormattedMessage))
                    .filteredOn(line -> line.contains("store is"))
                    .hasSize(2)
                    .anyMatch(line -> line.contains("is away"))
                    .anyMatch(line -> line.contains("is back"));
        } finally {
            logger.detachAppender(log);
            logger.setLevel(level);
        }
    }

    private static Store goneAtTimes(Store store, AtomicBoolean gone, AtomicInteger failures) {
        Altered.Instead mayFail = (arguments, real) -> {
            if (gone.get()) {
                failures.incrementAndGet();
                throw new IllegalStateException("gone");
            }
            return real.call();
        };
        Outbox outbox = Altered.port(Outbox.class, store.outbox(), Map.of("relay", mayFail));
        JobExecutor jobs = Altered.port(JobExecutor.class, store.jobs(), Map.of("claim", mayFail, "complete", mayFail));
        return Altered.port(
                Store.class,
                store,
                Map.of(
                        "outbox", (none, real) -> outbox,
                        "jobs", (none, real) -> jobs,
                        "isAway", (arguments, real) -> arguments[0] instanceof IllegalStateException));
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
        return Altered.port(EntitySource.class, world.entities, Map.of("read", (arguments, real) -> {
            if (entitiesAreAway || entitiesAreAwayFor-- > 0) {
                throw new IllegalStateException("away");
            }
            Object answer = real.call();
            afterReading.run();
            return answer;
        }));
    }

    /** Payload records that are away at times, and take it ill if a batch names a subject twice. */
    @SuppressWarnings("unchecked") // the arguments of the methods
    private PayloadStore fragilePayloads() {
        return Altered.port(
                PayloadStore.class,
                world.store.payloads(),
                Map.of(
                        "open",
                                (arguments, real) -> {
                                    check((List<SubjectKey>) arguments[0]);
                                    return real.call();
                                },
                        "intent",
                                (arguments, real) -> {
                                    Collection<Intent> intents = (Collection<Intent>) arguments[0];
                                    check(intents.stream().map(Intent::key).toList());
                                    mayBeAway(intentIsAway);
                                    return real.call();
                                },
                        "record",
                                (arguments, real) -> {
                                    Collection<Acknowledgement> acknowledgements =
                                            (Collection<Acknowledgement>) arguments[0];
                                    check(acknowledgements.stream()
                                            .map(Acknowledgement::key)
                                            .toList());
                                    mayBeAway(recordIsAway);
                                    return real.call();
                                },
                        "close",
                                (arguments, real) -> {
                                    Collection<Closing> closings = (Collection<Closing>) arguments[0];
                                    check(closings.stream().map(Closing::key).toList());
                                    return real.call();
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
