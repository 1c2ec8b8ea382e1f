package io.syncmachine.jdbc;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobRequest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * Insert-only for the host. Rows become visible in the order of commits and not of ids; so the relay takes whatever it can lock, and
 * deletes what it took.
 */
final class PostgresOutbox implements TransactionalOutbox {

    /** Between entries of a list in one text. No name holds it, nor does any sensible id: it is a control character. */
    static final String SEPARATOR = "\u001f";

    private static final String APPEND = """
            insert into ${p}outbox (tenant, type, entity_id, kind, changed, machines, trace)
            select * from unnest(?, ?, ?, ?, ?, ?, ?)""";
    private static final String TAKE = """
            with taken as (select id from ${p}outbox order by id limit ? for update skip locked)
            delete from ${p}outbox o using taken t where o.id = t.id
            returning o.tenant, o.type, o.entity_id, o.kind, o.changed, o.machines, o.trace""";

    private final Database database;
    private final Wakeups wakeups;

    PostgresOutbox(Database database, Wakeups wakeups) {
        this.database = database;
        this.wakeups = wakeups;
    }

    @Override
    public void append(Collection<Change> changes) {
        if (changes.isEmpty()) {
            return;
        }
        database.call(connection -> {
            append(connection, changes);
            return changes.size();
        });
        committed();
    }

    @Override
    public void append(Connection connection, Collection<Change> changes) throws SQLException {
        if (changes.isEmpty()) {
            return;
        }
        try (ArrayStatement statement = new ArrayStatement(connection, database.sql(APPEND))) {
            statement
                    .texts(changes, Change::tenant)
                    .texts(changes, Change::type)
                    .texts(changes, Change::id)
                    .texts(changes, change -> change.kind().name())
                    .texts(changes, change -> join(change.changed().encoded()))
                    .texts(changes, change -> join(change.machines()))
                    .texts(changes, Change::trace)
                    .update();
        }
    }

    static String join(Collection<String> entries) {
        return String.join(SEPARATOR, entries);
    }

    static List<String> split(String joined) {
        return joined.isEmpty() ? List.of() : Arrays.asList(joined.split(SEPARATOR, -1));
    }

    @Override
    public void committed() {
        wakeups.committed();
    }

    @Override
    public int relay(int limit, Router router, JobExecutor jobs) {
        if (!jobs.capabilities().contains(JobExecutor.Capability.DURABLE)) {
            throw new IllegalStateException("changes in a database cannot become jobs of " + jobs
                    + ", which forgets them in a crash: use durable jobs");
        }
        int taken = database.inTransaction(connection -> {
            List<Change> changes;
            try (ArrayStatement statement = new ArrayStatement(connection, database.sql(TAKE))) {
                changes = statement.number(limit).query(PostgresOutbox::change);
            }
            if (!changes.isEmpty()) {
                enqueue(connection, router.route(changes), jobs);
            }
            return changes.size();
        });
        if (taken == limit) {
            wakeups.plenty();
        }
        return taken;
    }

    private void enqueue(Connection connection, List<JobRequest> requests, JobExecutor jobs) throws SQLException {
        if (jobs instanceof PostgresJobs own && own.isIn(database)) {
            own.enqueue(connection, requests);
        } else {
            jobs.enqueue(requests);
        }
    }

    private static Change change(ResultSet row) throws SQLException {
        return new Change(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                ChangeKind.valueOf(row.getString(4)),
                ChangedProperties.decoded(split(row.getString(5))),
                Set.copyOf(split(row.getString(6))),
                row.getString(7));
    }

    @Override
    public long depth() {
        return database.number("select count(*) from ${p}outbox");
    }
}
