package io.syncmachine.jdbc;

import io.syncmachine.spi.Journal;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.Wakeups;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import org.postgresql.PGConnection;

/** PostgreSQL 12 and newer: every step is one statement over arrays. */
final class PostgresDialect implements Dialect {

    private static final String UNDEFINED_TABLE = "42P01";
    private static final String INVALID_SCHEMA = "3F000";
    /**
     * Every statement finds its rows by an index, one by one for the items of a batch, or in the index's order. A planner that has seen the
     * tables nearly empty takes other ways for as good, and they are slower by orders of magnitude once the tables are large. With
     * these settings, which are the transaction's alone, no other way is left, and plans may be kept. That a batch is not joined to all that an
     * index holds, its statements see to themselves: the first column of the index is compared with {@code any(array[…])}, for which the
     * planner knows no other join.
     */
    private static final String PLANNING = """
            select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
                set_config('plan_cache_mode', 'force_generic_plan', true);
            """;
    /** A failed serialization; a deadlock. */
    private static final Set<String> TRY_AGAIN = Set.of("40001", "40P01");

    private static final String PLACE = """
            select (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text || ' ' || current_database()
                || ' ' || coalesce(to_regclass(?)::oid::text, 'nothing')""";

    /** Of other users' sessions, it tells only those who may know; of transactions that are prepared, everybody. */
    private static final String OLDEST_TRANSACTION = """
            select coalesce((extract(epoch from clock_timestamp() - min(t.began)) * 1000000)::bigint, 0) from (
                select xact_start from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
                union all
                select prepared from pg_prepared_xacts where database = current_database()) as t(began)""";

    @Override
    public String planning() {
        return PLANNING;
    }

    @Override
    public TransactionalOutbox.Replanning replanning(Connection connection) throws SQLException {
        if (!connection.isWrapperFor(PGConnection.class)) {
            return () -> {};
        }
        PGConnection own = connection.unwrap(PGConnection.class);
        int before = own.getPrepareThreshold();
        own.setPrepareThreshold(0);
        return () -> own.setPrepareThreshold(before);
    }

    @Override
    public String product() {
        return "PostgreSQL";
    }

    @Override
    public Version oldest() {
        return new Version(12, 0);
    }

    @Override
    public String scripts() {
        return "postgresql";
    }

    @Override
    public boolean isMissingTable(SQLException e) {
        return UNDEFINED_TABLE.equals(e.getSQLState()) || INVALID_SCHEMA.equals(e.getSQLState());
    }

    /** The server's start, which no other server shares to the microsecond, the database, and the table's number in it. */
    @Override
    public String place(Connection connection, String table) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(PLACE)) {
            statement.setString(1, table);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    @Override
    public boolean isWorthAnotherTry(SQLException e) {
        return e.getSQLState() != null && TRY_AGAIN.contains(e.getSQLState());
    }

    /** Of this transaction alone: nothing of the session is changed, so that a pooler may give it to others. */
    @Override
    public void readCommitted(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set transaction isolation level read committed");
        }
    }

    @Override
    public String oldestTransaction() {
        return OLDEST_TRANSACTION;
    }

    @Override
    public String clock() {
        return "(extract(epoch from clock_timestamp()) * 1000000)::bigint";
    }

    @Override
    public JdbcOutbox outbox(Database database, Wakeups wakeups) {
        return new PostgresOutbox(database, wakeups);
    }

    @Override
    public TransactionalJobs jobs(Database database, Wakeups wakeups) {
        return new PostgresJobs(database, wakeups);
    }

    @Override
    public PayloadStore payloads(Database database) {
        return new PostgresPayloads(database);
    }

    @Override
    public LeaseStore leases(Database database) {
        return new PostgresLeases(database);
    }

    @Override
    public Journal journal(Database database) {
        return new PostgresJournal(database);
    }

    @Override
    public MachineRegistry machines(Database database) {
        return new PostgresMachines(database);
    }

    @Override
    public Wakeups wakeups(Database database) {
        return new PostgresWakeups(database);
    }
}
