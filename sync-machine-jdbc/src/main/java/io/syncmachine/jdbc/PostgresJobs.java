package io.syncmachine.jdbc;

import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Wakeups;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Jobs in a table. Statements that lock several rows lock them in key order, so that they cannot deadlock. A job that is done is
 * deleted; its next request makes a new row, and a new claim of that draws a new token from the sequence, so that no old claim can
 * be taken for it.
 */
final class PostgresJobs extends JdbcJobs {

    /** What is inserted is due at once or settles; a row that waits, or is to run again, moves only where both it and the request settle. */
    private static final String ENQUEUE = """
            insert into ${p}job as j (tenant, machine, stage, job_key, due_at, settle_by, changed, lane, causes)
            select r.tenant, r.machine, r.stage, r.job_key, now() + coalesce(r.quiet, 0) * interval '1 microsecond',
                now() + r.longest * interval '1 microsecond', string_to_array(r.changed, chr(31)), r.lane,
                string_to_array(r.causes, chr(31))
            from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?)
                as r(tenant, machine, stage, job_key, changed, lane, causes, quiet, longest)
            order by r.job_key collate "C", r.machine collate "C", r.tenant collate "C", r.stage
            on conflict (job_key, machine, tenant, stage) do update set
                requested = j.requested + 1,
                lane = least(j.lane, excluded.lane),
                causes = case when j.causes @> excluded.causes then j.causes
                    else (j.causes || excluded.causes)[1:%d] end,
                changed = case when j.changed @> excluded.changed then j.changed else
                    (select array_agg(distinct c.entry) from unnest(j.changed || excluded.changed) as c(entry)) end,
                due_at = case
                    when j.parked then case when excluded.changed <> '{}' then excluded.due_at else j.due_at end
                    when j.requested = j.claimed and excluded.settle_by is not null then excluded.due_at
                    when j.settle_by is null then j.due_at
                    when excluded.settle_by is null then least(j.due_at, excluded.due_at)
                    else greatest(j.due_at, least(j.settle_by, excluded.due_at)) end,
                settle_by = case
                    when j.parked then case when excluded.changed <> '{}' then excluded.settle_by end
                    when j.requested = j.claimed then excluded.settle_by
                    when excluded.settle_by is not null then j.settle_by end,
                attempts = case when j.parked and excluded.changed <> '{}' then 0 else j.attempts end,
                failing_since = case when j.parked and excluded.changed <> '{}' then null else j.failing_since end,
                parked_at = case when j.parked and excluded.changed <> '{}' then null else j.parked_at end,
                refused = case when j.parked and excluded.changed <> '{}' then null else j.refused end,
                parked = j.parked and excluded.changed = '{}'""".formatted(2 * Cause.MOST);
    /** Those that are due become the owner's. */
    private static final String CLAIMED = """
            claimed as (
                update ${p}job j set
                    token = nextval('${p}fence'), claimed = j.requested, owner = ?, attempts = j.attempts + 1,
                    lease_until = now() + ? * interval '1 microsecond', settle_by = null
                from due d
                where j.ctid = d.ctid
                returning j.tenant, j.machine, j.stage, j.job_key, j.token, j.attempts,
                    coalesce((extract(epoch from now() - j.failing_since) * 1000000)::bigint, 0) as failing_for,
                    array_to_string(j.changed, chr(31)) as changed, array_to_string(j.causes, chr(31)) as causes,
                    j.lane, j.due_at)
            """;
    /**
     * Goes from tenant to tenant over the index, and takes of each lane of each tenant an equal share at most. The answer's first
     * row tells how far it went, the others are claims. Rows are found again by their place, which cannot change once they are locked; one
     * that was requested again just before that is left for the next claim.
     */
    private static final String CLAIM = """
            with recursive t as (
                (select j.tenant, 1 as n from ${p}job j
                    where j.machine = ? and j.stage = ? and not j.parked and j.tenant > ? order by j.tenant limit 1)
                union all
                select n.tenant, t.n + 1 from t cross join lateral (
                    select j.tenant from ${p}job j
                    where j.machine = ? and j.stage = ? and not j.parked and j.tenant > t.tenant
                    order by j.tenant limit 1) n
                where t.n < %d),
            share as (
                select greatest(? / greatest(count(*), 1), 1) as size, count(*) as visited, max(tenant) as latest from t),
            due as (
                select d.* from t cross join (values (0), (1)) as l(lane) cross join share cross join lateral (
                    select j.ctid from ${p}job j
                    where j.machine = ? and j.stage = ? and not j.parked and j.tenant = t.tenant and j.lane = l.lane
                        and j.due_at <= now() and (j.lease_until is null or j.lease_until <= now())
                    order by j.due_at limit share.size for update skip locked) d
                order by l.lane, t.n limit ?),
            """.formatted(Turns.MOST_TENANTS) + CLAIMED + """
            select null::text as tenant, null::text as machine, null::smallint as stage, share.latest as job_key,
                share.visited as token, null::integer as attempts, null::bigint as failing_for, null::text as changed,
                null::text as causes, -1::smallint as lane, null::timestamptz as due_at
            from share
            union all select * from claimed order by lane, due_at""";
    /** The same where there is only this tenant, as nearly everywhere: much less to plan. The first row tells the first and the last tenant. */
    private static final String CLAIM_OF_ONE = """
            with due as (
                select d.* from (values (0), (1)) as l(lane) cross join lateral (
                    select j.ctid from ${p}job j
                    where j.machine = ? and j.stage = ? and not j.parked and j.tenant = ? and j.lane = l.lane
                        and j.due_at <= now() and (j.lease_until is null or j.lease_until <= now())
                    order by j.due_at limit ? for update skip locked) d
                order by l.lane limit ?),
            """ + CLAIMED + """
            select null::text as tenant,
                (select j.tenant from ${p}job j where j.machine = ? and j.stage = ? and not j.parked
                    order by j.tenant limit 1) as machine,
                null::smallint as stage,
                (select j.tenant from ${p}job j where j.machine = ? and j.stage = ? and not j.parked
                    order by j.tenant desc limit 1) as job_key,
                null::bigint as token, null::integer as attempts, null::bigint as failing_for, null::text as changed,
                null::text as causes, -1::smallint as lane, null::timestamptz as due_at
            union all select * from claimed order by lane, due_at""";

    private static final String NOT_REQUESTED_AGAIN = " j.requested = j.claimed and";
    private static final String IS_HELD = """
             j.job_key = any(array[m.job_key]) and j.machine = m.machine and j.tenant = m.tenant and j.stage = m.stage
                and j.token = m.token
            returning m.token""";
    private static final String COMPLETE =
            "delete from ${p}job j using " + claims() + " m where" + NOT_REQUESTED_AGAIN + IS_HELD;
    private static final String RUN_AGAIN = held("told") + """
            update ${p}job j set
                token = null, claimed = null, owner = null, lease_until = null,
                attempts = 0, failing_since = null, last_failure = null, causes = j.causes[m.told + 1:]
            from m where""" + IS_HELD;
    /** Goes from queue to queue over the index, and takes of each what has been due longest and is not claimed. */
    private static final String LONGEST_DUE = """
            with recursive q as (
                (select j.machine, j.stage, j.tenant, j.lane from ${p}job j
                    where not j.parked order by j.machine, j.stage, j.tenant, j.lane limit 1)
                union all
                select n.* from q cross join lateral (
                    select j.machine, j.stage, j.tenant, j.lane from ${p}job j
                    where not j.parked and (j.machine, j.stage, j.tenant, j.lane) > (q.machine, q.stage, q.tenant, q.lane)
                    order by j.machine, j.stage, j.tenant, j.lane limit 1) n)
            select coalesce((extract(epoch from now() - min(greatest(d.due_at, d.lease_until))) * 1000000)::bigint, 0)
            from q cross join lateral (
                select j.due_at, j.lease_until from ${p}job j
                where j.machine = q.machine and j.stage = q.stage and j.tenant = q.tenant and j.lane = q.lane
                    and not j.parked and j.due_at <= now() and (j.lease_until is null or j.lease_until <= now())
                order by j.due_at limit 1) d""";

    /** The same of one machine and stage, up to the first. */
    private static final String ANY_DUE = """
            with recursive q as (
                (select j.tenant, j.lane from ${p}job j
                    where j.machine = ? and j.stage = ? and not j.parked order by j.tenant, j.lane limit 1)
                union all
                select n.* from q cross join lateral (
                    select j.tenant, j.lane from ${p}job j
                    where j.machine = ? and j.stage = ? and not j.parked and (j.tenant, j.lane) > (q.tenant, q.lane)
                    order by j.tenant, j.lane limit 1) n)
            select 1 from q cross join lateral (
                select 1 from ${p}job j
                where j.machine = ? and j.stage = ? and j.tenant = q.tenant and j.lane = q.lane
                    and not j.parked and j.due_at <= now() and (j.lease_until is null or j.lease_until <= now())
                order by j.due_at limit 1) d
            limit 1""";

    private static final String ERASE = """
            update ${p}job j set last_failure = null, refused = null
            where j.tenant = ? and j.machine = ? and j.stage = ? and j.job_key = ? returning 1""";
    private static final String RELEASE = held("delay", "counts", "reason") + """
            update ${p}job j set
                token = null, claimed = null, owner = null, lease_until = null,
                due_at = now() + m.delay * interval '1 microsecond', settle_by = null,
                attempts = case when m.counts then j.attempts else j.attempts - 1 end,
                failing_since = case when m.counts then coalesce(j.failing_since, now())
                    else j.failing_since + m.delay * interval '1 microsecond' end,
                last_failure = m.reason
            from m where""" + IS_HELD;
    private static final String PARK = held("failure", "refused") + """
            update ${p}job j set
                token = null, claimed = null, owner = null, lease_until = null, parked = true,
                parked_at = now(), refused = m.refused,
                failing_since = coalesce(j.failing_since, now()), last_failure = m.failure
            from m where""" + NOT_REQUESTED_AGAIN + IS_HELD;
    private static final String RENEW =
            held() + "update ${p}job j set lease_until = now() + ? * interval '1 microsecond' from m where" + IS_HELD;

    private final Database database;
    private final Turns turns = new Turns();
    /** The tenant of a queue in which there was no other one when all were looked at. */
    private final Map<Queue, String> onlyTenants = new ConcurrentHashMap<>();

    private record Queue(String machine, Stage stage) {}

    PostgresJobs(Database database, Wakeups wakeups) {
        super(
                database,
                new PostgresDeadLetters(database, wakeups),
                "now()",
                "(extract(epoch from t.due_at - now()) * 1000000)::bigint",
                "array_to_string(t.causes, chr(31))");
        this.database = database;
    }

    /** The claims of a batch with what else is said of each, in the order of their jobs' keys. */
    private static String claims(String... further) {
        List<String> columns = new ArrayList<>(List.of("tenant", "machine", "stage", "job_key", "token"));
        columns.addAll(List.of(further));
        return "(select * from unnest(" + String.join(", ", Collections.nCopies(columns.size(), "?")) + ") as c("
                + String.join(", ", columns)
                + ") order by c.job_key collate \"C\", c.machine collate \"C\", c.tenant collate \"C\", c.stage)";
    }

    /** Those whose jobs they still hold, locked in that order: all of them, for those that are not settled run again. */
    private static String held(String... further) {
        return "with m as (select c.* from " + claims(further) + """
                 c join ${p}job j
                    on j.job_key = any(array[c.job_key]) and j.machine = c.machine and j.tenant = c.tenant and j.stage = c.stage
                    where j.token = c.token
                    order by c.job_key collate "C", c.machine collate "C", c.tenant collate "C", c.stage for update of j)
                """;
    }

    @Override
    public void enqueue(Collection<JobRequest> requests) {
        database.call(connection -> {
            enqueue(connection, requests);
            return requests.size();
        });
    }

    @Override
    public void enqueue(Connection connection, Collection<JobRequest> requests) throws SQLException {
        Collection<JobRequest> batch = folded(requests);
        if (batch.isEmpty()) {
            return;
        }
        try (ArrayStatement statement = new ArrayStatement(connection, database.sql(ENQUEUE))) {
            keys(statement, batch, JobRequest::key)
                    .texts(batch, request -> JdbcOutbox.join(request.changed().encoded()))
                    .longs(batch, request -> number(request.lane()))
                    .texts(batch, request -> join(request.causes()))
                    .longs(batch, request -> quiet(request.settle()))
                    .longs(batch, request -> longest(request.settle()))
                    .update();
        }
    }

    static <T> ArrayStatement keys(ArrayStatement statement, Collection<T> batch, Function<T, JobKey> key)
            throws SQLException {
        return statement
                .texts(batch, item -> key.apply(item).tenant())
                .texts(batch, item -> key.apply(item).machine())
                .longs(batch, item -> number(key.apply(item).stage()))
                .texts(batch, item -> key.apply(item).key());
    }

    @Override
    public List<Claim> claim(ClaimRequest request) {
        return turns.claim(request, this::claim);
    }

    private Turns.Round claim(ClaimRequest request, String after, int limit) {
        Queue queue = new Queue(request.machine(), request.stage());
        String only = onlyTenants.get(queue);
        if (only == null || !after.isEmpty()) {
            return claimOfAll(queue, request, after, limit);
        }
        List<Due> rows = claimOf(only, queue, request, limit);
        Due head = rows.get(0);
        List<Claim> claims = claims(rows);
        boolean alone = Stream.of(head.first(), head.last()).allMatch(tenant -> tenant == null || tenant.equals(only));
        if (!alone) {
            onlyTenants.remove(queue);
        }
        if (alone || claims.size() == limit) {
            return new Turns.Round(claims, 1, false, only);
        }
        Turns.Round others = claimOfAll(queue, request, after, limit - claims.size());
        return new Turns.Round(
                Stream.concat(claims.stream(), others.claims().stream()).toList(),
                others.visited(),
                others.more(),
                others.last());
    }

    private List<Due> claimOf(String tenant, Queue queue, ClaimRequest request, int limit) {
        long stage = number(queue.stage());
        return database.query(
                CLAIM_OF_ONE,
                statement -> statement
                        .text(queue.machine())
                        .number(stage)
                        .text(tenant)
                        .number(limit)
                        .number(limit)
                        .text(request.owner())
                        .number(ArrayStatement.micros(request.lease()))
                        .text(queue.machine())
                        .number(stage)
                        .text(queue.machine())
                        .number(stage),
                PostgresJobs::due);
    }

    private Turns.Round claimOfAll(Queue queue, ClaimRequest request, String after, int limit) {
        long stage = number(queue.stage());
        List<Due> rows = database.query(
                CLAIM,
                statement -> statement
                        .text(queue.machine())
                        .number(stage)
                        .text(after)
                        .text(queue.machine())
                        .number(stage)
                        .number(limit)
                        .text(queue.machine())
                        .number(stage)
                        .number(limit)
                        .text(request.owner())
                        .number(ArrayStatement.micros(request.lease())),
                PostgresJobs::due);
        Due head = rows.get(0);
        List<Claim> claims = claims(rows);
        String last = head.last();
        if (last != null && head.visited() == 1 && after.isEmpty()) {
            onlyTenants.put(queue, last);
        }
        return new Turns.Round(claims, head.visited(), head.visited() == Turns.MOST_TENANTS, last == null ? "" : last);
    }

    private static List<Claim> claims(List<Due> rows) {
        return rows.stream().flatMap(due -> Stream.ofNullable(due.claim())).toList();
    }

    /** A claim; or, in the first row, how many tenants were looked at, and the first and the last of them. */
    private record Due(
            @Nullable Claim claim,
            long visited,
            @Nullable String first,
            @Nullable String last) {}

    private static Due due(ResultSet row) throws SQLException {
        if (row.getString(1) == null) {
            return new Due(null, row.getLong(5), row.getString(2), row.getString(4));
        }
        Duration failingFor = micros(row.getLong(7));
        ChangedProperties changed = ChangedProperties.decoded(JdbcOutbox.split(row.getString(8)));
        Claim claim = new Claim(key(row), row.getLong(5), row.getInt(6), failingFor, changed, causes(row.getString(9)));
        return new Due(claim, 0, null, null);
    }

    @Override
    public Map<Long, Ending> complete(Collection<Claim> claims) {
        return endings(claims, settle(COMPLETE, claims, claim -> claim, statement -> statement));
    }

    @Override
    public Map<Long, Ending> release(Collection<Release> releases) {
        Set<Long> done = settle(
                RELEASE,
                releases,
                Release::claim,
                statement -> statement
                        .longs(releases, release -> ArrayStatement.micros(release.delay()))
                        .booleans(releases, Release::countsAsAttempt)
                        .texts(releases, release -> storable(release.reason())));
        return releases.stream()
                .map(release -> release.claim().token())
                .collect(
                        Collectors.toMap(token -> token, token -> done.contains(token) ? Ending.SETTLED : Ending.LOST));
    }

    @Override
    public Map<Long, Ending> park(Collection<Park> parks) {
        Set<Long> done = settle(
                PARK,
                parks,
                Park::claim,
                statement -> statement
                        .texts(parks, park -> storable(park.failure()))
                        .texts(parks, park -> park.refused() == null ? null : storable(park.refused())));
        return endings(parks.stream().map(Park::claim).toList(), done);
    }

    @Override
    public Set<Long> renew(Collection<Claim> claims, Duration lease) {
        return settle(RENEW, claims, claim -> claim, statement -> statement.number(ArrayStatement.micros(lease)));
    }

    /** Those that were not settled were requested again, or are lost. */
    private Map<Long, Ending> endings(Collection<Claim> claims, Set<Long> settled) {
        List<Claim> rest = claims.stream()
                .filter(claim -> !settled.contains(claim.token()))
                .toList();
        Set<Long> again = settle(
                RUN_AGAIN,
                rest,
                claim -> claim,
                statement ->
                        statement.longs(rest, claim -> (long) claim.causes().size()));
        return claims.stream()
                .map(Claim::token)
                .collect(Collectors.toMap(
                        token -> token,
                        token -> settled.contains(token)
                                ? Ending.SETTLED
                                : again.contains(token) ? Ending.RUNS_AGAIN : Ending.LOST));
    }

    /** Runs a statement on the jobs that claims still hold, and answers the tokens of those claims. */
    private <T> Set<Long> settle(
            String sql, Collection<T> batch, Function<T, Claim> claim, ArrayStatement.Binder further) {
        if (batch.isEmpty()) {
            return Set.of();
        }
        return new HashSet<>(database.query(
                sql,
                statement -> further.bind(
                        keys(statement, batch, item -> claim.apply(item).key())
                                .longs(batch, item -> claim.apply(item).token())),
                row -> row.getLong(1)));
    }

    @Override
    public boolean isAnyDue(String machine, Stage stage) {
        return !database.query(
                        ANY_DUE,
                        statement -> {
                            for (int i = 0; i < 3; i++) {
                                statement.text(machine).number(number(stage));
                            }
                            return statement;
                        },
                        row -> row.getInt(1))
                .isEmpty();
    }

    @Override
    public Duration longestDue() {
        return micros(database.number(LONGEST_DUE));
    }

    @Override
    public void erase(JobKey key) {
        database.query(ERASE, statement -> bind(statement, key), row -> row.getInt(1));
    }
}
