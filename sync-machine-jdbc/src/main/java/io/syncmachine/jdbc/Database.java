package io.syncmachine.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A data source, and how to run statements on it: read committed, and again after a deadlock. */
final class Database {

    private static final int MAX_TRIES = 5;
    /** The transaction that the current thread's calls join. */
    private static final ThreadLocal<@Nullable Together> TOGETHER = new ThreadLocal<>();

    private final DataSource dataSource;
    private final Dialect dialect;
    private final String prefix;
    private volatile boolean setIsolation;

    /** Work on a connection. */
    @FunctionalInterface
    interface Work<R> {
        R on(Connection connection) throws SQLException;
    }

    Database(DataSource dataSource, Dialect dialect, String prefix) {
        this.dataSource = dataSource;
        this.dialect = dialect;
        this.prefix = prefix;
    }

    /** The SQL with the tables' prefix in it. */
    String sql(String template) {
        return template.replace("${p}", prefix);
    }

    String prefix() {
        return prefix;
    }

    DataSource dataSource() {
        return dataSource;
    }

    /** Finds out whether each transaction must set its isolation level; asking each connection would cost a round trip. */
    void learnIsolation() {
        setIsolation =
                call(connection -> connection.getTransactionIsolation() != Connection.TRANSACTION_READ_COMMITTED);
    }

    /** Runs work that is one statement, in a transaction of its own. */
    <R> R call(Work<R> work) {
        Connection joined = joined();
        if (joined != null) {
            return join(joined, work);
        }
        if (setIsolation) {
            return inTransaction(work);
        }
        return tryAgain(() -> {
            try (Connection connection = dataSource.getConnection()) {
                if (!connection.getAutoCommit()) {
                    return commit(connection, work, false);
                }
                return work.on(connection);
            }
        });
    }

    /** A statement over arrays on the store's tables, in a transaction of its own. */
    ArrayStatement statement(Connection connection, String template) throws SQLException {
        return new ArrayStatement(connection, dialect.planning(), sql(template));
    }

    /** Has a connection plan each statement when it runs. */
    TransactionalOutbox.Replanning replanning(Connection connection) throws SQLException {
        return dialect.replanning(connection);
    }

    /** Runs a statement over arrays, and answers its rows. */
    <R> List<R> query(String template, ArrayStatement.Binder parameters, ArrayStatement.RowReader<R> reader) {
        return call(connection -> {
            try (ArrayStatement statement = statement(connection, template)) {
                return parameters.bind(statement).query(reader);
            }
        });
    }

    /** Runs a statement that answers one number. */
    long number(String template) {
        return query(template, statement -> statement, row -> row.getLong(1)).get(0);
    }

    /** Runs work that is several statements, in one transaction. */
    <R> R inTransaction(Work<R> work) {
        Connection joined = joined();
        if (joined != null) {
            return join(joined, work);
        }
        return tryAgain(() -> {
            try (Connection connection = dataSource.getConnection()) {
                boolean autoCommit = connection.getAutoCommit();
                if (autoCommit) {
                    connection.setAutoCommit(false);
                }
                return commit(connection, work, autoCommit);
            }
        });
    }

    private <R> R commit(Connection connection, Work<R> work, boolean autoCommit) throws SQLException {
        boolean committed = false;
        try {
            if (setIsolation) {
                dialect.readCommitted(connection);
            }
            R result = work.on(connection);
            connection.commit();
            committed = true;
            return result;
        } finally {
            leave(connection, committed, autoCommit);
        }
    }

    /** Runs calls of this thread in one transaction: what they do on this database joins it. */
    void together(Runnable calls) {
        inTransaction(connection -> {
            TOGETHER.set(new Together(this, connection));
            try {
                calls.run();
                return true;
            } catch (Joined e) {
                throw e.failure;
            } finally {
                TOGETHER.remove();
            }
        });
    }

    private record Together(Database database, Connection connection) {}

    private @Nullable Connection joined() {
        Together together = TOGETHER.get();
        return together != null && together.database() == this ? together.connection() : null;
    }

    private static <R> R join(Connection connection, Work<R> work) {
        try {
            return work.on(connection);
        } catch (SQLException e) {
            throw new Joined(e);
        }
    }

    /** Carries a failure out of a call that joined a transaction, to where that is tried again. */
    private static final class Joined extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final SQLException failure;

        Joined(SQLException failure) {
            super(failure);
            this.failure = failure;
        }
    }

    private static void leave(Connection connection, boolean committed, boolean autoCommit) throws SQLException {
        if (!committed) {
            connection.rollback();
        }
        if (autoCommit) {
            connection.setAutoCommit(true);
        }
    }

    private interface Attempt<R> {
        R run() throws SQLException;
    }

    private <R> R tryAgain(Attempt<R> attempt) {
        SQLException last = null;
        for (int i = 0; i < MAX_TRIES; i++) {
            try {
                return attempt.run();
            } catch (SQLException e) {
                last = e;
                if (!dialect.isWorthAnotherTry(e)) {
                    break;
                }
            }
        }
        throw new JdbcStoreException(last == null ? new SQLException("not tried") : last);
    }
}
