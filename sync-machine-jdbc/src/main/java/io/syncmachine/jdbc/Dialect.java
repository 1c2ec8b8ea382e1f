package io.syncmachine.jdbc;

import io.syncmachine.spi.Journal;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.Wakeups;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** What one kind of database does in its own way. */
interface Dialect {

    /** Whether a database is of this kind. */
    default boolean isFor(String product, String version) {
        return product().equals(product);
    }

    /** What the driver calls the database. */
    String product();

    /** The oldest version that has all that is needed. */
    Version oldest();

    /** The folder of the schema's scripts. */
    String scripts();

    /** Whether the exception says that a table does not exist. */
    boolean isMissingTable(SQLException e);

    /** Whether the transaction failed for no fault but another one at the same time, and was undone. */
    boolean isWorthAnotherTry(SQLException e);

    /** Makes the transaction that begins read what is committed at each statement. */
    void readCommitted(Connection connection) throws SQLException;

    /**
     * Names the place of a table: the same text on two connections if and only if both would write to the same table of the same
     * running server, a replica being another one. Reads no table, needs no grant and takes no lock.
     *
     * @param table its name, optionally with a schema; it need not exist
     * @return null if the database cannot tell; {@link SameDatabase} finds it out in another way then
     */
    default @Nullable String place(Connection connection, String table) throws SQLException {
        return null;
    }

    /**
     * What must be sent before each statement on the store's own tables, in the same round trip, so that its plan is right whatever the
     * database knows of them: a statement that answers one result; empty for nothing. Called for statements in transactions of the store's own only.
     */
    default String planning() {
        return "";
    }

    /** Has a connection plan each statement when it runs, until the answer is closed. */
    default TransactionalOutbox.Replanning replanning(Connection connection) throws SQLException {
        return () -> {};
    }

    /** A query for the microseconds since the oldest open transaction began, zero if none is; null if the database cannot tell. */
    default @Nullable String oldestTransaction() {
        return null;
    }

    /** The microseconds since 1970 by the database's clock, of when the statement began at the earliest. */
    String clock();

    /** The outbox. */
    JdbcOutbox outbox(Database database, Wakeups wakeups);

    /** The jobs. */
    TransactionalJobs jobs(Database database, Wakeups wakeups);

    /** The payload records. */
    PayloadStore payloads(Database database);

    /** The leases. */
    LeaseStore leases(Database database);

    /** The journal. */
    Journal journal(Database database);

    /** What is known of the machines. */
    MachineRegistry machines(Database database);

    /** How processes wake each other. */
    Wakeups wakeups(Database database);
}
