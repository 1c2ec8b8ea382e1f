package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.spi.Change;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Changes that are written right before a commit, or with it. */
@OnEveryDatabase
@Timeout(60)
class AppendForCommitTest {

    private final TestDatabase database;
    private final JdbcStore store;

    AppendForCommitTest(DatabaseKind kind) {
        database = TestDatabase.create(kind);
        store = JdbcStore.builder(database.dataSource())
                .schemaMode(SchemaMode.CREATE)
                .build();
    }

    @BeforeEach
    void open() {
        database.execute("create table stock (item integer)");
        store.open(() -> {}, false);
    }

    @AfterEach
    void close() {
        store.close();
        database.close();
    }

    private static List<Change> changes(int count) {
        return IntStream.range(0, count).mapToObj(i -> Walk.change("" + i)).toList();
    }

    private static void insert(Connection connection, int item) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("insert into stock values (" + item + ")");
        }
    }

    private long stock() {
        return database.number("select count(*) from stock");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 5, 300})
    void theCallersCommitMakesBothLast(int rows) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            for (int transaction = 1; transaction <= 7; transaction++) {
                insert(connection, transaction);
                store.outbox().appendForCommit(connection, changes(rows));
                connection.commit();
                insert(connection, -transaction);
                connection.rollback();
                assertThat(stock()).isEqualTo(transaction);
                assertThat(store.outbox().depth()).isEqualTo((long) transaction * rows);
            }
        }
        assertThat(store.outbox().relay(10_000, received -> List.of(), store.jobs()))
                .isEqualTo(7 * rows);
    }

    @Test
    void aTransactionThatHasDoneNothingElseIsCommittedToo() throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            store.outbox().appendForCommit(connection, changes(1));
            connection.commit();
        }
        assertThat(store.outbox().depth()).isEqualTo(1);
    }

    @Test
    void noChangesCommitNothing() throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            insert(connection, 1);
            store.outbox().appendForCommit(connection, List.of());
            connection.rollback();
        }
        assertThat(stock()).isZero();
    }

    @Test
    void whatCannotBeWrittenIsToldAndCanBeRolledBack() throws SQLException {
        TransactionalOutbox outbox = store.outbox();
        database.execute("drop table sync_machine_outbox");
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            insert(connection, 1);
            assertThatThrownBy(() -> outbox.appendForCommit(connection, changes(1)))
                    .isInstanceOf(JdbcStoreException.class)
                    .cause()
                    .isInstanceOf(SQLException.class);
            connection.rollback();
            insert(connection, 2);
            connection.commit();
        }
        assertThat(database.number("select min(item) from stock")).isEqualTo(2);
    }
}
