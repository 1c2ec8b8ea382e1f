package io.syncmachine.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;
import org.postgresql.jdbc.AutoSave;
import org.postgresql.jdbc.PreferQueryMode;

/** Tells on which connections a commit may be sent as SQL, together with the statement before it. */
final class PostgresConnections {

    private static final String HIKARI = "com.zaxxer.hikari.pool.";

    private PostgresConnections() {}

    /**
     * The driver's own connection, if its transaction is open and a commit by SQL is to everybody the same as one by JDBC: the driver learns from
     * the server that the transaction is over, and HikariCP does not care. Others that wrap connections may act before a commit,
     * or not let it happen, and there is no way to ask them; so do the driver's own, where they belong to a distributed transaction.
     *
     * @return null if not
     */
    static @Nullable BaseConnection ready(Connection connection) throws SQLException {
        Connection inner = connection;
        if (connection.getClass().getName().startsWith(HIKARI)) {
            inner = connection.unwrap(Connection.class);
        }
        return inner instanceof BaseConnection driver && isReady(driver) ? driver : null;
    }

    private static boolean isReady(BaseConnection driver) throws SQLException {
        return !driver.getAutoCommit()
                && driver.getTransactionState() == TransactionState.OPEN
                && driver.getAutosave() == AutoSave.NEVER
                && driver.getPreferQueryMode() != PreferQueryMode.SIMPLE;
    }
}
