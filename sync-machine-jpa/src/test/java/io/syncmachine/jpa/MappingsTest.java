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
import jakarta.persistence.IdClass;
import jakarta.persistence.ManyToOne;
import java.io.Serializable;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Entities as they may be mapped, listened to or not. */
class MappingsTest {

    private final TestDatabase database = TestDatabase.create();
    private final List<String> calls = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        database.close();
    }

    @Entity(name = "Pair")
    @IdClass(PairKey.class)
    static class Pair {
        @Id
        Long a;

        @Id
        Long b;

        String name;
    }

    /** The id of a pair. */
    record PairKey(Long a, Long b) implements Serializable {}

    @Entity(name = "Loose")
    static class Loose implements Serializable {
        private static final long serialVersionUID = 1L;

        @Id
        Long a;

        @Id
        Long b;
    }

    @Entity(name = "Letter")
    static class Letter {
        @Id
        char code;

        String name;
    }

    @Entity(name = "Text")
    static class Text {
        @Id
        Long id;

        @ManyToOne
        @Nullable
        Letter initial;
    }

    @Entity(name = "Account")
    static class Account {
        @Id
        BigDecimal number;

        String owner;
    }

    private SessionFactory factory(Class<?>... entities) {
        Configuration configuration = new Configuration();
        List.of(entities).forEach(configuration::addAnnotatedClass);
        configuration.getProperties().put("jakarta.persistence.nonJtaDataSource", database.dataSource());
        configuration.setProperty("hibernate.hbm2ddl.auto", "update");
        return configuration.buildSessionFactory();
    }

    private SyncEngine start(SessionFactory factory, SyncMachine<?, ?> machine) {
        return SyncEngine.builder()
                .machines(machine)
                .entities(JpaEntities.of(factory))
                .store(JdbcStore.builder(database.dataSource())
                        .schemaMode(SchemaMode.CREATE)
                        .build())
                .start();
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

    @Test
    void idsOfSeveralAttributesWithAClass() {
        try (SessionFactory factory = factory(Pair.class);
                SyncEngine engine = start(
                        factory,
                        SyncMachine.define("pairs", Pair.class, PairKey.class)
                                .listenTo(Pair.class)
                                .build(pair -> pair.name)
                                .publish((pair, name) -> calls.add("put " + name))
                                .onDelete(id -> calls.add("delete " + id))
                                .done())) {
            inTransaction(factory, manager -> {
                Pair pair = new Pair();
                pair.a = 1L;
                pair.b = 2L;
                pair.name = "one";
                manager.persist(pair);
            });
            settle(engine);
            inTransaction(factory, manager -> manager.remove(manager.find(Pair.class, new PairKey(1L, 2L))));
            settle(engine);
        }
        assertThat(calls).containsExactly("put one", "delete PairKey[a=1, b=2]");
    }

    @Test
    void idsOfSeveralAttributesWithoutAClassDoNotDisturb() {
        try (SessionFactory factory = factory(Loose.class, Account.class)) {
            assertThat(JpaEntities.of(factory).describe(Account.class).names()).containsExactly("Account");
        }
    }

    @Test
    void idsOfAPrimitiveTypeDoNotDisturbTheHost() {
        try (SessionFactory factory = factory(Text.class, Letter.class);
                SyncEngine engine = start(
                        factory,
                        SyncMachine.define("texts", Text.class, Long.class)
                                .listenTo(Text.class)
                                .build(text -> text.initial == null ? "none" : text.initial.name)
                                .publish((text, name) -> calls.add(name))
                                .done())) {
            inTransaction(factory, manager -> {
                Letter letter = new Letter();
                letter.code = 'a';
                letter.name = "alpha";
                manager.persist(letter);
                Text text = new Text();
                text.id = 1L;
                text.initial = letter;
                manager.persist(text);
            });
            settle(engine);
            inTransaction(factory, manager -> manager.find(Text.class, 1L).initial = null);
            settle(engine);
        }
        assertThat(calls).containsExactly("alpha", "none");
    }

    @Test
    void anEntityIsNotTakenForDeletedIfItsIdIsReadInAnotherForm() {
        try (SessionFactory factory = factory(Account.class);
                SyncEngine engine = start(
                        factory,
                        SyncMachine.define("accounts", Account.class, BigDecimal.class)
                                .listenTo(Account.class)
                                .build(account -> account.owner)
                                .publish((account, owner) -> calls.add("put " + owner))
                                .onDelete(id -> calls.add("delete " + id))
                                .done())) {
            inTransaction(factory, manager -> {
                Account account = new Account();
                account.number = new BigDecimal("5");
                account.owner = "Ada";
                manager.persist(account);
            });
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() ->
                            database.number("select count(*) from sync_machine_job where last_failure like '%equals%'")
                                    == 1);
            assertThat(calls).isEmpty();
        }
    }
}
