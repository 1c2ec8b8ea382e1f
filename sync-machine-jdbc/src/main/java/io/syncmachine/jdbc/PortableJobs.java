package io.syncmachine.jdbc;

import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Wakeups;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Jobs in a table. A batch locks its jobs in key order, so that batches cannot deadlock, and then changes those that it still may. A
 * job that is done is deleted; a new claim of the next job of its key has a token that no claim had before.
 */
final class PortableJobs extends JdbcJobs {

    static final String KEY = "t.tenant, t.machine, t.stage, t.job_key";
    // What a request does to when its job is due.
    /** Nothing. */
    private static final long AS_IT_WAS = 0;
    /** It waits for further requests from now on; or is due now, if it does not settle. */
    private static final long BEGINS = 1;
    /** It goes on waiting. */
    private static final long GOES_ON = 2;
    /** It waits no more. */
    private static final long ENDS = 3;

    private static final List<String> UNCLAIMED =
            List.of("t.token = null", "t.claimed = null", "t.owner = null", "t.lease_until = null");

    private final Database database;
    private final KeyedTable table;
    private final Fence fence;
    private final String now;
    private final String made;
    private final String queues;
    private final String due;
    private final String heads;
    private final String anyDue;
    private final String longestDue;
    private final Turns turns = new Turns();
    private final List<String> request;
    private final List<String> requestToSettle;
    private final List<String> claim;
    private final List<String> runAgain;
    private final List<String> release;
    private final List<String> park;
    private final List<String> renew;

    PortableJobs(Database database, PortableDialect dialect, Wakeups wakeups) {
        super(
                database,
                new PortableDeadLetters(database, dialect, wakeups),
                dialect.now(),
                dialect.micros(dialect.now(), "t.due_at"),
                "t.causes");
        this.database = database;
        this.table = table(database, dialect);
        this.fence = new Fence(database);
        this.now = dialect.now();
        this.made = "0, " + now + ", '', " + number(Lane.BACKGROUND) + ", ''";
        this.queues = database.sql("select t.tenant, t.lane from ${p}job t" + dialect.using("due")
                + " where t.machine = ? and t.stage = ? and t.parked = false and t.tenant > ?"
                + " group by t.machine, t.stage, t.parked, t.tenant, t.lane having min(t.due_at) <= " + now
                + " order by t.tenant, t.lane limit ?");
        this.due = database.sql("select " + KEY + ", t.attempts, coalesce(" + dialect.micros("t.failing_since", now)
                + ", 0), t.changed, t.causes from ${p}job t" + dialect.using("due")
                + " where t.machine = ? and t.stage = ? and t.parked = false and t.tenant = ? and t.lane = ?"
                + " and t.due_at <= " + now + " and (t.lease_until is null or t.lease_until <= " + now
                + ") order by t.machine, t.stage, t.parked, t.tenant, t.lane, t.due_at limit ? for update skip locked");
        this.heads = "select t.machine, t.stage, t.tenant, t.lane, " + dialect.micros("min(t.due_at)", now)
                + " from ${p}job t" + dialect.using("due") + " where t.parked = false"
                + " group by t.machine, t.stage, t.parked, t.tenant, t.lane having min(t.due_at) <= " + now
                + " order by 5 desc";
        this.anyDue = "select t.tenant from ${p}job t" + dialect.using("due")
                + " where t.machine = ? and t.stage = ? and t.parked = false"
                + " group by t.machine, t.stage, t.parked, t.tenant, t.lane having min(t.due_at) <= " + now
                + " limit 1";
        this.longestDue = "select " + dialect.micros("t.due_at", now) + ", " + dialect.micros("t.lease_until", now)
                + " from ${p}job t" + dialect.using("due")
                + " where t.machine = ? and t.stage = ? and t.parked = false and t.tenant = ? and t.lane = ?"
                + " and t.due_at <= " + now + " and (t.lease_until is null or t.lease_until <= " + now
                + ") order by t.due_at limit 1";
        this.request = request("case when r.unparks then " + now + " else t.due_at end");
        String quiet = dialect.later(now, "coalesce(r.quiet, 0)");
        this.requestToSettle = new ArrayList<>(request("case r.waiting when " + BEGINS + " then "
                + quiet + " when " + GOES_ON + " then greatest(t.due_at, least(t.settle_by, " + quiet
                + ")) when " + ENDS + " then least(t.due_at, " + now
                + ") else t.due_at end"));
        requestToSettle.add("t.settle_by = case r.waiting when " + BEGINS + " then "
                + dialect.later(now, "r.longest") + " when " + GOES_ON
                + " then t.settle_by end");
        this.claim = List.of(
                "t.token = r.new_token",
                "t.claimed = t.requested",
                "t.owner = r.new_owner",
                "t.attempts = t.attempts + 1",
                "t.lease_until = " + dialect.later(now, "r.lease_micros"),
                "t.settle_by = null");
        this.runAgain = unclaimed(
                "t.attempts = 0", "t.failing_since = null", "t.last_failure = null", "t.causes = r.later_causes");
        this.release = unclaimed(
                "t.due_at = " + dialect.later(now, "r.delay_micros"),
                "t.settle_by = null",
                "t.attempts = case when r.counts then t.attempts else t.attempts - 1 end",
                "t.failing_since = case when r.counts then coalesce(t.failing_since, " + now + ") else "
                        + dialect.later("t.failing_since", "r.delay_micros") + " end",
                "t.last_failure = r.reason");
        this.park = unclaimed(
                "t.parked = true",
                "t.parked_at = " + now,
                "t.refused = r.refused",
                "t.failing_since = coalesce(t.failing_since, " + now + ")",
                "t.last_failure = r.reason");
        this.renew = List.of("t.lease_until = " + dialect.later(now, "r.lease_micros"));
    }

    private static List<String> request(String dueAt) {
        return List.of(
                "t.requested = t.requested + 1",
                "t.changed = r.new_changed",
                "t.lane = r.new_lane",
                "t.causes = r.new_causes",
                "t.due_at = " + dueAt,
                "t.attempts = case when r.unparks then 0 else t.attempts end",
                "t.failing_since = case when r.unparks then null else t.failing_since end",
                "t.parked_at = case when r.unparks then null else t.parked_at end",
                "t.refused = case when r.unparks then null else t.refused end",
                "t.parked = case when r.unparks then false else t.parked end");
    }

    private static List<String> unclaimed(String... further) {
        List<String> assignments = new ArrayList<>(UNCLAIMED);
        assignments.addAll(List.of(further));
        return assignments;
    }

    static KeyedTable table(Database database, PortableDialect dialect) {
        return new KeyedTable(dialect, database.sql("${p}job"), List.of("tenant", "machine", "stage", "job_key"));
    }

    @Override
    public void enqueue(Collection<JobRequest> requests) {
        if (requests.isEmpty()) {
            return;
        }
        database.inTransaction(connection -> {
            enqueue(connection, requests);
            return requests.size();
        });
    }

    /** What a job knew when it was requested. */
    private record Known(
            ChangedProperties changed,
            boolean parked,
            long lane,
            List<String> causes,
            boolean made,
            boolean untouchedSinceClaim,
            boolean settling) {

        long waiting(JobRequest request) {
            boolean settles = request.settle() != null;
            if (unparks(request) || (settles && (made || untouchedSinceClaim))) {
                return BEGINS;
            }
            if (!settling) {
                return AS_IT_WAS;
            }
            return settles ? GOES_ON : ENDS;
        }

        boolean unparks(JobRequest request) {
            return parked && !request.changed().isNone();
        }

        /** The causes of both, as long as there is room; those that a run was told come first. */
        String causes(JobRequest request) {
            List<String> further = JdbcOutbox.split(join(request.causes()));
            List<String> both = new ArrayList<>(causes);
            if (!causes.containsAll(further)) {
                both.addAll(further);
            }
            return JdbcOutbox.join(both.subList(0, Math.min(both.size(), 2 * Cause.MOST)));
        }
    }

    @Override
    public void enqueue(Connection connection, Collection<JobRequest> requests) throws SQLException {
        if (requests.isEmpty()) {
            return;
        }
        List<JobRequest> batch = folded(requests).stream()
                .sorted(Comparator.comparing(JobRequest::key, JobKey.ORDER))
                .toList();
        Rows<JobRequest> keys = keys(batch, JobRequest::key);
        table.makeMissing(connection, keys, List.of("requested", "due_at", "changed", "lane", "causes"), made);
        Map<JobKey, Known> known = new HashMap<>();
        table.lock(
                connection,
                keys,
                KEY
                        + ", t.changed, t.parked, t.lane, t.causes, t.requested, case when t.requested = t.claimed then 1 else 0 end,"
                        + " case when t.settle_by is null then 0 else 1 end",
                "1 = 1",
                row -> known.put(
                        key(row),
                        new Known(
                                ChangedProperties.decoded(JdbcOutbox.split(row.getString(5))),
                                row.getBoolean(6),
                                row.getLong(7),
                                JdbcOutbox.split(row.getString(8)),
                                row.getLong(9) == 0,
                                row.getInt(10) == 1,
                                row.getInt(11) == 1)));
        if (known.size() != batch.size()) {
            throw new SQLException("of " + batch.size() + " jobs that were enqueued, only " + known.size()
                    + " can be found: the database must not cut or change their keys");
        }
        Rows<JobRequest> rows = keys.texts(
                        "new_changed",
                        one -> JdbcOutbox.join(
                                known(known, one).changed().union(one.changed()).encoded()))
                .flags("unparks", one -> known(known, one).unparks(one))
                .numbers("new_lane", one -> Math.min(known(known, one).lane(), number(one.lane())))
                .texts("new_causes", one -> known(known, one).causes(one));
        if (batch.stream()
                .allMatch(one -> one.settle() == null && !known(known, one).settling())) {
            table.update(connection, rows, request);
        } else {
            table.update(
                    connection,
                    rows.numbers("waiting", one -> known(known, one).waiting(one))
                            .numbers("quiet", one -> quiet(one.settle()))
                            .numbers("longest", one -> longest(one.settle())),
                    requestToSettle);
        }
    }

    private static Known known(Map<JobKey, Known> known, JobRequest request) {
        Known found = known.get(request.key());
        if (found == null) {
            throw new IllegalStateException("the job " + request.key() + " has gone");
        }
        return found;
    }

    static <T> Rows<T> keys(Collection<T> batch, Function<T, JobKey> key) {
        return Rows.of(batch)
                .texts("tenant", item -> key.apply(item).tenant())
                .texts("machine", item -> key.apply(item).machine())
                .numbers("stage", item -> number(key.apply(item).stage()))
                .texts("job_key", item -> key.apply(item).key());
    }

    @Override
    public List<Claim> claim(ClaimRequest request) {
        return turns.claim(request, this::claim);
    }

    /** A tenant's lane with jobs that may be due. */
    private record Queue(String tenant, long lane) {}

    /** Takes of each lane of each tenant an equal share at most, the live lanes first. */
    private Turns.Round claim(ClaimRequest request, String after, int limit) {
        return database.inTransaction(connection -> {
            List<Queue> queues = queues(connection, request, after);
            List<String> tenants = queues.stream().map(Queue::tenant).distinct().toList();
            int share = Math.max(limit / Math.max(tenants.size(), 1), 1);
            List<Claim> jobs = new ArrayList<>();
            for (Lane lane : Lane.values()) {
                for (Queue queue : queues) {
                    int most = Math.min(share, limit - jobs.size());
                    if (queue.lane() == number(lane) && most > 0) {
                        jobs.addAll(due(connection, request, queue, most));
                    }
                }
            }
            boolean more = queues.size() == Turns.MOST_TENANTS;
            int last = tenants.size() - (more ? 2 : 1); // the last one's second lane may be missing
            return new Turns.Round(
                    claimed(connection, request, jobs), tenants.size(), more, last < 0 ? "" : tenants.get(last));
        });
    }

    private List<Queue> queues(Connection connection, ClaimRequest request, String after) throws SQLException {
        try (ArrayStatement statement = new ArrayStatement(connection, queues)) {
            return statement
                    .text(request.machine())
                    .number(number(request.stage()))
                    .text(after)
                    .number(Turns.MOST_TENANTS)
                    .query(row -> new Queue(row.getString(1), row.getLong(2)));
        }
    }

    /** The jobs to claim, locked, with no token yet. */
    private List<Claim> due(Connection connection, ClaimRequest request, Queue queue, int limit) throws SQLException {
        try (ArrayStatement statement = new ArrayStatement(connection, due)) {
            return statement
                    .text(request.machine())
                    .number(number(request.stage()))
                    .text(queue.tenant())
                    .number(queue.lane())
                    .number(limit)
                    .query(PortableJobs::due);
        }
    }

    private static Claim due(ResultSet row) throws SQLException {
        Duration failingFor = micros(row.getLong(6));
        ChangedProperties changed = ChangedProperties.decoded(JdbcOutbox.split(row.getString(7)));
        return new Claim(key(row), 0, row.getInt(5) + 1, failingFor, changed, causes(row.getString(8)));
    }

    private List<Claim> claimed(Connection connection, ClaimRequest request, List<Claim> jobs) throws SQLException {
        if (jobs.isEmpty()) {
            return jobs;
        }
        long token = fence.take(connection, jobs.size());
        List<Claim> claims = new ArrayList<>();
        for (Claim job : jobs) {
            claims.add(new Claim(job.key(), token++, job.attempt(), job.failingFor(), job.changed(), job.causes()));
        }
        table.update(
                connection,
                keys(claims, Claim::key)
                        .numbers("new_token", Claim::token)
                        .texts("new_owner", job -> request.owner())
                        .numbers("lease_micros", job -> micros(request.lease())),
                claim);
        return claims;
    }

    static long micros(Duration duration) {
        return Math.min(
                ArrayStatement.micros(duration), Duration.ofDays(365_000).toSeconds() * 1_000_000);
    }

    /** A job that a claim still holds: whether it was requested again, and why. */
    private record Held(boolean again, List<String> causes) {

        /** Those that the claim was not told. */
        String laterCauses(Claim claim) {
            return JdbcOutbox.join(causes.subList(Math.min(claim.causes().size(), causes.size()), causes.size()));
        }
    }

    /** The jobs that the claims of a batch still hold, locked, by token. */
    private <T> Map<Long, Held> held(Connection connection, Collection<T> batch, Function<T, Claim> claim)
            throws SQLException {
        List<T> sorted = batch.stream()
                .sorted(Comparator.comparing(item -> claim.apply(item).key(), JobKey.ORDER))
                .toList();
        Map<Long, Held> held = new HashMap<>();
        table.lock(
                connection,
                keys(sorted, item -> claim.apply(item).key())
                        .numbers("of_token", item -> claim.apply(item).token()),
                "t.token, case when t.requested = t.claimed then 0 else 1 end, t.causes",
                "t.token = r.of_token",
                row -> held.put(row.getLong(1), new Held(row.getInt(2) == 1, JdbcOutbox.split(row.getString(3)))));
        return held;
    }

    private static <T> Rows<T> those(
            Collection<T> batch, Function<T, Claim> claim, Map<Long, Held> held, Predicate<Held> which) {
        return keys(
                batch.stream()
                        .filter(item -> {
                            Held job = held.get(claim.apply(item).token());
                            return job != null && which.test(job);
                        })
                        .toList(),
                item -> claim.apply(item).key());
    }

    /** Work on the jobs that claims hold and that were not requested again. */
    private interface Settling<T> {
        void settle(Connection connection, Rows<T> rows) throws SQLException;
    }

    /** Settles what was not requested again, lets the rest run again, and tells which was which. */
    private <T> Map<Long, Ending> settle(Collection<T> batch, Function<T, Claim> claim, Settling<T> settling) {
        if (batch.isEmpty()) {
            return Map.of();
        }
        Map<Long, Held> held = database.inTransaction(connection -> {
            Map<Long, Held> locked = held(connection, batch, claim);
            settling.settle(connection, those(batch, claim, locked, job -> !job.again()));
            table.update(
                    connection,
                    those(batch, claim, locked, Held::again).texts("later_causes", item -> {
                        Held job = locked.get(claim.apply(item).token());
                        return job == null ? "" : job.laterCauses(claim.apply(item));
                    }),
                    runAgain);
            return locked;
        });
        return endings(batch, claim, token -> {
            Held job = held.get(token);
            return job == null ? Ending.LOST : job.again() ? Ending.RUNS_AGAIN : Ending.SETTLED;
        });
    }

    private static <T> Map<Long, Ending> endings(
            Collection<T> batch, Function<T, Claim> claim, Function<Long, Ending> ending) {
        return batch.stream().map(item -> claim.apply(item).token()).collect(Collectors.toMap(token -> token, ending));
    }

    @Override
    public Map<Long, Ending> complete(Collection<Claim> claims) {
        return settle(claims, claim -> claim, table::delete);
    }

    @Override
    public Map<Long, Ending> release(Collection<Release> releases) {
        if (releases.isEmpty()) {
            return Map.of();
        }
        Set<Long> held = database.inTransaction(connection -> {
            Map<Long, Held> locked = held(connection, releases, Release::claim);
            table.update(
                    connection,
                    those(releases, Release::claim, locked, job -> true)
                            .numbers("delay_micros", one -> micros(one.delay()))
                            .flags("counts", Release::countsAsAttempt)
                            .texts("reason", one -> storable(one.reason())),
                    release);
            return locked.keySet();
        });
        return endings(releases, Release::claim, token -> held.contains(token) ? Ending.SETTLED : Ending.LOST);
    }

    @Override
    public Map<Long, Ending> park(Collection<Park> parks) {
        return settle(
                parks,
                Park::claim,
                (connection, rows) -> table.update(
                        connection,
                        rows.texts("reason", one -> storable(one.failure()))
                                .texts("refused", one -> one.refused() == null ? null : storable(one.refused())),
                        park));
    }

    @Override
    public Set<Long> renew(Collection<Claim> claims, Duration lease) {
        if (claims.isEmpty()) {
            return Set.of();
        }
        return database.inTransaction(connection -> {
            Map<Long, Held> locked = held(connection, claims, claim -> claim);
            table.update(
                    connection,
                    those(claims, claim -> claim, locked, job -> true).numbers("lease_micros", one -> micros(lease)),
                    renew);
            return locked.keySet();
        });
    }

    /** The first job of a queue, be it claimed or not. */
    private record Head(String machine, long stage, String tenant, long lane, Duration due) {}

    @Override
    public boolean isAnyDue(String machine, Stage stage) {
        return !database.query(
                        anyDue, statement -> statement.text(machine).number(number(stage)), row -> row.getString(1))
                .isEmpty();
    }

    /** The first of a queue may be running: then it is looked for one behind it, unless another queue's first is due longer. */
    @Override
    public Duration longestDue() {
        List<Head> all = database.query(
                heads,
                statement -> statement,
                row -> new Head(
                        row.getString(1), row.getLong(2), row.getString(3), row.getLong(4), micros(row.getLong(5))));
        Duration longest = Duration.ZERO;
        for (Head head : all) {
            if (head.due().compareTo(longest) <= 0) {
                break;
            }
            Duration due = longestDue(head);
            longest = due.compareTo(longest) > 0 ? due : longest;
        }
        return longest;
    }

    private Duration longestDue(Head queue) {
        return database
                .query(
                        longestDue,
                        statement -> statement
                                .text(queue.machine())
                                .number(queue.stage())
                                .text(queue.tenant())
                                .number(queue.lane()),
                        row -> {
                            long due = row.getLong(1);
                            long free = row.getLong(2);
                            return micros(row.wasNull() ? due : Math.min(due, free));
                        })
                .stream()
                .findFirst()
                .orElse(Duration.ZERO);
    }

    @Override
    public void erase(JobKey key) {
        database.inTransaction(connection -> {
            table.update(
                    connection, keys(List.of(key), one -> one), List.of("t.last_failure = null", "t.refused = null"));
            return key;
        });
    }
}
