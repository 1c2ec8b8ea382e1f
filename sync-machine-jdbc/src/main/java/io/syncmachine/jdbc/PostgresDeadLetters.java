package io.syncmachine.jdbc;

import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Wakeups;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;

/** Each change is one statement; it locks its rows in key order, and leaves those that are parked no more. */
final class PostgresDeadLetters extends JdbcDeadLetters {

    private static final String PARKED_FOR = since("t.parked_at");
    private static final Sql SQL =
            new Sql("${p}job t", since("t.failing_since"), PARKED_FOR, "array_to_string(t.causes, chr(31))");
    private static final String IS_ONE =
            " where j.job_key = any(array[m.job_key]) and j.machine = m.machine and j.tenant = m.tenant and j.stage = m.stage";
    private static final String REQUEUE = """
            with m as (
                select t.tenant, t.machine, t.stage, t.job_key, c.delay from ${p}job t
                join unnest(?, ?, ?, ?, ?) as c(tenant, machine, stage, job_key, delay)
                    on t.job_key = any(array[c.job_key]) and t.machine = c.machine and t.tenant = c.tenant and t.stage = c.stage
                where t.parked
                order by c.job_key collate "C", c.machine collate "C", c.tenant collate "C", c.stage for update of t)
            update ${p}job j set
                parked = false, parked_at = null, refused = null, last_failure = null, attempts = 0, failing_since = null,
                due_at = now() + m.delay * interval '1 microsecond'
            from m""" + IS_ONE;
    private static final String DELETE = """
            with m as (
                select t.tenant, t.machine, t.stage, t.job_key from ${p}job t
                join unnest(?, ?, ?, ?) as c(tenant, machine, stage, job_key)
                    on t.job_key = any(array[c.job_key]) and t.machine = c.machine and t.tenant = c.tenant and t.stage = c.stage
                where t.parked and\s""" + PARKED_FOR + """
             >= ?
                order by c.job_key collate "C", c.machine collate "C", c.tenant collate "C", c.stage for update of t)
            delete from ${p}job j using m""" + IS_ONE;

    private final Database database;

    PostgresDeadLetters(Database database, Wakeups wakeups) {
        super(database, wakeups, SQL);
        this.database = database;
    }

    private static String since(String time) {
        return "(extract(epoch from now() - " + time + ") * 1000000)::bigint";
    }

    @Override
    int makeDue(Map<JobKey, Duration> delays) {
        return change(REQUEUE, delays.keySet(), statement -> statement.longs(delays.values(), ArrayStatement::micros));
    }

    @Override
    int delete(Collection<JobKey> keys, Duration parkedFor) {
        return change(DELETE, keys, statement -> statement.number(ArrayStatement.micros(parkedFor)));
    }

    private int change(String sql, Collection<JobKey> keys, ArrayStatement.Binder further) {
        return database.call(connection -> {
            try (ArrayStatement statement = database.statement(connection, sql)) {
                return further.bind(PostgresJobs.keys(statement, keys, key -> key))
                        .update();
            }
        });
    }
}
