package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.SyncEngine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.shop.Customer;
import io.syncmachine.jpa.shop.FakeApi;
import io.syncmachine.jpa.shop.Node;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.Shop;
import io.syncmachine.jpa.shop.ShopMachines;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Status;
import jakarta.transaction.Synchronization;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.Transaction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the outbox insert has to do with the commit that it travels with. */
class CommitWritesTest {

    private static final int ORDERS = 10;

    private final TestDatabase database = TestDatabase.create();
    private final HikariDataSource pool = database.anotherPool(5);
    private final Node host = Node.capturing(pool, ShopMachines.orderToApi(new FakeApi()));
    private final Shop shop = host.shop();
    /** The same application without an engine. */
    private final Shop plain = Shop.on(pool);

    @BeforeEach
    void createOrders() {
        plain.inTransaction(manager -> {
            Customer ann = new Customer(1, "Ann", "Yang");
            manager.persist(ann);
            for (int i = 0; i < ORDERS; i++) {
                manager.persist(new Order(10 + i, ann, "new"));
            }
        });
    }

    @AfterEach
    void close() {
        plain.close();
        host.close();
        database.close();
    }

    private static Consumer<EntityManager> pay(long... orders) {
        return manager -> {
            for (long order : orders) {
                manager.find(Order.class, order).setStatus("paid");
            }
        };
    }

    private long rows(String condition) {
        return database.number("select count(*) from sync_machine_outbox where " + condition);
    }

    private long paid() {
        return database.number("select count(*) from orders where status = 'paid'");
    }

    @Test
    void aChangeCostsAStatementAndNoRoundTrip() {
        for (long order = 10;
                order < 10 + ORDERS;
                order++) { // more often than the driver waits before it prepares a statement
            Wire without = Wire.of(plain, pay(order));
            database.execute("update orders set status = 'new'");
            Wire with = Wire.of(shop, pay(order));
            assertThat(with.statements()).isEqualTo(without.statements() + 1);
            assertThat(with.roundTrips()).isEqualTo(without.roundTrips());
            assertThat(paid()).isEqualTo(1);
            assertThat(rows("entity_id = '" + order + "'")).isEqualTo(1);
        }
    }

    @Test
    void manyChangesCostAStatementAndNoRoundTrip() {
        long[] all = {10, 11, 12, 13, 14, 15};
        Wire without = Wire.of(plain, pay(all));
        database.execute("update orders set status = 'new'");
        Wire with = Wire.of(shop, pay(all));
        assertThat(with.statements()).isEqualTo(without.statements() + 1);
        assertThat(with.roundTrips()).isEqualTo(without.roundTrips());
        assertThat(rows("true")).isEqualTo(all.length);
    }

    @Test
    void aChangeThatNoMachineReadsCostsNothing() {
        Wire without = Wire.of(plain, manager -> manager.find(Order.class, 10L).setWarehouseCode("W1"));
        Wire with = Wire.of(shop, manager -> manager.find(Order.class, 10L).setWarehouseCode("W2"));
        assertThat(with).isEqualTo(without);
        assertThat(with.statements()).isPositive();
    }

    /** Hibernate's commit finds nothing left to do, and the connection is as good as before. */
    @Test
    void theConnectionBeginsAnewAfterwards() {
        try (HikariDataSource one = database.anotherPool(1);
                Node node = Node.capturing(one, ShopMachines.orderToApi(new FakeApi()))) {
            node.shop().inTransaction(pay(10));
            node.shop().rollBack(pay(11));
            node.shop().inTransaction(pay(12));
            assertThat(paid()).isEqualTo(2);
            assertThat(rows("entity_id in ('10', '12')")).isEqualTo(2);
            assertThat(rows("true")).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "prepareThreshold=0",
                "prepareThreshold=1",
                "prepareThreshold=-1",
                "preferQueryMode=simple",
                "preferQueryMode=extendedForPrepared",
                "preferQueryMode=extendedCacheEverything",
                "preparedStatementCacheQueries=0",
                "autosave=always",
                "autosave=conservative",
                "cleanupSavepoints=true&autosave=always",
                "reWriteBatchedInserts=true"
            })
    void everySettingOfTheDriverWillDo(String setting) {
        HikariDataSource set = database.anotherPool(2, config -> config.setJdbcUrl(database.url() + "&" + setting));
        try (Node node = Node.capturing(set, ShopMachines.orderToApi(new FakeApi()))) {
            for (long order = 10; order < 10 + ORDERS; order++) {
                node.shop().inTransaction(pay(order));
            }
            node.shop().rollBack(pay(10));
        }
        assertThat(paid()).isEqualTo(ORDERS);
        assertThat(rows("true")).isEqualTo(ORDERS);
    }

    @Test
    void anInsertThatFailsFailsTheTransactionAsBefore() {
        database.execute("alter table sync_machine_outbox rename to away");
        List<Integer> told = new ArrayList<>();
        Throwable failure = catchThrowable(() -> shop.inTransaction(manager -> {
            register(manager, () -> {}, told);
            pay(10).accept(manager);
        }));
        assertThat(failure).hasStackTraceContaining("the changes could not be written to SyncMachine's outbox");
        assertThat(told).hasSize(1).doesNotContain(Status.STATUS_COMMITTED);
        Shop wrapped = Shop.on(new BeforeCommit(pool, () -> {}).dataSource());
        try (SyncEngine engine = capturing(wrapped)) {
            Throwable before = catchThrowable(() -> wrapped.inTransaction(pay(10)));
            assertThat(classes(failure)).isEqualTo(classes(before));
        }
        wrapped.close();
        database.execute("alter table away rename to sync_machine_outbox");
        assertThat(paid()).isZero();
        assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
        shop.inTransaction(pay(10));
        assertThat(rows("entity_id = '10'")).isEqualTo(1);
    }

    private SyncEngine capturing(Shop other) {
        return SyncEngine.builder()
                .machines(ShopMachines.orderToApi(new FakeApi()))
                .entities(JpaEntities.of(other.factory()))
                .store(JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE).build())
                .works(false)
                .start();
    }

    private static List<Class<?>> classes(Throwable failure) {
        List<Class<?>> classes = new ArrayList<>();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            classes.add(cause.getClass());
        }
        return classes;
    }

    @Test
    void aCommitThatFailsIsToldAsWithoutCapture() {
        database.execute("create table paid_once (status text, unique (status) deferrable initially deferred)");
        database.execute("create function pay_once() returns trigger language plpgsql as"
                + " 'begin insert into paid_once values (new.status); return new; end'");
        database.execute("create trigger pay_once after update on orders for each row execute function pay_once()");
        plain.inTransaction(pay(10));
        Throwable without = catchThrowable(() -> plain.inTransaction(pay(11)));
        Throwable with = catchThrowable(() -> shop.inTransaction(pay(11)));
        assertThat(with).hasStackTraceContaining("paid_once");
        assertThat(classes(with)).isEqualTo(classes(without));
        assertThat(paid()).isEqualTo(1);
        assertThat(rows("true")).isZero();
        assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
    }

    @Test
    void whoeverStillPreventsTheCommitPreventsTheInsert() {
        assertThatThrownBy(() -> shop.inTransaction(manager -> {
                    pay(10).accept(manager);
                    register(
                            manager,
                            () -> {
                                throw new IllegalStateException("no");
                            },
                            new ArrayList<>());
                }))
                .hasStackTraceContaining("no");
        assertThat(paid()).isZero();
        assertThat(rows("true")).isZero();
        shop.inTransaction(manager -> manager.find(Order.class, 11L).document());
        assertThat(rows("true")).isZero();
    }

    /** Such as a data source that notes in commit what it has to do for a distributed transaction. */
    @Test
    void whoeverWrapsConnectionsIsAskedBeforeAnythingIsCommitted() {
        BeforeCommit guard = new BeforeCommit(pool, () -> {
            throw new IllegalStateException("not yet");
        });
        Shop guarded = Shop.on(guard.dataSource());
        try (SyncEngine engine = capturing(guarded)) {
            guard.arm();
            assertThatThrownBy(() -> guarded.inTransaction(pay(10))).hasStackTraceContaining("not yet");
            assertThat(paid()).isZero();
            assertThat(rows("true")).isZero();
            guard.disarm();
            guarded.inTransaction(pay(10));
            assertThat(rows("true")).isEqualTo(1);
        }
        guarded.close();
    }

    /** The pool is the innermost one here: what it wraps is not the driver's own connection. */
    @Test
    void whoeverStandsBetweenThePoolAndTheDriverIsAskedToo() {
        BeforeCommit guard = new BeforeCommit(pool, () -> {
            throw new IllegalStateException("not yet");
        });
        DataSource inner = guard.dataSource();
        HikariDataSource outer = database.anotherPool(2, config -> {
            config.setJdbcUrl(null);
            config.setUsername(null);
            config.setDataSource(inner);
        });
        try (Node node = Node.capturing(outer, ShopMachines.orderToApi(new FakeApi()))) {
            guard.arm();
            assertThatThrownBy(() -> node.shop().inTransaction(pay(10))).hasStackTraceContaining("not yet");
            assertThat(paid()).isZero();
            guard.disarm();
        }
    }

    @Test
    void aTransactionWithinTheEndOfAnotherHasItsOwnChanges() {
        shop.inTransaction(manager -> {
            pay(10).accept(manager);
            register(
                    manager,
                    () -> {
                        shop.inTransaction(pay(11));
                        shop.rollBack(pay(12));
                        assertThat(rows("true")).isEqualTo(1);
                    },
                    new ArrayList<>());
        });
        assertThat(rows("entity_id in ('10', '11')")).isEqualTo(2);
        assertThat(rows("true")).isEqualTo(2);
    }

    @Test
    void severalEnginesOfOneUnitAllWrite() {
        try (SyncEngine other = SyncEngine.builder()
                .machines(ShopMachines.orderToApi(new FakeApi()))
                .entities(JpaEntities.of(shop.factory()))
                .store(JdbcStore.builder(pool)
                        .prefix("other_")
                        .schemaMode(SchemaMode.CREATE)
                        .build())
                .works(false)
                .start()) {
            shop.inTransaction(pay(10));
            assertThat(rows("true")).isEqualTo(1);
            assertThat(database.number("select count(*) from other_outbox")).isEqualTo(1);
        }
    }

    @Test
    void sessionsThatShareATransactionWriteWithItsCommit() {
        try (Session session = shop.factory().unwrap(SessionFactory.class).openSession()) {
            session.beginTransaction();
            session.find(Order.class, 10L).setStatus("paid");
            try (Session child = session.sessionWithOptions().connection().openSession()) {
                child.find(Order.class, 11L).setStatus("paid");
                child.flush();
            }
            session.getTransaction().commit();
        }
        assertThat(rows("entity_id in ('10', '11')")).isEqualTo(2);
    }

    @Test
    void aConnectionThatBreaksBeforeTheCommitLeavesNothing() {
        assertThatThrownBy(() -> shop.inTransaction(manager -> {
                    pay(10).accept(manager);
                    long backend = ((Number) manager.createNativeQuery("select pg_backend_pid()")
                                    .getSingleResult())
                            .longValue();
                    register(
                            manager,
                            () -> database.execute("select pg_terminate_backend(" + backend + ")"),
                            new ArrayList<>());
                }))
                .hasStackTraceContaining("SQLException");
        assertThat(paid()).isZero();
        assertThat(rows("true")).isZero();
    }

    @Test
    void aTransactionThatFailedBeforeIsNotCommitted() {
        assertThatThrownBy(() -> shop.inTransaction(manager -> {
                    pay(10).accept(manager);
                    register(
                            manager,
                            () -> manager.unwrap(Session.class).doWork(CommitWritesTest::divideByZero),
                            new ArrayList<>());
                }))
                .hasStackTraceContaining("aborted");
        assertThat(paid()).isZero();
        assertThat(rows("true")).isZero();
    }

    private static void divideByZero(Connection connection) {
        try (Statement statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.execute("select 1/0")).hasMessageContaining("zero");
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void register(EntityManager manager, Runnable beforeCommit, List<Integer> told) {
        Transaction transaction = manager.unwrap(Session.class).getTransaction();
        transaction.registerSynchronization(new Synchronization() {
            @Override
            public void beforeCompletion() {
                beforeCommit.run();
            }

            @Override
            public void afterCompletion(int status) {
                told.add(status);
            }
        });
    }
}
