package io.syncmachine.jdbc;

import io.syncmachine.event.Cause;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.Settle;
import io.syncmachine.spi.Stage;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A job table, as it is read; how jobs are changed is the dialects' business. */
abstract class JdbcJobs implements TransactionalJobs {

    private static final String FIND = """
            select case when t.token is not null and t.lease_until > %s then 1 else 0 end, t.parked,
                coalesce(%s, 0), t.attempts, t.last_failure, %s, case when t.settle_by is null then 0 else 1 end
            from ${p}job t where t.tenant = ? and t.machine = ? and t.stage = ? and t.job_key = ?""";

    /** Says in three ways where a page begins: each database is led into the index by another one of them. */
    private static final String WAITING = """
            select t.tenant, t.machine, t.stage, t.job_key from ${p}job t
            where t.machine = ? and t.stage = ? and t.parked = false and (t.token is null or t.lease_until <= %s)
                and t.tenant >= ? and (t.tenant > ? or t.tenant = ? and t.job_key > ?)
                and (t.tenant, t.machine, t.stage, t.job_key) > (?, ?, ?, ?)
            order by t.tenant, t.machine, t.stage, t.job_key limit ?""";

    private final Database database;
    private final JdbcDeadLetters deadLetters;
    private final String find;
    private final String waiting;

    /**
     * Makes one.
     *
     * @param now the time, in SQL
     * @param untilDue the microseconds until a job is due, in SQL
     * @param causes the causes as one text, in SQL
     */
    JdbcJobs(Database database, JdbcDeadLetters deadLetters, String now, String untilDue, String causes) {
        this.database = database;
        this.deadLetters = deadLetters;
        this.find = FIND.formatted(now, untilDue, causes);
        this.waiting = WAITING.formatted(now);
    }

    @Override
    public final boolean isIn(Database other) {
        return database == other;
    }

    @Override
    public final Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    public final Optional<JobStatus> find(JobKey key) {
        return database.query(find, statement -> bind(statement, key), JdbcJobs::status).stream()
                .findFirst();
    }

    @Override
    public final List<JobKey> waiting(String machine, Stage stage, @Nullable JobKey after, int limit) {
        JobKey begin = after == null ? new JobKey("", machine, stage, "") : after;
        return database.query(
                waiting,
                statement -> bind(
                                statement
                                        .text(machine)
                                        .number(number(stage))
                                        .text(begin.tenant())
                                        .text(begin.tenant())
                                        .text(begin.tenant())
                                        .text(begin.key()),
                                begin)
                        .number(limit),
                JdbcJobs::key);
    }

    static ArrayStatement bind(ArrayStatement statement, JobKey key) throws SQLException {
        return statement
                .text(key.tenant())
                .text(key.machine())
                .number(number(key.stage()))
                .text(key.key());
    }

    private static JobStatus status(ResultSet row) throws SQLException {
        boolean running = row.getInt(1) == 1;
        boolean parked = row.getBoolean(2);
        Duration dueIn = running || parked ? Duration.ZERO : micros(row.getLong(3));
        boolean settling = row.getInt(7) == 1 && !dueIn.isZero();
        return new JobStatus(
                running, parked, dueIn, row.getInt(4), row.getString(5), causes(row.getString(6)), settling);
    }

    @Override
    public final Map<String, Long> backlogs() {
        Map<String, Long> backlogs = new HashMap<>();
        database.query(
                "select machine, count(*) from ${p}job where parked = false group by machine",
                statement -> statement,
                row -> backlogs.put(row.getString(1), row.getLong(2)));
        return backlogs;
    }

    @Override
    public final long backlog() {
        return database.number("select count(*) from ${p}job where parked = false");
    }

    @Override
    public final JdbcDeadLetters deadLetters() {
        return deadLetters;
    }

    /** One request per key. */
    static Collection<JobRequest> folded(Collection<JobRequest> requests) {
        Map<JobKey, JobRequest> byKey = new HashMap<>();
        for (JobRequest request : requests) {
            byKey.merge(request.key(), request, JobRequest::union);
        }
        return byKey.values();
    }

    /** The key in the first four columns of a row. */
    static JobKey key(ResultSet row) throws SQLException {
        return new JobKey(row.getString(1), row.getString(2), Stage.of(row.getInt(3)), row.getString(4));
    }

    static long number(Stage stage) {
        return stage.number();
    }

    static long number(Lane lane) {
        return lane == Lane.LIVE ? 0 : 1;
    }

    /** In microseconds. */
    static @Nullable Long quiet(@Nullable Settle settle) {
        return settle == null ? null : Long.valueOf(ArrayStatement.micros(settle.quiet()));
    }

    /** In microseconds. */
    static @Nullable Long longest(@Nullable Settle settle) {
        return settle == null ? null : Long.valueOf(ArrayStatement.micros(settle.longest()));
    }

    static String join(Collection<Cause> causes) {
        return storable(JdbcOutbox.join(causes.stream().map(Cause::encoded).toList()));
    }

    static List<Cause> causes(String joined) {
        return JdbcOutbox.split(joined).stream()
                .flatMap(form -> Cause.decoded(form).stream())
                .limit(Cause.MOST)
                .toList();
    }

    /** A reason may quote an answer of the API, with anything in it; PostgreSQL takes any character but this one. */
    static String storable(String reason) {
        return reason.replace('\0', '\uFFFD');
    }

    /** A time that has passed, or will; none if it is negative. */
    static Duration micros(long micros) {
        return Duration.ofNanos(Math.max(micros, 0) * 1_000);
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + "[" + database.prefix() + "]";
    }
}
