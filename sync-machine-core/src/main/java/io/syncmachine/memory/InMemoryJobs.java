package io.syncmachine.memory;

import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.DeadLetterStore;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.Settle;
import io.syncmachine.spi.Stage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Jobs in a map, and in one line per machine, stage, lane and tenant, ordered by when they can be claimed: a waiting job when it is due, a claimed
 * one when its lease ends. Parked jobs are in no line.
 *
 * <p>A request that comes while a job is claimed counts as if it had come right after the claim ended.
 */
final class InMemoryJobs implements JobExecutor {

    private static final Comparator<Job> LONGEST_DUE_FIRST =
            Comparator.<Job>comparingLong(job -> job.readyAt).thenComparingLong(job -> job.number);
    private static final Comparator<Line> IN_TURN =
            Comparator.comparing(Line::lane).thenComparing(Line::tenant);

    private final Elapsed time;
    private final AtomicLong sequence;
    private final Runnable wake;
    private final Set<Capability> capabilities;
    private final Map<JobKey, Job> jobs = new HashMap<>();
    private final Map<Queue, NavigableMap<Line, NavigableSet<Job>>> lines = new HashMap<>();
    /** Jobs that find subjects and are claimed: what is requested meanwhile may come of them. */
    private final Set<Job> finding = new HashSet<>();

    private long numbers;
    private final NavigableMap<JobKey, Job> parked = new TreeMap<>(JobKey.ORDER);
    private long requests;
    private long turn;

    private record Queue(String machine, Stage stage) {}

    private record Line(Lane lane, String tenant) {}

    static final class Job {
        static final long NOBODY = 0;
        static final long NONE = Long.MAX_VALUE;

        final JobKey key;
        final long number;
        long requested;
        long claimed;
        long token = NOBODY;
        boolean parked;
        int attempts;
        /** The number of the oldest request that a run is still to cover; and of the oldest since the claim. */
        long oldest = NONE;

        long oldestSince = NONE;

        @Nullable
        Long failingSince;

        long readyAt;
        /** When it is due at the latest, as long as its changes settle; and of a claimed one, when the run that follows is due. */
        long settleBy = NONE;

        long againAt;
        /** What a claim is told, and is told again if it does not complete. */
        ChangedProperties changed;
        /** What was requested since the claim. */
        @Nullable
        ChangedProperties changedSince;

        Lane lane;
        List<Cause> causes;
        List<Cause> causesSince = List.of();

        @Nullable
        String failure;

        @Nullable
        String refused;

        long parkedAt;

        Job(long number, JobRequest request) {
            this.key = request.key();
            this.number = number;
            this.changed = request.changed();
            this.lane = request.lane();
            this.causes = request.causes();
        }

        boolean isSettling() {
            return settleBy != NONE;
        }

        void dueAtOnce() {
            settleBy = NONE;
            againAt = 0;
        }

        boolean isRequestedAgain() {
            return requested != claimed;
        }

        void forgetAttempts() {
            attempts = 0;
            failingSince = null;
        }

        void unite(JobRequest request, long requestNumber) {
            ChangedProperties more = request.changed();
            if (token == NOBODY) {
                oldest = Math.min(oldest, requestNumber);
                changed = changed.union(more);
                causes = Cause.union(causes, request.causes());
            } else {
                oldestSince = Math.min(oldestSince, requestNumber);
                changedSince = changedSince == null ? more : changedSince.union(more);
                causesSince = Cause.union(causesSince, request.causes());
            }
        }

        void uniteAll() {
            oldest = Math.min(oldest, oldestSince);
            oldestSince = NONE;
            if (changedSince != null) {
                changed = changed.union(changedSince);
                changedSince = null;
                causes = Cause.union(causes, causesSince);
                causesSince = List.of();
            }
        }

        void forgetChangesOfTheRun() {
            oldest = oldestSince;
            oldestSince = NONE;
            changed = changedSince == null ? changed : changedSince;
            changedSince = null;
            causes = causesSince;
            causesSince = List.of();
        }
    }

    InMemoryJobs(Elapsed time, AtomicLong sequence, Runnable wake, Set<Capability> capabilities) {
        this.time = time;
        this.capabilities = capabilities;
        this.sequence = sequence;
        this.wake = wake;
    }

    @Override
    public Set<Capability> capabilities() {
        return capabilities;
    }

    @Override
    public void enqueue(Collection<JobRequest> requests) {
        synchronized (this) {
            requests.forEach(this::enqueue);
        }
        wake.run();
    }

    private void enqueue(JobRequest request) {
        Job job = jobs.get(request.key());
        long number = isForAChange(request) ? ++requests : Job.NONE;
        if (number != Job.NONE && request.key().stage() == Stage.ENSURE_PUBLICATION) {
            for (Job finder : finding) {
                if (finder.key.machine().equals(request.key().machine())) {
                    number = Math.min(number, finder.oldest);
                }
            }
        }
        if (job == null) {
            job = new Job(numbers++, request);
            job.oldest = number;
            jobs.put(job.key, job);
            lineUp(job, begin(job, request.settle()));
        } else {
            job.unite(request, number);
            hurry(job, request.lane());
            if (!job.parked) {
                settle(job, request.settle());
            }
        }
        job.requested++;
        if (job.parked && !request.changed().isNone()) {
            unpark(job, begin(job, request.settle()));
        }
    }

    /** When a job is due that nothing was requested of before. */
    private long begin(Job job, @Nullable Settle settle) {
        if (settle == null) {
            return time.now();
        }
        job.settleBy = time.in(settle.longest());
        return time.in(settle.quiet());
    }

    private void settle(Job job, @Nullable Settle settle) {
        boolean claimed = job.token != Job.NOBODY;
        if (settle != null && claimed && !job.isRequestedAgain()) {
            job.againAt = begin(job, settle);
        } else if (job.isSettling()) {
            long before = claimed ? job.againAt : job.readyAt;
            long dueAt = settle == null
                    ? Math.min(before, time.now())
                    : Math.max(before, Math.min(job.settleBy, time.in(settle.quiet())));
            if (settle == null) {
                job.settleBy = Job.NONE;
            }
            if (claimed) {
                job.againAt = dueAt;
            } else if (dueAt != before) {
                lineUp(job, dueAt);
            }
        }
    }

    /** Not if it goes through a stock, nor if it only tells of a publication. */
    private static boolean isForAChange(JobRequest request) {
        return request.lane() == Lane.LIVE && request.key().stage() != Stage.FOLLOW_UP;
    }

    /** Makes a parked job due at some time, as if it had not run before. */
    private void unpark(Job job, long dueAt) {
        job.parked = false;
        job.refused = null;
        job.forgetAttempts();
        parked.remove(job.key);
        lineUp(job, dueAt);
    }

    private void hurry(Job job, Lane lane) {
        if (lane.compareTo(job.lane) < 0) {
            line(job).remove(job);
            job.lane = lane;
            if (!job.parked) {
                line(job).add(job);
            }
        }
    }

    @Override
    public synchronized List<Claim> claim(ClaimRequest request) {
        long now = time.now();
        List<Deque<Job>> tenants = due(new Queue(request.machine(), request.stage()), now, request.limit());
        List<Job> chosen = new ArrayList<>();
        while (chosen.size() < request.limit() && !tenants.isEmpty()) {
            for (Iterator<Deque<Job>> each = tenants.iterator(); each.hasNext() && chosen.size() < request.limit(); ) {
                Deque<Job> jobsOfTenant = each.next();
                Job job = jobsOfTenant.poll();
                if (job == null) {
                    each.remove();
                } else {
                    chosen.add(job);
                }
            }
        }
        return chosen.stream().map(job -> claim(job, now, request.lease())).toList();
    }

    @Override
    public synchronized boolean isAnyDue(String machine, Stage stage) {
        long now = time.now();
        return lines.getOrDefault(new Queue(machine, stage), Collections.emptyNavigableMap()).values().stream()
                .anyMatch(waiting -> !waiting.isEmpty() && waiting.first().readyAt <= now);
    }

    @Override
    public synchronized List<JobKey> waiting(String machine, Stage stage, @Nullable JobKey after, int limit) {
        long now = time.now();
        return jobs.values().stream()
                .filter(job -> !job.parked && !isRunning(job, now))
                .map(job -> job.key)
                .filter(key -> key.machine().equals(machine) && key.stage() == stage)
                .filter(key -> after == null || JobKey.ORDER.compare(key, after) > 0)
                .sorted(JobKey.ORDER)
                .limit(limit)
                .toList();
    }

    private static boolean isRunning(Job job, long now) {
        return job.token != Job.NOBODY && job.readyAt > now;
    }

    /** The jobs that each tenant has due, in the order in which they are handed out; beginning with another tenant each time. */
    private List<Deque<Job>> due(Queue queue, long now, int limit) {
        Map<String, Deque<Job>> byTenant = new LinkedHashMap<>();
        lines.getOrDefault(queue, Collections.emptyNavigableMap()).forEach((line, waiting) -> {
            Deque<Job> due = byTenant.computeIfAbsent(line.tenant(), tenant -> new ArrayDeque<>());
            for (Job job : waiting) {
                if (job.readyAt > now || due.size() == limit) {
                    break;
                }
                due.add(job);
            }
        });
        List<Deque<Job>> tenants = new ArrayList<>(byTenant.values());
        if (!tenants.isEmpty()) {
            Collections.rotate(tenants, (int) (turn++ % tenants.size()));
        }
        return tenants;
    }

    private Claim claim(Job job, long now, Duration lease) {
        job.uniteAll();
        job.claimed = job.requested;
        job.dueAtOnce();
        job.token = sequence.incrementAndGet();
        if (job.key.stage() == Stage.FIND_SUBJECTS) {
            finding.add(job);
        }
        job.attempts++;
        lineUp(job, time.in(lease));
        Duration failingFor = job.failingSince == null ? Duration.ZERO : Duration.ofNanos(now - job.failingSince);
        return new Claim(job.key, job.token, job.attempts, failingFor, job.changed, job.causes);
    }

    @Override
    public synchronized Map<Long, Ending> complete(Collection<Claim> claims) {
        Map<Long, Ending> endings = new HashMap<>();
        for (Claim claim : claims) {
            Job job = held(claim);
            if (job == null) {
                endings.put(claim.token(), Ending.LOST);
            } else if (job.isRequestedAgain()) {
                job.forgetChangesOfTheRun();
                endings.put(claim.token(), runAgain(job));
            } else {
                jobs.remove(job.key);
                line(job).remove(job);
                finding.remove(job);
                endings.put(claim.token(), Ending.SETTLED);
            }
        }
        return endings;
    }

    @Override
    public synchronized Map<Long, Ending> release(Collection<Release> releases) {
        Map<Long, Ending> endings = new HashMap<>();
        for (Release release : releases) {
            Job job = held(release.claim());
            endings.put(release.claim().token(), job == null ? Ending.LOST : release(job, release));
        }
        return endings;
    }

    private Ending release(Job job, Release release) {
        unclaim(job);
        job.dueAtOnce();
        job.failure = release.reason();
        job.uniteAll();
        if (!release.countsAsAttempt()) {
            job.attempts--;
            job.failingSince = job.failingSince == null
                    ? null
                    : Long.valueOf(job.failingSince + release.delay().toNanos());
        } else if (job.failingSince == null) {
            job.failingSince = time.now();
        }
        lineUp(job, time.in(release.delay()));
        return Ending.SETTLED;
    }

    @Override
    public synchronized Map<Long, Ending> park(Collection<Park> parks) {
        Map<Long, Ending> endings = new HashMap<>();
        for (Park park : parks) {
            Job job = held(park.claim());
            endings.put(park.claim().token(), job == null ? Ending.LOST : park(job, park));
        }
        return endings;
    }

    private Ending park(Job job, Park park) {
        boolean again = job.isRequestedAgain();
        job.failure = park.failure();
        job.uniteAll();
        if (again) {
            return runAgain(job);
        }
        line(job).remove(job);
        unclaim(job);
        job.parked = true;
        job.oldest = Job.NONE;
        job.parkedAt = time.now();
        job.failingSince = job.failingSince == null ? Long.valueOf(job.parkedAt) : job.failingSince;
        job.refused = park.refused();
        parked.put(job.key, job);
        return Ending.SETTLED;
    }

    private Ending runAgain(Job job) {
        unclaim(job);
        job.failure = null;
        job.forgetAttempts();
        lineUp(job, Math.max(job.againAt, time.now()));
        return Ending.RUNS_AGAIN;
    }

    private void unclaim(Job job) {
        job.token = Job.NOBODY;
        finding.remove(job);
    }

    /** {@inheritDoc} It forgets everything at once, with its process. Parked jobs are given up. */
    @Override
    public synchronized Coverage coverage() {
        Map<String, Long> covered = new HashMap<>();
        for (Job job : jobs.values()) {
            long oldest = Math.min(job.oldest, job.oldestSince);
            if (!job.parked && oldest != Job.NONE) {
                covered.merge(job.key.machine(), oldest - 1, Math::min);
            }
        }
        return new Coverage("", requests, covered);
    }

    @Override
    public synchronized Set<Long> renew(Collection<Claim> claims, Duration lease) {
        Set<Long> renewed = new TreeSet<>();
        for (Claim claim : claims) {
            Job job = held(claim);
            if (job != null) {
                lineUp(job, time.in(lease));
                renewed.add(claim.token());
            }
        }
        return renewed;
    }

    private @Nullable Job held(Claim claim) {
        Job job = jobs.get(claim.key());
        return job != null && job.token == claim.token() ? job : null;
    }

    private NavigableSet<Job> line(Job job) {
        return lines.computeIfAbsent(new Queue(job.key.machine(), job.key.stage()), queue -> new TreeMap<>(IN_TURN))
                .computeIfAbsent(new Line(job.lane, job.key.tenant()), line -> new TreeSet<>(LONGEST_DUE_FIRST));
    }

    private void lineUp(Job job, long readyAt) {
        line(job).remove(job);
        job.readyAt = readyAt;
        line(job).add(job);
    }

    @Override
    public synchronized Map<String, Long> backlogs() {
        Map<String, Long> backlogs = new TreeMap<>();
        for (Job job : jobs.values()) {
            if (!job.parked) {
                backlogs.merge(job.key.machine(), 1L, Long::sum);
            }
        }
        return backlogs;
    }

    @Override
    public synchronized long backlog() {
        return (long) jobs.size() - parked.size();
    }

    @Override
    public synchronized Duration longestDue() {
        long now = time.now();
        long first = now;
        for (NavigableMap<Line, NavigableSet<Job>> queue : lines.values()) {
            for (NavigableSet<Job> line : queue.values()) {
                first = line.isEmpty() ? first : Math.min(first, line.first().readyAt);
            }
        }
        return Duration.ofNanos(now - first);
    }

    @Override
    public synchronized void erase(JobKey key) {
        Job job = jobs.get(key);
        if (job != null) {
            job.failure = null;
            job.refused = null;
        }
    }

    @Override
    public synchronized Optional<JobStatus> find(JobKey key) {
        Job job = jobs.get(key);
        if (job == null) {
            return Optional.empty();
        }
        boolean running = isRunning(job, time.now());
        Duration dueIn = job.parked || running ? Duration.ZERO : time.until(job.readyAt);
        return Optional.of(new JobStatus(
                running,
                job.parked,
                dueIn,
                job.attempts,
                job.failure,
                Cause.union(job.causes, job.causesSince),
                job.isSettling() && !dueIn.isZero()));
    }

    @Override
    public DeadLetterStore deadLetters() {
        return new InMemoryDeadLetters(this, time, wake);
    }

    /** Those that are parked, in order; to be used under the lock of this object. */
    NavigableMap<JobKey, Job> parkedJobs() {
        return parked;
    }

    /** Makes a parked job due after a while, as if it were new; tells whether there is one. To be used under the lock. */
    boolean requeue(JobKey key, Duration delay) {
        Job job = parked.get(key);
        if (job != null) {
            job.failure = null;
            unpark(job, time.in(delay));
        }
        return job != null;
    }

    /** Forgets a parked job; tells whether there is one. To be used under the lock. */
    boolean discard(JobKey key) {
        return parked.remove(key) != null && jobs.remove(key) != null;
    }
}
