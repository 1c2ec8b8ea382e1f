package io.syncmachine.jdbc;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofNanos;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.testing.CountingDataSource;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a store does with a data source, whatever it is like. */
@OnEveryDatabase
class JdbcStoreTest {

    private final TestDatabase database;
    private final JdbcStore store;

    JdbcStoreTest(DatabaseKind kind) {
        database = TestDatabase.create(kind);
        store = JdbcStore.builder(database.dataSource())
                .schemaMode(SchemaMode.CREATE)
                .build();
    }

    @AfterEach
    void close() {
        store.close();
        database.close();
    }

    @Test
    void isForOneEngineAtATime() {
        store.open(() -> {}, true);

        assertThatThrownBy(() -> store.open(() -> {}, true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("another");
    }

    @Test
    void wakesTheNextEngineThatIsGivenIt() {
        store.open(() -> {}, true);
        store.close();
        AtomicInteger wakes = new AtomicInteger();

        store.open(wakes::incrementAndGet, true);
        store.outbox().append(List.of(Walk.change("1")));

        await().atMost(Duration.ofSeconds(20)).until(() -> wakes.get() > 0);
    }

    /** Whatever the pool's connections are like when they are taken, they are like that when they are given back. */
    @ParameterizedTest
    @ValueSource(strings = {"TRANSACTION_REPEATABLE_READ", "TRANSACTION_SERIALIZABLE", "TRANSACTION_READ_COMMITTED"})
    void isIndifferentToThePoolsIsolationLevelAndAutoCommit(String isolation) throws Exception {
        HikariDataSource pool = database.anotherPool(4, config -> {
            config.setTransactionIsolation(isolation);
            config.setAutoCommit(false);
        });
        try (JdbcStore other = JdbcStore.builder(pool)
                .schemaMode(SchemaMode.CREATE)
                .wakeUps(false)
                .build()) {
            other.open(() -> {}, true);
            Walk.through(other, 50);
            Walk.together(other, 4);
        }
        for (int i = 0; i < 4; i++) {
            try (Connection connection = pool.getConnection()) {
                assertThat(connection.getTransactionIsolation()).isEqualTo(level(isolation));
                assertThat(connection.getAutoCommit()).isFalse();
            }
        }
    }

    private static int level(String name) throws ReflectiveOperationException {
        return Connection.class.getField(name).getInt(null);
    }

    /** Nor the relay for a host: it leaves what is not committed. */
    @Test
    @Timeout(30)
    void aHostDoesNotWaitForARelay() throws SQLException {
        store.open(() -> {}, true);
        store.outbox().append(List.of(Walk.change("1"), Walk.change("2")));
        try (Connection host = database.dataSource().getConnection()) {
            host.setAutoCommit(false);
            store.outbox().append(host, List.of(Walk.change("3")));

            int taken = store.outbox()
                    .relay(
                            10,
                            changes -> {
                                store.outbox().append(List.of(Walk.change("4")));
                                return List.of();
                            },
                            store.jobs());

            assertThat(taken).isEqualTo(2);
            host.commit();
        }
        assertThat(store.outbox().depth()).isEqualTo(2);
    }

    @Test
    @Timeout(30)
    void aHostIsOneStatementHoweverMuchItChanges() throws SQLException {
        store.open(() -> {}, true);
        CountingDataSource counting = new CountingDataSource(database.dataSource());
        try (Connection host = counting.dataSource().getConnection()) {
            host.setAutoCommit(false);
            store.outbox()
                    .append(
                            host,
                            IntStream.range(0, 3_000)
                                    .mapToObj(i -> Walk.change("" + i))
                                    .toList());
            host.commit();
        }
        assertThat(counting.statements()).hasSize(1);
        assertThat(store.outbox().depth()).isEqualTo(3_000);
    }

    /** The zone of a session changes how its database shows times, not how long they last. */
    @Test
    void sessionsMayBeInDifferentTimeZones() {
        store.open(() -> {}, true);
        Walk.enqueue(store, "1");
        assertThat(Walk.claim(store)).hasSize(1);
        store.outbox().append(List.of(Walk.change("1")));
        HikariDataSource elsewhere = database.anotherPool(2, config -> config.setConnectionInitSql(otherZone()));
        try (JdbcStore other = JdbcStore.builder(elsewhere).wakeUps(false).build()) {
            other.open(() -> {}, true);

            assertThat(other.outbox().lag()).isLessThan(ofMinutes(10));
            assertThat(Walk.claim(other)).isEmpty();
            Walk.enqueue(other, "2");
            assertThat(Walk.claim(store)).hasSize(1);
        }
    }

    /** Whatever the zones of sessions are. */
    @Test
    void tellsHowLongTheOldestTransactionIsOpen() throws SQLException {
        store.open(() -> {}, true);
        HikariDataSource elsewhere = database.anotherPool(1, config -> config.setConnectionInitSql(otherZone()));
        JdbcStore other = JdbcStore.builder(elsewhere).wakeUps(false).build();
        try (Connection host = database.dataSource().getConnection()) {
            host.setAutoCommit(false);
            store.outbox().append(host, List.of(Walk.change("1")));

            if (database.kind() == DatabaseKind.H2) {
                assertThat(other.oldestTransaction()).isEmpty();
            } else {
                assertThat(other.oldestTransaction())
                        .hasValueSatisfying(open -> assertThat(open).isBetween(ofNanos(1), ofMinutes(10)));
            }
            host.rollback();
        }
        if (database.kind() == DatabaseKind.POSTGRESQL) {
            assertThat(other.oldestTransaction()).contains(Duration.ZERO);
        }
    }

    private String otherZone() {
        return database.kind().isLikeMySql() ? "set time_zone = '+13:00'" : "set time zone 'Pacific/Kiritimati'";
    }

    @Test
    void tellsNoTransactionWhereItMayNotSeeThem() {
        assumeThat(database.kind().isLikeMySql()).isTrue();
        database.execute("drop user if exists shop_nobody");
        database.execute("create user shop_nobody identified by 'secret'");
        database.execute("create table seen_by_nobody (id int)");
        database.execute("grant select on seen_by_nobody to shop_nobody");

        JdbcStore nobody = JdbcStore.builder(database.anotherPool(1, "shop_nobody", "secret"))
                .wakeUps(false)
                .build();

        assertThat(nobody.oldestTransaction()).isEmpty();
    }

    @Test
    void knowsItsDatabaseFromAnother() {
        store.open(() -> {}, true);
        store.requireSameDatabase(lender(database.anotherPool(1)));
        try (TestDatabase other = TestDatabase.create(database.kind());
                JdbcStore there = JdbcStore.builder(other.dataSource())
                        .schemaMode(SchemaMode.CREATE)
                        .build()) {
            there.open(() -> {}, true);
            assertThatThrownBy(() -> store.requireSameDatabase(lender(other.dataSource())))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("data source of the entities");
        }
    }

    private static JdbcStore.Lender lender(DataSource dataSource) {
        return borrower -> {
            try (Connection connection = dataSource.getConnection()) {
                borrower.use(connection);
            }
        };
    }

    /** A pooler that gives each transaction another session, as PgBouncer does in its transaction mode. */
    @Test
    void needsNothingOfASession() throws Exception {
        try (TransactionPooler pooler = new TransactionPooler(database);
                JdbcStore other = JdbcStore.builder(pooler.dataSource())
                        .schemaMode(SchemaMode.CREATE)
                        .wakeUps(false)
                        .build()) {
            other.open(() -> {}, true);
            Walk.through(other, 50);
            Walk.together(other, 2);
            assertThat(pooler.transactions()).isGreaterThan(10);
        }
    }
}
