package io.syncmachine.jdbc;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.Wakeups;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** An outbox table; how rows get into it and out of it is the dialects' business. */
abstract class JdbcOutbox implements TransactionalOutbox {

    /** Between entries of a list in one text. No name holds it, nor does any sensible id: it is a control character. */
    static final String SEPARATOR = "\u001f";

    private final Database database;
    private final Wakeups wakeups;
    private final String lag;
    private final HeldChanges held;

    /**
     * Makes one.
     *
     * @param waiting the microseconds since a change was written, in SQL
     */
    JdbcOutbox(Database database, Wakeups wakeups, String waiting) {
        this.database = database;
        this.wakeups = wakeups;
        this.lag = "select " + waiting + " from ${p}outbox order by id limit 1";
        this.held = new HeldChanges(this, database);
    }

    /** Takes out up to so many committed changes, in the connection's transaction. */
    abstract List<Change> take(Connection connection, int limit) throws SQLException;

    /** Takes up to so many committed changes that no node holds, and holds them; they stay. */
    abstract List<HeldChanges.Row> hold(Connection connection, int limit, Duration hold) throws SQLException;

    /** Holds rows for this long from now. */
    abstract void hold(Connection connection, List<Long> ids, Duration hold) throws SQLException;

    /** Deletes rows. */
    abstract void delete(Connection connection, List<Long> ids) throws SQLException;

    @Override
    public final void append(Collection<Change> changes) {
        if (changes.isEmpty()) {
            return;
        }
        database.call(connection -> {
            append(connection, changes);
            return changes.size();
        });
        committed();
    }

    /** Binds the columns of all rows, one row after the other. */
    static void bind(PreparedStatement statement, Collection<Change> changes) throws SQLException {
        int parameter = 0;
        for (Change change : changes) {
            statement.setString(++parameter, change.tenant());
            statement.setString(++parameter, change.type());
            statement.setString(++parameter, change.id());
            statement.setString(++parameter, change.kind().name());
            statement.setString(++parameter, join(change.changed().encoded()));
            statement.setString(++parameter, join(change.machines()));
            statement.setString(++parameter, change.trace());
        }
    }

    static String join(Collection<String> entries) {
        return String.join(SEPARATOR, entries);
    }

    static List<String> split(String joined) {
        return joined.isEmpty() ? List.of() : Arrays.asList(joined.split(SEPARATOR, -1));
    }

    @Override
    public final void committed() {
        wakeups.committed();
    }

    @Override
    public final Replanning replanning(Connection connection) throws SQLException {
        return database.replanning(connection);
    }

    @Override
    public final int relay(int limit, Router router, JobExecutor jobs) {
        int taken = relayTo(jobs, limit, router);
        if (taken == limit && jobs.capabilities().contains(JobExecutor.Capability.DURABLE)) {
            wakeups.plenty();
        }
        return taken;
    }

    private int relayTo(JobExecutor jobs, int limit, Router router) {
        if (jobs instanceof TransactionalJobs own && own.isIn(database)) {
            return database.inTransaction(connection -> fold(connection, limit, router, own));
        }
        if (jobs.capabilities().contains(JobExecutor.Capability.DURABLE)) {
            return held.handOver(limit, router, jobs);
        }
        synchronized (held) {
            return held.relay(limit, router, jobs);
        }
    }

    private int fold(Connection connection, int limit, Router router, TransactionalJobs jobs) throws SQLException {
        List<Change> changes = take(connection, limit);
        if (!changes.isEmpty()) {
            jobs.enqueue(connection, router.route(changes));
        }
        return changes.size();
    }

    /** A row of tenant, type, id, kind, what changed, machines, and trace. */
    static Change change(ResultSet row) throws SQLException {
        return new Change(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                ChangeKind.valueOf(row.getString(4)),
                ChangedProperties.decoded(split(row.getString(5))),
                Set.copyOf(split(row.getString(6))),
                row.getString(7));
    }

    /** Lets go what this node holds. */
    final void close() {
        synchronized (held) {
            held.close();
        }
    }

    @Override
    public final long depth() {
        return database.number("select count(*) from ${p}outbox");
    }

    @Override
    public final Duration lag() {
        return database.query(lag, statement -> statement, row -> JdbcJobs.micros(row.getLong(1))).stream()
                .findFirst()
                .orElse(Duration.ZERO);
    }
}
