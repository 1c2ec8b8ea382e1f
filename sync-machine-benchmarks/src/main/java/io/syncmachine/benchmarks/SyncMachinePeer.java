package io.syncmachine.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.Policy;
import io.syncmachine.SubjectIds;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.http.HttpDestination;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.JpaEntities;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Stream;
import org.hibernate.jpa.AvailableHints;

/** SyncMachine with its default settings, and a settle time if wanted; the journal is on. */
final class SyncMachinePeer implements Peer {

    /** Quiet periods. */
    private static final int LONGEST = 6;

    private static final int PAGE = 1_000;

    private final HttpDestination api;
    private final SyncEngine engine;

    SyncMachinePeer(Setting setting, EntityManagerFactory factory, HikariDataSource pool) {
        api = HttpDestination.to(setting.api().toString())
                .put("/orders/{id}")
                .delete("/orders/{id}")
                .build();
        Duration quiet = Duration.ofSeconds(setting.quietSeconds());
        Policy policy = Policy.defaults().inFlight(setting.inFlight());
        engine = SyncEngine.builder()
                .machines(machine(
                        factory,
                        setting.quietSeconds() > 0 ? policy.settle(quiet, quiet.multipliedBy(LONGEST)) : policy))
                .entities(JpaEntities.of(factory)
                        .loading(Order.class, "select o from Order o join fetch o.customer where o.id in :ids"))
                .store(JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE).build())
                .works(setting.works())
                .start();
    }

    private SyncMachine<Order, Long> machine(EntityManagerFactory factory, Policy policy) {
        return SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class, "status", "customer")
                .listenTo(
                        Customer.class,
                        Set.of("firstName", "lastName"),
                        SubjectIds.stream(customer -> orderIds(factory, customer)))
                .build(OrderDocument::of)
                .publish(api)
                .policy(policy)
                .done();
    }

    /** By a cursor, so that as many as there are take no memory. */
    private static Stream<Long> orderIds(EntityManagerFactory factory, Customer customer) {
        EntityManager entities = factory.createEntityManager();
        entities.getTransaction().begin();
        return entities.createQuery("select o.id from Order o where o.customer.id = :id", Long.class)
                .setParameter("id", customer.getId())
                .setHint(AvailableHints.HINT_FETCH_SIZE, PAGE)
                .getResultStream()
                .onClose(() -> {
                    entities.getTransaction().rollback();
                    entities.close();
                });
    }

    @Override
    public boolean wantsToBeTold() {
        return false;
    }

    @Override
    public boolean isIdle() {
        return engine.backlog().isEmpty();
    }

    @Override
    public void close() {
        engine.close();
        api.close();
    }
}
