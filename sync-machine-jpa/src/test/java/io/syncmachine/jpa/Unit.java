package io.syncmachine.jpa;

import static org.awaitility.Awaitility.await;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.EntityManager;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;
import org.hibernate.cfg.Configuration;

/** A persistence unit of some entities, and the engines on it. */
final class Unit implements AutoCloseable {

    static final String PREFIX = "sync_machine_";

    final TestDatabase database;
    final SessionFactory factory;
    private final List<SyncEngine> engines = new CopyOnWriteArrayList<>();

    private Unit(TestDatabase database, SessionFactory factory) {
        this.database = database;
        this.factory = factory;
    }

    static Unit of(TestDatabase database, Class<?>... entities) {
        return of(database, Map.of(), entities);
    }

    static Unit of(TestDatabase database, Map<String, Object> settings, Class<?>... entities) {
        Configuration configuration = new Configuration();
        List.of(entities).forEach(configuration::addAnnotatedClass);
        configuration.getProperties().put("jakarta.persistence.nonJtaDataSource", database.dataSource());
        configuration.setProperty("hibernate.hbm2ddl.auto", "update");
        configuration.getProperties().putAll(settings);
        return new Unit(database, configuration.buildSessionFactory());
    }

    static Unit of(TestDatabase database, SessionFactory factory) {
        return new Unit(database, factory);
    }

    /** An engine that publishes. */
    SyncEngine work(SyncMachine<?, ?>... machines) {
        return start(PREFIX, true, machines);
    }

    /** An engine that captures only. */
    SyncEngine capture(SyncMachine<?, ?>... machines) {
        return start(PREFIX, false, machines);
    }

    SyncEngine start(String prefix, boolean works, SyncMachine<?, ?>... machines) {
        SyncEngine engine = SyncEngine.builder()
                .machines(machines)
                .entities(JpaEntities.of(factory))
                .store(JdbcStore.builder(database.dataSource())
                        .prefix(prefix)
                        .schemaMode(SchemaMode.CREATE)
                        .build())
                .works(works)
                .start();
        engines.add(engine);
        return engine;
    }

    /** The first engine. */
    SyncEngine engine() {
        return engines.get(0);
    }

    void inTransaction(Consumer<EntityManager> work) {
        try (EntityManager manager = factory.createEntityManager()) {
            manager.getTransaction().begin();
            work.accept(manager);
            manager.getTransaction().commit();
        }
    }

    void stateless(Consumer<StatelessSession> work) {
        try (StatelessSession session = factory.openStatelessSession()) {
            session.beginTransaction();
            work.accept(session);
            session.getTransaction().commit();
        }
    }

    /** Waits until nothing is left to do. */
    void settle() {
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(5))
                .until(() ->
                        engines.stream().allMatch(engine -> engine.backlog().isEmpty()));
    }

    /** How many rows the outbox holds. */
    long rows(String condition) {
        return database.number("select count(*) from " + PREFIX + "outbox where " + condition);
    }

    /** What the outbox holds, as lines of type, id, kind and changed properties; it is empty afterwards. */
    List<String> take() {
        List<String> lines = new ArrayList<>();
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select type || ' ' || entity_id || ' ' || kind || ' ' || "
                        + "replace(changed, chr(31), ',') from " + PREFIX + "outbox order by 1")) {
            while (row.next()) {
                lines.add(row.getString(1));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        database.execute("delete from " + PREFIX + "outbox");
        return lines;
    }

    /** How many rows the outbox holds, which is empty afterwards. */
    long take(String condition) {
        long rows = rows(condition);
        database.execute("delete from " + PREFIX + "outbox");
        return rows;
    }

    @Override
    public void close() {
        engines.forEach(SyncEngine::close);
        factory.close();
    }
}
