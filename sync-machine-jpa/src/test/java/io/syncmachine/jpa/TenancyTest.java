package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.Id;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.TenantId;
import org.hibernate.cfg.Configuration;
import org.hibernate.context.spi.CurrentTenantIdentifierResolver;
import org.hibernate.engine.jdbc.connections.spi.MultiTenantConnectionProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tenants that Hibernate knows, and tenants that only the application knows. */
class TenancyTest {

    private final TestDatabase database = TestDatabase.create();
    private final List<String> calls = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        database.close();
    }

    @Entity(name = "Note")
    static class Note {
        @Id
        Long id;

        @TenantId
        String owner;

        String text;
    }

    @Entity(name = "Memo")
    static class Memo {
        @Id
        Long id;

        String owner;
        String text;
    }

    /** Answers what a test says, and knows one tenant that sees all. */
    static final class Current implements CurrentTenantIdentifierResolver<String> {
        static volatile String tenant = "red";

        @Override
        public String resolveCurrentTenantIdentifier() {
            return tenant;
        }

        @Override
        public boolean validateExistingCurrentSessions() {
            return false;
        }

        @Override
        public boolean isRoot(String tenantId) {
            return tenantId.equals("root");
        }
    }

    /** A schema for each tenant. */
    static final class Schemas implements MultiTenantConnectionProvider<String> {

        private static final long serialVersionUID = 1L;
        private final transient DataSource dataSource;

        Schemas(DataSource dataSource) {
            this.dataSource = dataSource;
        }

        @Override
        public Connection getAnyConnection() throws SQLException {
            return getConnection("red");
        }

        @Override
        public void releaseAnyConnection(Connection connection) throws SQLException {
            releaseConnection("red", connection);
        }

        @Override
        public Connection getConnection(String tenant) throws SQLException {
            Connection connection = dataSource.getConnection();
            try (Statement statement = connection.createStatement()) {
                statement.execute("set search_path to " + tenant);
            }
            return connection;
        }

        @Override
        public void releaseConnection(String tenant, Connection connection) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.execute("set search_path to public");
            }
            connection.close();
        }

        @Override
        public boolean supportsAggressiveRelease() {
            return false;
        }

        @Override
        public boolean isUnwrappableAs(Class<?> type) {
            return false;
        }

        @Override
        public <T> T unwrap(Class<T> type) {
            throw new UnsupportedOperationException();
        }
    }

    private SessionFactory factory(Class<?> entity, Consumer<Properties> more) {
        Configuration configuration = new Configuration().addAnnotatedClass(entity);
        configuration.getProperties().put("jakarta.persistence.nonJtaDataSource", database.dataSource());
        configuration.setProperty("hibernate.hbm2ddl.auto", "update");
        more.accept(configuration.getProperties());
        return configuration.buildSessionFactory();
    }

    private SyncEngine start(JpaEntities entities, SyncMachine<?, ?> machine, String prefix) {
        return SyncEngine.builder()
                .machines(machine)
                .entities(entities)
                .store(JdbcStore.builder(database.dataSource())
                        .prefix(prefix)
                        .schemaMode(SchemaMode.CREATE)
                        .build())
                .start();
    }

    private SyncMachine<Note, Long> notes() {
        return SyncMachine.define("notes", Note.class, Long.class)
                .listenTo(Note.class)
                .build(note -> note.owner + ":" + note.text)
                .publish(publication -> {
                    calls.add(publication.tenant() + " put " + publication.document());
                })
                .onDeletePublication(publication -> calls.add(publication.tenant() + " delete " + publication.id()))
                .done();
    }

    private SyncMachine<Memo, Long> memos() {
        return SyncMachine.define("memos", Memo.class, Long.class)
                .listenTo(Memo.class)
                .build(memo -> memo.text)
                .publish(publication -> {
                    calls.add(publication.tenant() + " put " + publication.document());
                })
                .onDeletePublication(publication -> calls.add(publication.tenant() + " delete " + publication.id()))
                .done();
    }

    private static void as(SessionFactory factory, String tenant, Consumer<EntityManager> work) {
        Current.tenant = tenant;
        inTransaction(factory, work);
        Current.tenant = "nobody";
    }

    private static void inTransaction(SessionFactory factory, Consumer<EntityManager> work) {
        try (EntityManager manager = factory.createEntityManager()) {
            manager.getTransaction().begin();
            work.accept(manager);
            manager.getTransaction().commit();
        }
    }

    private static void settle(SyncEngine engine) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> engine.backlog().isEmpty());
    }

    private static Note note(long id, String text) {
        Note note = new Note();
        note.id = id;
        note.text = text;
        return note;
    }

    private static Memo memo(long id, String owner, String text) {
        Memo memo = new Memo();
        memo.id = id;
        memo.owner = owner;
        memo.text = text;
        return memo;
    }

    @Test
    void areThoseOfAnAttribute() {
        try (SessionFactory factory = factory(
                        Note.class,
                        properties -> properties.put("hibernate.tenant_identifier_resolver", new Current()));
                SyncEngine engine = start(JpaEntities.of(factory), notes(), "sync_machine_")) {
            as(factory, "red", manager -> manager.persist(note(1, "one")));
            as(factory, "blue", manager -> manager.persist(note(2, "two")));
            settle(engine);
            assertThat(calls).containsExactlyInAnyOrder("red put red:one", "blue put blue:two");
            calls.clear();

            as(factory, "blue", manager -> engine.in(manager).changed(Note.class, List.of(1L)));
            settle(engine);
            assertThat(calls).isEmpty(); // blue has no note 1

            as(factory, "root", manager -> manager.find(Note.class, 1L).text = "changed by root");
            settle(engine);
            assertThat(calls).containsExactly("red put red:changed by root");
            calls.clear();

            as(factory, "red", manager -> manager.remove(manager.find(Note.class, 1L)));
            settle(engine);
            assertThat(calls).containsExactly("red delete 1");
        }
    }

    @Test
    void areThoseOfASchema() {
        for (String tenant : List.of("red", "blue")) {
            database.execute("create schema " + tenant);
            database.execute(
                    "create table " + tenant + ".memo (id bigint primary key, owner varchar(255), text varchar(255))");
        }
        try (SessionFactory factory = factory(Memo.class, properties -> {
                    properties.put("hibernate.hbm2ddl.auto", "none");
                    properties.put("hibernate.multi_tenant_connection_provider", new Schemas(database.dataSource()));
                    properties.put("hibernate.tenant_identifier_resolver", new Current());
                });
                SyncEngine engine = start(JpaEntities.of(factory), memos(), "public.sync_machine_")) {
            as(factory, "red", manager -> manager.persist(memo(1, "x", "of red")));
            as(factory, "blue", manager -> manager.persist(memo(1, "x", "of blue")));
            settle(engine);
            assertThat(calls).containsExactlyInAnyOrder("red put of red", "blue put of blue");
            calls.clear();

            as(factory, "blue", manager -> manager.remove(manager.find(Memo.class, 1L)));
            settle(engine);
            assertThat(calls).containsExactly("blue delete 1");
        }
    }

    @Test
    void areToldByAFunction() {
        try (SessionFactory factory = factory(Memo.class, properties -> {});
                SyncEngine engine =
                        start(JpaEntities.of(factory, entity -> ((Memo) entity).owner), memos(), "sync_machine_")) {
            inTransaction(factory, manager -> {
                manager.persist(memo(1, "red", "one"));
                manager.persist(memo(2, "blue", "two"));
            });
            settle(engine);
            assertThat(calls).containsExactlyInAnyOrder("red put one", "blue put two");
            calls.clear();

            inTransaction(factory, manager -> manager.find(Memo.class, 2L).text = "three");
            settle(engine);
            inTransaction(factory, manager -> manager.remove(manager.find(Memo.class, 1L)));
            settle(engine);
            assertThat(calls).containsExactly("blue put three", "red delete 1");
        }
    }
}
