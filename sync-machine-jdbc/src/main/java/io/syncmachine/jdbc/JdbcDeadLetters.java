package io.syncmachine.jdbc;

import io.syncmachine.spi.DeadLetterStore;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Wakeups;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The parked rows of a job table, as they are read; how they are changed is the dialects' business. */
abstract class JdbcDeadLetters implements DeadLetterStore {

    private static final String KEY = "t.tenant, t.machine, t.stage, t.job_key";
    private static final String IN_ORDER = " order by " + KEY + " limit ?";

    private final Database database;
    private final Wakeups wakeups;
    private final Sql sql;

    /**
     * What a dialect says in its own way.
     *
     * @param parked the job table as t, by an index that finds the parked ones
     * @param failingFor the microseconds since a job failed for the first time
     * @param parkedFor the microseconds since it was parked
     * @param causes its causes as one text
     */
    record Sql(String parked, String failingFor, String parkedFor, String causes) {}

    JdbcDeadLetters(Database database, Wakeups wakeups, Sql sql) {
        this.database = database;
        this.wakeups = wakeups;
        this.sql = sql;
    }

    /** Makes those due that are parked. */
    abstract int makeDue(Map<JobKey, Duration> delays);

    /** Deletes those that are parked for at least so long. */
    abstract int delete(Collection<JobKey> keys, Duration parkedFor);

    /** Conditions, and what binds their parameters. */
    private static final class Where {
        private final List<String> conditions = new ArrayList<>(List.of("t.parked = true"));
        private final List<ArrayStatement.Binder> binders = new ArrayList<>();

        void and(String condition, ArrayStatement.Binder binder) {
            conditions.add(condition);
            binders.add(binder);
        }

        ArrayStatement bind(ArrayStatement statement) throws SQLException {
            for (ArrayStatement.Binder binder : binders) {
                binder.bind(statement);
            }
            return statement;
        }

        @Override
        public String toString() {
            return " where " + String.join(" and ", conditions);
        }
    }

    private Where where(Filter filter) {
        Where where = new Where();
        String tenant = filter.tenant();
        String machine = filter.machine();
        String text = filter.text();
        Duration parkedFor = filter.parkedFor();
        if (tenant != null) {
            where.and("t.tenant = ?", statement -> statement.text(tenant));
        }
        if (machine != null) {
            where.and("t.machine = ?", statement -> statement.text(machine));
        }
        if (text != null) {
            where.and("position(? in t.last_failure) > 0", statement -> statement.text(JdbcJobs.storable(text)));
        }
        if (parkedFor != null) {
            where.and(sql.parkedFor() + " >= ?", statement -> statement.number(ArrayStatement.micros(parkedFor)));
        }
        return where;
    }

    private String select(String refused) {
        return "select " + KEY + ", t.attempts, coalesce(" + sql.failingFor() + ", 0), " + sql.parkedFor()
                + ", t.last_failure, " + sql.causes() + ", " + refused + " from " + sql.parked();
    }

    @Override
    public final List<Letter> list(Filter filter, @Nullable JobKey after, int limit) {
        Where where = where(filter);
        if (after != null) {
            where.and("(" + KEY + ") > (?, ?, ?, ?)", statement -> JdbcJobs.bind(statement, after));
        }
        return database.query(
                select("null") + where + IN_ORDER,
                statement -> where.bind(statement).number(limit),
                JdbcDeadLetters::letter);
    }

    @Override
    public final Optional<Letter> find(JobKey key) {
        Where where = new Where();
        where.and(
                "t.tenant = ? and t.machine = ? and t.stage = ? and t.job_key = ?",
                statement -> JdbcJobs.bind(statement, key));
        return database.query(select("t.refused") + where, where::bind, JdbcDeadLetters::letter).stream()
                .findFirst();
    }

    private static Letter letter(ResultSet row) throws SQLException {
        return new Letter(
                JdbcJobs.key(row),
                row.getInt(5),
                JdbcJobs.micros(row.getLong(6)),
                JdbcJobs.micros(row.getLong(7)),
                row.getString(8),
                row.getString(10),
                JdbcJobs.causes(row.getString(9)));
    }

    @Override
    public final long count(Filter filter) {
        Where where = where(filter);
        return database.query("select count(*) from " + sql.parked() + where, where::bind, row -> row.getLong(1))
                .get(0);
    }

    @Override
    public final int requeue(Map<JobKey, Duration> delays) {
        if (delays.isEmpty()) {
            return 0;
        }
        int count = makeDue(delays);
        wakeups.committed();
        wakeups.plenty();
        return count;
    }

    @Override
    public final int discard(Collection<JobKey> keys) {
        return keys.isEmpty() ? 0 : delete(keys, Duration.ZERO);
    }

    @Override
    public final int purge(Duration parkedFor, int limit) {
        List<JobKey> old = list(Filter.ALL.parkedFor(parkedFor), null, limit).stream()
                .map(Letter::key)
                .toList();
        return old.isEmpty() ? 0 : delete(old, parkedFor);
    }
}
