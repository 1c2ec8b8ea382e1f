package io.syncmachine.jdbc;

import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Wakeups;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A change locks its rows in key order, and then changes those that are still parked. */
final class PortableDeadLetters extends JdbcDeadLetters {

    private final Database database;
    private final KeyedTable table;
    private final String parkedFor;
    private final List<String> requeue;

    PortableDeadLetters(Database database, PortableDialect dialect, Wakeups wakeups) {
        super(database, wakeups, sql(dialect));
        this.database = database;
        this.table = PortableJobs.table(database, dialect);
        this.parkedFor = dialect.micros("t.parked_at", dialect.now());
        this.requeue = List.of(
                "t.parked = false",
                "t.parked_at = null",
                "t.refused = null",
                "t.last_failure = null",
                "t.attempts = 0",
                "t.failing_since = null",
                "t.due_at = " + dialect.later(dialect.now(), "r.delay_micros"));
    }

    /** The index on what is due begins with machine and stage: there are few of them, and it knows which. */
    private static Sql sql(PortableDialect dialect) {
        return new Sql(
                "(select machine, stage from ${p}job group by machine, stage) q join ${p}job t" + dialect.using("due")
                        + " on t.machine = q.machine and t.stage = q.stage and t.parked = true",
                dialect.micros("t.failing_since", dialect.now()),
                dialect.micros("t.parked_at", dialect.now()),
                "t.causes");
    }

    @Override
    int makeDue(Map<JobKey, Duration> delays) {
        return database.inTransaction(connection -> {
            Set<JobKey> parked = parked(connection, delays.keySet(), Duration.ZERO);
            table.update(
                    connection,
                    PortableJobs.keys(
                                    delays.entrySet().stream()
                                            .filter(entry -> parked.contains(entry.getKey()))
                                            .toList(),
                                    Map.Entry::getKey)
                            .numbers("delay_micros", entry -> PortableJobs.micros(entry.getValue())),
                    requeue);
            return parked.size();
        });
    }

    @Override
    int delete(Collection<JobKey> keys, Duration parkedFor) {
        return database.inTransaction(connection -> {
            Set<JobKey> parked = parked(connection, keys, parkedFor);
            table.delete(connection, PortableJobs.keys(parked, key -> key));
            return parked.size();
        });
    }

    /** Those that are parked for at least so long, locked. */
    private Set<JobKey> parked(Connection connection, Collection<JobKey> keys, Duration atLeast) throws SQLException {
        return new HashSet<>(table.lock(
                connection,
                PortableJobs.keys(keys.stream().sorted(JobKey.ORDER).toList(), key -> key)
                        .numbers("least_micros", key -> PortableJobs.micros(atLeast)),
                PortableJobs.KEY,
                "t.parked = true and " + parkedFor + " >= r.least_micros",
                JdbcJobs::key));
    }
}
