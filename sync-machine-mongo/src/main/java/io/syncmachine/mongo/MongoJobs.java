package io.syncmachine.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Accumulators;
import com.mongodb.client.model.Aggregates;
import com.mongodb.client.model.DeleteOneModel;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.InsertOneModel;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.ReplaceOneModel;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.Updates;
import com.mongodb.client.model.WriteModel;
import io.syncmachine.event.Cause;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.DeadLetterStore;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Wakeups;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.bson.types.ObjectId;
import org.jspecify.annotations.Nullable;

/**
 * Jobs in a collection, a document each. A batch is read, changed, and written where nobody else has written meanwhile; what somebody else has is
 * read again. So a batch takes two round trips, however large, and two more for what was contended.
 *
 * <p>Where a write meets another, it is not always known which of the two ended a job. One that was written and then changed by another counts as
 * lost, which costs a repeated publication; one that is gone counts as settled: if it was another who ended it, payload records tell.
 */
final class MongoJobs implements JobExecutor {

    static final int TRIES = 100;
    /** All of it. A stand-in copies what it projects, and else hands out documents while others change them. */
    private static final Bson WHOLE = Projections.exclude("none");

    private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    /** So many tenants are asked for jobs in one claim. */
    private static final int MOST_TENANTS = 500;

    private final Server server;
    private final MongoCollection<Document> jobs;
    private final MongoDeadLetters letters;
    private final Map<Queue, String> turns = new ConcurrentHashMap<>();

    private record Queue(String machine, Stage stage) {}

    /**
     * What becomes of a job.
     *
     * @param job null for none, or none any more
     * @param changed whether it is to be written
     * @param result what is answered once it is
     */
    private record Step<R>(@Nullable Job job, boolean changed, R result) {}

    /** Something to be done with a job; called again if somebody else was quicker. */
    private interface Work<T, R> {
        Step<R> on(@Nullable Job job, T item, long now);
    }

    MongoJobs(Server server, Wakeups wakeups) {
        this.server = server;
        this.jobs = server.collection("job");
        this.letters = new MongoDeadLetters(jobs, server, wakeups);
    }

    @Override
    public Set<Capability> capabilities() {
        return Set.of(Capability.DURABLE, Capability.EXCLUSIVE, Capability.SHARED);
    }

    @Override
    public void enqueue(Collection<JobRequest> requests) {
        Map<JobKey, JobRequest> folded = new LinkedHashMap<>();
        requests.forEach(request -> folded.merge(request.key(), request, JobRequest::union));
        change(folded.values(), JobRequest::key, (job, request, now) -> {
            if (job == null) {
                return new Step<>(Job.requested(request, now), true, true);
            }
            job.request(request, now);
            return new Step<>(job, true, true);
        });
    }

    @Override
    public List<Claim> claim(ClaimRequest request) {
        return Server.call(() -> {
            for (int tries = 0; ; tries++) {
                long now = server.clock().now();
                List<Job> due = due(request, now);
                List<Claim> claims = due.isEmpty() ? List.of() : claim(due, request, now);
                if (!claims.isEmpty() || due.isEmpty() || tries == TRIES) {
                    return claims;
                }
                pause(tries); // others have taken all of them
            }
        });
    }

    /** Those to claim. If there are no more than are asked for, it does not matter whose they are. */
    private List<Job> due(ClaimRequest request, long now) {
        List<Job> first = due(request, now, null, request.limit());
        if (first.size() < request.limit()) {
            return first;
        }
        List<String> tenants = tenants(request);
        return tenants.size() <= 1 ? first : shares(request, now, tenants);
    }

    private List<Job> due(ClaimRequest request, long now, @Nullable String tenant, int limit) {
        List<Bson> filters = new ArrayList<>(List.of(
                Filters.eq("machine", request.machine()),
                Filters.eq("stage", request.stage().number()),
                Filters.eq("parked", false)));
        if (tenant != null) {
            filters.add(Filters.eq("tenant", tenant));
        }
        filters.add(Filters.lte("readyAt", Instant.ofEpochMilli(now)));
        List<Job> due = jobs.find(Filters.and(filters))
                .projection(WHOLE)
                .sort(Sorts.ascending("lane", "readyAt"))
                .limit(limit)
                .map(Job::of)
                .into(new ArrayList<>());
        due.removeIf(job -> job.parked || job.readyAt.toEpochMilli() > now); // changed by others since it was found
        return due;
    }

    /** Those with jobs, beginning after the one that was served last. */
    private List<String> tenants(ClaimRequest request) {
        List<String> tenants = jobs.distinct(
                        "tenant",
                        Filters.and(
                                Filters.eq("machine", request.machine()),
                                Filters.eq("stage", request.stage().number()),
                                Filters.eq("parked", false)),
                        String.class)
                .into(new ArrayList<>());
        Collections.sort(tenants);
        String last = turns.getOrDefault(new Queue(request.machine(), request.stage()), "");
        int begin = 0;
        while (begin < tenants.size() && tenants.get(begin).compareTo(last) <= 0) {
            begin++;
        }
        Collections.rotate(tenants, -begin);
        return tenants.subList(0, Math.min(tenants.size(), MOST_TENANTS));
    }

    /** The same share for each tenant; what one has no jobs for is left to those who have more. */
    private List<Job> shares(ClaimRequest request, long now, List<String> tenants) {
        int share = Math.max(request.limit() / tenants.size(), 1);
        List<Job> chosen = new ArrayList<>();
        List<Job> more = new ArrayList<>();
        String last = tenants.get(0);
        for (String tenant : tenants) {
            if (chosen.size() >= request.limit()) {
                break;
            }
            List<Job> due = due(request, now, tenant, request.limit());
            int own = Math.min(Math.min(share, due.size()), request.limit() - chosen.size());
            chosen.addAll(due.subList(0, own));
            more.addAll(due.subList(own, due.size()));
            last = tenant;
        }
        turns.put(new Queue(request.machine(), request.stage()), last);
        chosen.addAll(more.subList(0, Math.min(more.size(), request.limit() - chosen.size())));
        return chosen;
    }

    private List<Claim> claim(List<Job> due, ClaimRequest request, long now) {
        long token = server.take(due.size());
        List<WriteModel<Document>> writes = new ArrayList<>();
        for (Job job : due) {
            job.claim(token++, request.owner(), now, request.lease());
            writes.add(replace(job, new ObjectId()));
        }
        Set<Long> held = new HashSet<>();
        if (Server.write(jobs, writes).count() == due.size()) {
            due.forEach(job -> held.add(job.token));
        } else {
            jobs.find(Filters.in("token", due.stream().map(job -> job.token).toList()))
                    .projection(Projections.include("token"))
                    .forEach(stored -> held.add(stored.getLong("token")));
        }
        return due.stream()
                .filter(job -> held.contains(job.token))
                .map(job -> job.claim(now))
                .toList();
    }

    private static WriteModel<Document> replace(Job job, ObjectId version) {
        return new ReplaceOneModel<>(
                Filters.and(Filters.eq(Job.id(job.key)), Filters.eq("v", job.version)), job.stored(version));
    }

    @Override
    public boolean isAnyDue(String machine, Stage stage) {
        return Server.call(() -> jobs.find(Filters.and(
                                Filters.eq("machine", machine),
                                Filters.eq("stage", stage.number()),
                                Filters.eq("parked", false),
                                Filters.lte(
                                        "readyAt",
                                        Instant.ofEpochMilli(server.clock().now()))))
                        .projection(Projections.include("_id"))
                        .first()
                != null);
    }

    private static boolean holds(@Nullable Job job, Claim claim) {
        return job != null && job.token == claim.token();
    }

    @Override
    public Map<Long, Ending> complete(Collection<Claim> claims) {
        return change(claims, Claim::key, Claim::token, (job, claim, now) -> {
            if (job == null || !holds(job, claim)) {
                return new Step<>(job, false, Ending.LOST);
            }
            if (!job.isRequestedAgain()) {
                return new Step<>(null, true, Ending.SETTLED);
            }
            job.forgetChangesOfTheRun();
            job.runAgain(now);
            return new Step<>(job, true, Ending.RUNS_AGAIN);
        });
    }

    @Override
    public Map<Long, Ending> release(Collection<Release> releases) {
        return change(releases, one -> one.claim().key(), one -> one.claim().token(), (job, release, now) -> {
            if (job == null || !holds(job, release.claim())) {
                return new Step<>(job, false, Ending.LOST);
            }
            job.release(release.delay(), release.countsAsAttempt(), Server.storable(release.reason()), now);
            return new Step<>(job, true, Ending.SETTLED);
        });
    }

    @Override
    public Map<Long, Ending> park(Collection<Park> parks) {
        return change(parks, one -> one.claim().key(), one -> one.claim().token(), (job, park, now) -> {
            if (job == null || !holds(job, park.claim())) {
                return new Step<>(job, false, Ending.LOST);
            }
            boolean again = job.isRequestedAgain();
            job.uniteAll();
            if (again) {
                job.runAgain(now);
                return new Step<>(job, true, Ending.RUNS_AGAIN);
            }
            String refused = park.refused();
            job.park(Server.storable(park.failure()), refused == null ? null : Server.storable(refused), now);
            return new Step<>(job, true, Ending.SETTLED);
        });
    }

    @Override
    public Set<Long> renew(Collection<Claim> claims, Duration lease) {
        Set<Long> renewed = new LinkedHashSet<>();
        change(claims, Claim::key, Claim::token, (Work<Claim, Boolean>) (job, claim, now) -> {
                    if (job == null || !holds(job, claim)) {
                        return new Step<>(job, false, false);
                    }
                    job.renew(now, lease);
                    return new Step<>(job, true, true);
                })
                .forEach((token, held) -> {
                    if (held) {
                        renewed.add(token);
                    }
                });
        return renewed;
    }

    private <T, R> Map<Long, R> change(
            Collection<T> items, Function<T, JobKey> key, Function<T, Long> token, Work<T, R> work) {
        Map<T, R> results = change(items, key, work);
        Map<Long, R> byToken = new HashMap<>();
        results.forEach((item, result) -> byToken.put(token.apply(item), result));
        return byToken;
    }

    /** Does something with the job of each item, and answers what came of it. */
    private <T, R> Map<T, R> change(Collection<T> items, Function<T, JobKey> key, Work<T, R> work) {
        Map<T, R> results = new LinkedHashMap<>();
        Map<String, List<T>> pending = new LinkedHashMap<>();
        for (T item : items) {
            pending.computeIfAbsent(Job.id(key.apply(item)), id -> new ArrayList<>())
                    .add(item);
        }
        return Server.call(() -> {
            for (int tries = 0; !pending.isEmpty(); tries++) {
                if (tries == TRIES) {
                    throw new IllegalStateException("jobs are changed by others again and again: " + pending.keySet());
                }
                if (tries > 0) {
                    pause(tries);
                }
                round(pending, work, results);
            }
            return results;
        });
    }

    /** A job that is to be written, and the version by which that is known; no version for one that is to be gone. */
    private record Writing(
            WriteModel<Document> write, @Nullable ObjectId version) {}

    private <T, R> void round(Map<String, List<T>> pending, Work<T, R> work, Map<T, R> results) {
        Map<String, Job> stored = new HashMap<>();
        jobs.find(Filters.in("_id", pending.keySet()))
                .projection(WHOLE)
                .forEach(one -> stored.put(one.getString("_id"), Job.of(one)));
        long now = server.clock().now();
        Map<String, Writing> writings = new LinkedHashMap<>();
        pending.forEach((id, items) -> {
            Job before = stored.get(id);
            Job job = before;
            boolean changed = false;
            for (T item : items) {
                Step<R> step = work.on(job, item, now);
                job = step.job();
                changed |= step.changed();
                results.put(item, step.result());
            }
            if (changed && (job != null || before != null)) {
                writings.put(id, writing(id, before, job));
            }
        });
        pending.keySet().retainAll(writings.keySet());
        pending.keySet().removeAll(written(writings));
    }

    private static Writing writing(String id, @Nullable Job before, @Nullable Job after) {
        ObjectId version = new ObjectId();
        if (after != null) {
            return new Writing(
                    before == null ? new InsertOneModel<>(after.stored(version)) : replace(after, version), version);
        }
        ObjectId read = before == null ? null : before.version;
        return new Writing(new DeleteOneModel<>(Filters.and(Filters.eq(id), Filters.eq("v", read))), null);
    }

    /** Writes what nobody else has written meanwhile, and answers its keys. */
    private Set<String> written(Map<String, Writing> writings) {
        List<WriteModel<Document>> writes =
                writings.values().stream().map(Writing::write).toList();
        if (Server.write(jobs, writes).count() == writes.size()) {
            return writings.keySet();
        }
        Map<String, ObjectId> versions = new HashMap<>();
        jobs.find(Filters.in("_id", writings.keySet()))
                .projection(Projections.include("v"))
                .forEach(one -> versions.put(one.getString("_id"), one.getObjectId("v")));
        Set<String> written = new HashSet<>();
        writings.forEach((id, writing) -> {
            ObjectId version = writing.version();
            if (version == null ? !versions.containsKey(id) : version.equals(versions.get(id))) {
                written.add(id);
            }
        });
        return written;
    }

    static void pause(int tries) {
        LockSupport.parkNanos(1
                + ThreadLocalRandom.current().nextLong(Math.min(LONGEST_PAUSE_NANOS, 100_000L << Math.min(tries, 10))));
    }

    @Override
    public List<JobKey> waiting(String machine, Stage stage, @Nullable JobKey after, int limit) {
        return Server.call(() -> {
            List<Bson> filters = new ArrayList<>(List.of(
                    Filters.eq("machine", machine),
                    Filters.eq("stage", stage.number()),
                    Filters.eq("parked", false),
                    Filters.or(
                            Filters.eq("token", Job.NOBODY),
                            Filters.lte(
                                    "readyAt",
                                    Instant.ofEpochMilli(server.clock().now())))));
            if (after != null) {
                filters.add(Filters.gt("_id", Job.id(after)));
            }
            return jobs.find(Filters.and(filters))
                    .projection(Projections.include("tenant", "machine", "stage", "key"))
                    .sort(Sorts.ascending("_id"))
                    .limit(limit)
                    .map(Job::key)
                    .into(new ArrayList<>());
        });
    }

    @Override
    public Map<String, Long> backlogs() {
        return Server.call(() -> {
            Map<String, Long> backlogs = new TreeMap<>();
            jobs.aggregate(List.of(
                            Aggregates.match(Filters.eq("parked", false)),
                            Aggregates.group("$machine", Accumulators.sum("jobs", 1))))
                    .forEach(one -> backlogs.put(
                            one.getString("_id"), one.get("jobs", Number.class).longValue()));
            return backlogs;
        });
    }

    @Override
    public Duration longestDue() {
        return Server.call(() -> {
            long now = server.clock().now();
            Document first = jobs.find(
                            Filters.and(Filters.eq("parked", false), Filters.lte("readyAt", Instant.ofEpochMilli(now))))
                    .projection(Projections.include("readyAt"))
                    .sort(Sorts.ascending("readyAt"))
                    .first();
            return first == null
                    ? Duration.ZERO
                    : ServerClock.duration(
                            now - ServerClock.instant(first, "readyAt").toEpochMilli());
        });
    }

    @Override
    public void erase(JobKey key) {
        Server.call(() -> jobs.updateOne(
                Filters.eq(Job.id(key)),
                Updates.combine(Updates.unset("failure"), Updates.unset("refused"), Updates.set("v", new ObjectId()))));
    }

    @Override
    public Optional<JobStatus> find(JobKey key) {
        return Server.call(() -> {
            Document stored = jobs.find(Filters.eq(Job.id(key))).first();
            return stored == null ? Optional.empty() : Optional.of(status(Job.of(stored)));
        });
    }

    private JobStatus status(Job job) {
        long now = server.clock().now();
        boolean running = job.isRunning(now);
        Duration dueIn = job.parked || running ? Duration.ZERO : ServerClock.duration(job.readyAt.toEpochMilli() - now);
        return new JobStatus(
                running,
                job.parked,
                dueIn,
                job.attempts,
                job.failure,
                Cause.union(job.causes, job.causesSince),
                job.isSettling() && !dueIn.isZero());
    }

    @Override
    public DeadLetterStore deadLetters() {
        return letters;
    }

    @Override
    public String toString() {
        return "MongoJobs[" + jobs.getNamespace() + "]";
    }
}
