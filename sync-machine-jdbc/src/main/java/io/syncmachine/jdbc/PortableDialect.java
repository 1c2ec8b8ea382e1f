package io.syncmachine.jdbc;

import io.syncmachine.spi.Journal;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.Wakeups;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;

/**
 * A database that has FOR UPDATE SKIP LOCKED and can join a batch of values: a step locks the rows of its batch, decides in Java,
 * and writes them, with one statement each. What differs between such databases is how to say it.
 */
abstract class PortableDialect implements Dialect {

    /** The batch as a table r, with parameters for its values. */
    abstract String rows(Rows<?> rows);

    /** Sets the parameters of {@link #rows}, which come first in every statement. */
    abstract void bind(PreparedStatement statement, Rows<?> rows) throws SQLException;

    /** Whether a key's column is, byte for byte, what the batch says. */
    abstract String same(String column, String value, Rows.Type type);

    /** The batch joined with a table t, whose rows are read in the order of the batch. */
    abstract String joined(String table, String same, Rows<?> rows);

    /** Inserts rows for those keys that have none. */
    abstract String makeMissing(String table, List<String> key, List<String> columns, String values, Rows<?> rows);

    /** Updates the rows of the batch. */
    abstract String update(String table, String same, String assignments, Rows<?> rows);

    /** Deletes the rows of the batch. */
    abstract String delete(String table, String same, Rows<?> rows);

    /** The time, in a zone that no session's settings can change. */
    abstract String now();

    /** A time so many microseconds later. */
    abstract String later(String time, String micros);

    /** The microseconds from one time to another. */
    abstract String micros(String from, String until);

    /** The microseconds from the epoch of 1970 to a time. */
    abstract String sinceEpoch(String time);

    /** What makes the next query on a table use this index, where it might not by itself. */
    abstract String using(String index);

    @Override
    public String clock() {
        return sinceEpoch(now());
    }

    @Override
    public JdbcOutbox outbox(Database database, Wakeups wakeups) {
        return new PortableOutbox(database, this, wakeups);
    }

    @Override
    public TransactionalJobs jobs(Database database, Wakeups wakeups) {
        return new PortableJobs(database, this, wakeups);
    }

    @Override
    public PayloadStore payloads(Database database) {
        return new PortablePayloads(database, this);
    }

    @Override
    public LeaseStore leases(Database database) {
        return new PortableLeases(database, this);
    }

    @Override
    public Journal journal(Database database) {
        return new PortableJournal(database, this);
    }

    @Override
    public MachineRegistry machines(Database database) {
        return new PortableMachines(database, this);
    }

    /** None between processes. */
    @Override
    public Wakeups wakeups(Database database) {
        return new LocalWakeups();
    }
}
