package io.syncmachine.functional;

import io.syncmachine.Backoff;
import io.syncmachine.Policy;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntityReference;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import io.syncmachine.test.ManualClock;
import io.syncmachine.test.ManualThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Orders, customers, an API, and an engine between them that is run step by step. */
final class World implements AutoCloseable {

    static final String MACHINE = "orders";
    static final Duration DEADLINE = Duration.ofSeconds(10);
    static final Duration GRACE = Duration.ofSeconds(1);
    static final Duration LEASE = Duration.ofSeconds(60);
    static final Policy POLICY = Policy.defaults()
            .deadline(DEADLINE)
            .retry(Backoff.exponential(Duration.ofSeconds(1), Duration.ofSeconds(1)));

    record Order(long id, String status, long customerId) {}

    record Customer(long id, String name, List<Long> orderIds) {}

    record OrderDocument(long id, String status) {}

    final ManualClock clock = ManualClock.create();
    final InMemoryStore store = InMemoryStore.create(clock);
    final InMemoryEntities entities = InMemoryEntities.create()
            .type(Order.class, Long.class, Order::id)
            .type(Customer.class, Long.class, Customer::id);
    final FakeApi api = new FakeApi();
    final List<Outcome> outcomes = new ArrayList<>();
    final ManualThreads threads = ManualThreads.create();
    private final List<SyncEngine> engines = new ArrayList<>();

    /** An engine and its threads. */
    record Node(SyncEngine engine, ManualThreads threads) {}

    /** An engine whose every step is run by {@link #run()}. */
    SyncEngine start(SyncMachine<?, ?>... machines) {
        return start("node", entities, store, threads, machines);
    }

    /** One more engine with the same content, whose steps are its own; it captures nothing. */
    Node startAnother(String name, Store store, SyncMachine<?, ?>... machines) {
        ManualThreads own = ManualThreads.create();
        return new Node(start(name, new ReadOnly(entities), store, own, machines), own);
    }

    SyncEngine start(
            String name, EntitySource source, Store store, ManualThreads threads, SyncMachine<?, ?>... machines) {
        return start(builder -> builder.machines(machines), name, source, store, threads);
    }

    /** An engine that is told more than which machines it runs. */
    SyncEngine start(UnaryOperator<SyncEngine.Builder> more) {
        return start(more, "node", entities, store, threads);
    }

    /** One more of these, whose steps are its own; it captures nothing. */
    Node startAnother(String name, UnaryOperator<SyncEngine.Builder> more) {
        ManualThreads own = ManualThreads.create();
        return new Node(start(more, name, new ReadOnly(entities), store.another(), own), own);
    }

    SyncEngine start(
            UnaryOperator<SyncEngine.Builder> more,
            String name,
            EntitySource source,
            Store store,
            ManualThreads threads) {
        SyncEngine engine = more.apply(SyncEngine.builder())
                .entities(source)
                .store(store)
                .clock(clock)
                .threads(threads)
                .lease(LEASE)
                .grace(GRACE)
                .name(name)
                .observer(outcomes::addAll)
                .start();
        engines.add(engine);
        return engine;
    }

    /** Orders that are put to the API, and deleted there. */
    SyncMachine<Order, Long> orders() {
        return orders(POLICY);
    }

    SyncMachine<Order, Long> orders(Policy policy) {
        return SyncMachine.define(MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .build(World::document)
                .publish(api::put)
                .onDeletePublication(api::delete)
                .policy(policy)
                .done();
    }

    static OrderDocument document(Order order) {
        return new OrderDocument(order.id(), order.status());
    }

    static String json(long id, String status) {
        return "{\"id\":" + id + ",\"status\":\"" + status + "\"}";
    }

    void save(long id, String status) {
        entities.save(new Order(id, status, 0));
    }

    void delete(long id) {
        entities.delete(Order.class, id);
    }

    /** Runs all that there is to do now. */
    void run() {
        threads.runAll();
    }

    void runAfter(Duration duration) {
        clock.advance(duration);
        run();
    }

    /** How many changes and jobs wait, and how many dead letters there are. */
    static List<Long> counts(SyncEngine engine) {
        SyncEngine.Backlog backlog = engine.backlog();
        return List.of(backlog.changes(), backlog.jobs(), backlog.parked());
    }

    List<Result> results() {
        return outcomes.stream().map(Outcome::result).toList();
    }

    PayloadRecord record(long id) {
        return store.payloads()
                .find(new SubjectKey(Change.DEFAULT_TENANT, MACHINE, Long.toString(id)))
                .orElseThrow();
    }

    @Override
    public void close() {
        engines.forEach(SyncEngine::close);
    }

    /** Entities that another engine captures. */
    record ReadOnly(EntitySource entities) implements EntitySource {

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
        public void capture(ChangeListener listener, Store store) {}

        @Override
        public <E, ID, R> R read(
                String tenant,
                Class<E> type,
                Collection<ID> ids,
                CheckedFunction<? super Map<ID, E>, ? extends R> action)
                throws Exception {
            return entities.read(tenant, type, ids, action);
        }

        @Override
        public <E, ID> List<ID> ids(String tenant, Class<E> type, ID after, int limit) throws Exception {
            return entities.ids(tenant, type, after, limit);
        }

        @Override
        public <E, ID> void write(String tenant, Class<E> type, ID id, Writing<? super E> action) throws Exception {
            entities.write(tenant, type, id, action);
        }

        @Override
        public void close() {}
    }
}
