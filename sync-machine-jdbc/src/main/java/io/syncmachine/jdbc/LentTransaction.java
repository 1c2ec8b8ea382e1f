package io.syncmachine.jdbc;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A transaction, read committed or better, that is rolled back in the end unless it is committed before. Its connection can be lent to anybody: on it, closing,
 * ending the transaction and changing its settings do nothing, for libraries do such things to every connection that they are given.
 */
final class LentTransaction implements AutoCloseable {

    private static final Set<String> IGNORED =
            Set.of("close", "commit", "setAutoCommit", "setReadOnly", "setTransactionIsolation");

    private final Connection own;
    private final Connection lent;
    private final boolean autoCommit;
    private final boolean raised;
    private final int isolation;

    /**
     * Begins one on a connection, which it leaves open.
     *
     * @param raise whether the connection's isolation level is too low, see {@link #isTooLow}
     */
    LentTransaction(Connection own, boolean raise) throws SQLException {
        this.own = own;
        this.raised = raise;
        this.isolation = raise ? own.getTransactionIsolation() : Connection.TRANSACTION_NONE;
        this.autoCommit = own.getAutoCommit();
        if (!autoCommit) {
            own.rollback(); // what somebody left on it must not be what is read
        }
        if (raise) {
            own.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        }
        if (autoCommit) {
            own.setAutoCommit(false);
        }
        this.lent = (Connection) Proxy.newProxyInstance(
                LentTransaction.class.getClassLoader(), new Class<?>[] {Connection.class}, new Borrowed(own));
    }

    /** Whether a connection shows what is not committed; asking costs a round trip. */
    static boolean isTooLow(Connection connection) throws SQLException {
        return connection.getTransactionIsolation() < Connection.TRANSACTION_READ_COMMITTED;
    }

    /** To be lent. */
    Connection connection() {
        return lent;
    }

    void commit() throws SQLException {
        own.commit();
    }

    @Override
    public void close() throws SQLException {
        own.rollback();
        if (raised) {
            own.setTransactionIsolation(isolation);
        }
        if (autoCommit) {
            own.setAutoCommit(true);
        }
    }

    /** The connection as the borrower sees it. */
    private record Borrowed(Connection own) implements InvocationHandler {

        @Override
        public @Nullable Object invoke(Object self, Method method, Object @Nullable [] arguments) throws Throwable {
            String name = method.getName();
            if (IGNORED.contains(name) || (name.equals("rollback") && arguments == null)) {
                return null;
            }
            if (name.equals("equals") && arguments != null) {
                return self == arguments[0];
            }
            try {
                return method.invoke(own, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }
    }
}
