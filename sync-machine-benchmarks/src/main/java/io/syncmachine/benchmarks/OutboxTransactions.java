package io.syncmachine.benchmarks;

import com.gruelbox.transactionoutbox.NoTransactionActiveException;
import com.gruelbox.transactionoutbox.ThreadLocalContextTransactionManager;
import com.gruelbox.transactionoutbox.ThrowingTransactionalSupplier;
import com.gruelbox.transactionoutbox.Transaction;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Lets transaction-outbox take part in transactions that Hibernate begins and ends, as its module for Spring does in Spring's. */
final class OutboxTransactions implements ThreadLocalContextTransactionManager {

    private static final ThreadLocal<@Nullable Open> CURRENT = new ThreadLocal<>();

    private final DataSource pool;

    /** One of them. */
    static final class Open implements Transaction {

        private final Connection connection;
        private final Map<String, PreparedStatement> batches = new LinkedHashMap<>();
        private final List<Runnable> hooks = new ArrayList<>();

        private Open(Connection connection) {
            this.connection = connection;
        }

        @Override
        public Connection connection() {
            return connection;
        }

        @Override
        public PreparedStatement prepareBatchStatement(String sql) {
            return batches.computeIfAbsent(sql, text -> {
                try {
                    return connection.prepareStatement(text);
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
        }

        @Override
        public void addPostCommitHook(Runnable hook) {
            hooks.add(hook);
        }

        private void flush() throws SQLException {
            for (PreparedStatement batch : batches.values()) {
                batch.executeBatch();
                batch.close();
            }
            batches.clear();
        }

        /** To be called when it is. */
        void committed() {
            hooks.forEach(Runnable::run);
        }
    }

    OutboxTransactions(DataSource pool) {
        this.pool = pool;
    }

    /** Schedules something in a transaction that somebody else commits. */
    Open join(Connection connection, Runnable schedule) throws SQLException {
        Open open = new Open(connection);
        CURRENT.set(open);
        try {
            schedule.run();
            open.flush();
        } finally {
            CURRENT.remove();
        }
        return open;
    }

    @Override
    public <T, E extends Exception> T inTransactionReturnsThrows(ThrowingTransactionalSupplier<T, E> work) throws E {
        Open outer = CURRENT.get();
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            Open open = new Open(connection);
            CURRENT.set(open);
            T result;
            try {
                result = work.doWork(open);
                open.flush();
                connection.commit();
            } catch (Throwable e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
                CURRENT.set(outer);
            }
            open.committed();
            return result;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public <T, E extends Exception> T requireTransactionReturns(ThrowingTransactionalSupplier<T, E> work)
            throws E, NoTransactionActiveException {
        Open open = CURRENT.get();
        if (open == null) {
            throw new NoTransactionActiveException();
        }
        return work.doWork(open);
    }
}
