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
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntityReference;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import io.syncmachine.test.ManualThreads;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What happens while the store or the entities are away. */
class OutageTest {

    private final World world = new World();
    private final FakeApi api = world.api;
    private final ManualThreads threads = ManualThreads.recordingFailures();
    private final FragilePayloads payloads = new FragilePayloads(world.store.payloads());
    private final FragileEntities entities = new FragileEntities(world.entities);
    private boolean away;
    private boolean entitiesAreAway;

    @AfterEach
    void close() {
        away = false;
        world.close();
    }

    private Runnable beforeTransaction = () -> {};

    private SyncEngine start(SyncMachine<?, ?>... machines) {
        return world.start(
                "node",
                entities,
                new FragileStore(world.store, payloads, () -> beforeTransaction.run()),
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
        api.next(FakeApi.isFollowedBy(() -> payloads.recordIsAway = true));
        world.save(1, "open");
        threads.runAll();
        api.next(FakeApi.isFollowedBy(() -> payloads.recordIsAway = false));

        world.clock.advance(World.LEASE);
        threads.runAll();

        assertThat(payloads.namedTwice).isFalse();
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
        payloads.intentIsAway = true;
        threads.runAll();
        assertThat(api.calls).isEmpty();

        payloads.intentIsAway = false;
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

    private void mayBeAway() {
        if (away) {
            throw new IllegalStateException("away");
        }
    }

    private final class FragileEntities implements EntitySource {

        private final EntitySource entities;

        FragileEntities(EntitySource entities) {
            this.entities = entities;
        }

        @Override
        public <E> EntityDescription<E, ?> describe(Class<E> type) {
            return entities.describe(type);
        }

        @Override
        public EntityReference refer(Object transaction, Object entity) {
            return entities.refer(transaction, entity);
        }

        @Override
        public void append(Object transaction, Collection<Change> changes) {
            entities.append(transaction, changes);
        }

        @Override
        public void capture(ChangeListener listener, Store store) {
            entities.capture(listener, store);
        }

        @Override
        public <E, ID, R> R read(
                String tenant,
                Class<E> type,
                Collection<ID> ids,
                CheckedFunction<? super Map<ID, E>, ? extends R> action)
                throws Exception {
            if (entitiesAreAway) {
                throw new IllegalStateException("away");
            }
            return entities.read(tenant, type, ids, action);
        }

        @Override
        public <E, ID> void write(String tenant, Class<E> type, ID id, Writing<? super E> action) throws Exception {
            entities.write(tenant, type, id, action);
        }

        @Override
        public void close() {
            entities.close();
        }
    }

    private record FragileStore(InMemoryStore store, PayloadStore payloads, Runnable beforeTransaction)
            implements Store {

        @Override
        public Outbox outbox() {
            return store.outbox();
        }

        @Override
        public JobExecutor jobs() {
            return store.jobs();
        }

        @Override
        public LeaseStore leases() {
            return store.leases();
        }

        @Override
        public Journal journal() {
            return store.journal();
        }

        @Override
        public MachineRegistry machines() {
            return store.machines();
        }

        @Override
        public void atomically(Runnable calls) {
            beforeTransaction.run();
            store.atomically(calls);
        }

        @Override
        public void open(Runnable wake, boolean works) {
            store.open(wake, works);
        }

        @Override
        public void close() {
            store.close();
        }
    }

    /** Payload records that are away at times, and take it ill if a batch names a subject twice. */
    private final class FragilePayloads implements PayloadStore {

        private final PayloadStore payloads;
        private boolean recordIsAway;
        private boolean intentIsAway;
        private boolean namedTwice;

        FragilePayloads(PayloadStore payloads) {
            this.payloads = payloads;
        }

        private void check(List<SubjectKey> keys) {
            namedTwice |= keys.stream().distinct().count() < keys.size();
            mayBeAway();
        }

        @Override
        public List<Opening> open(List<SubjectKey> keys) {
            check(keys);
            return payloads.open(keys);
        }

        @Override
        public Set<Long> intent(Collection<Intent> intents) {
            check(intents.stream().map(Intent::key).toList());
            if (intentIsAway) {
                throw new IllegalStateException("away");
            }
            return payloads.intent(intents);
        }

        @Override
        public Set<Long> record(Collection<Acknowledgement> acknowledgements) {
            check(acknowledgements.stream().map(Acknowledgement::key).toList());
            if (recordIsAway) {
                throw new IllegalStateException("away");
            }
            return payloads.record(acknowledgements);
        }

        @Override
        public Set<Long> close(Collection<Closing> closings) {
            check(closings.stream().map(Closing::key).toList());
            return payloads.close(closings);
        }

        @Override
        public Optional<PayloadRecord> find(SubjectKey key) {
            return payloads.find(key);
        }

        @Override
        public List<SubjectKey> outdated(String machine, int version, SubjectKey after, int limit) {
            return payloads.outdated(machine, version, after, limit);
        }

        @Override
        public boolean erase(SubjectKey key) {
            return payloads.erase(key);
        }

        @Override
        public SubjectKey deleteTombstones(Duration unusedFor, SubjectKey after, int limit) {
            return payloads.deleteTombstones(unusedFor, after, limit);
        }
    }
}
