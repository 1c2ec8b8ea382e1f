package io.syncmachine.memory;

import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Jobs in a map, and in one line per machine and stage, ordered by when they can be claimed: a waiting job when it is due, a claimed
 * one when its lease ends. Parked jobs are in no line.
 *
 * <p>A request that comes while a job is claimed counts as if it had come right after the claim ended.
 */
final class InMemoryJobs implements JobExecutor {

    private static final Comparator<Job> LONGEST_DUE_FIRST =
            Comparator.<Job>comparingLong(job -> job.readyAt).thenComparingLong(job -> job.number);

    private final Elapsed time;
    private final AtomicLong sequence;
    private final Runnable wake;
    private final Map<JobKey, Job> jobs = new HashMap<>();
    private final Map<Line, NavigableSet<Job>> lines = new HashMap<>();
    private long numbers;
    private long parked;

    private record Line(String machine, Stage stage) {}

    private static final class Job {
        static final long NOBODY = 0;

        final JobKey key;
        final long number;
        long requested;
        long claimed;
        long token = NOBODY;
        boolean parked;
        int attempts;

        @Nullable
        Long failingSince;

        long readyAt;
        /** What a claim is told, and is told again if it does not complete. */
        ChangedProperties changed;
        /** What was requested since the claim. */
        @Nullable
        ChangedProperties changedSince;

        Job(JobKey key, long number, ChangedProperties changed) {
            this.key = key;
            this.number = number;
            this.changed = changed;
        }

        boolean isRequestedAgain() {
            return requested != claimed;
        }

        void forgetAttempts() {
            attempts = 0;
            failingSince = null;
        }

        void unite(ChangedProperties more) {
            if (token == NOBODY) {
                changed = changed.union(more);
            } else {
                changedSince = changedSince == null ? more : changedSince.union(more);
            }
        }

        void uniteAll() {
            if (changedSince != null) {
                changed = changed.union(changedSince);
                changedSince = null;
            }
        }

        void forgetChangesOfTheRun() {
            changed = changedSince == null ? changed : changedSince;
            changedSince = null;
        }
    }

    InMemoryJobs(Elapsed time, AtomicLong sequence, Runnable wake) {
        this.time = time;
        this.sequence = sequence;
        this.wake = wake;
    }

    @Override
    public Set<Capability> capabilities() {
        return Set.of(Capability.EXCLUSIVE);
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
        if (job == null) {
            job = new Job(request.key(), numbers++, request.changed());
            jobs.put(job.key, job);
            lineUp(job, time.now());
        } else {
            job.unite(request.changed());
        }
        job.requested++;
        if (job.parked) {
            job.parked = false;
            parked--;
            job.forgetAttempts();
            lineUp(job, time.now());
        }
    }

    @Override
    public synchronized List<Claim> claim(ClaimRequest request) {
        long now = time.now();
        List<Job> due = new ArrayList<>();
        for (Job job : line(request.machine(), request.stage())) {
            if (job.readyAt > now || due.size() == request.limit()) {
                break;
            }
            due.add(job);
        }
        return due.stream().map(job -> claim(job, now, request.lease())).toList();
    }

    private Claim claim(Job job, long now, Duration lease) {
        job.uniteAll();
        job.claimed = job.requested;
        job.token = sequence.incrementAndGet();
        job.attempts++;
        lineUp(job, time.in(lease));
        Duration failingFor = job.failingSince == null ? Duration.ZERO : Duration.ofNanos(now - job.failingSince);
        return new Claim(job.key, job.token, job.attempts, failingFor, job.changed);
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
        job.token = Job.NOBODY;
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
            endings.put(park.claim().token(), job == null ? Ending.LOST : park(job));
        }
        return endings;
    }

    private Ending park(Job job) {
        boolean again = job.isRequestedAgain();
        job.uniteAll();
        if (again) {
            return runAgain(job);
        }
        line(job).remove(job);
        job.token = Job.NOBODY;
        job.parked = true;
        parked++;
        return Ending.SETTLED;
    }

    private Ending runAgain(Job job) {
        job.token = Job.NOBODY;
        job.forgetAttempts();
        lineUp(job, time.now());
        return Ending.RUNS_AGAIN;
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
        return line(job.key.machine(), job.key.stage());
    }

    private NavigableSet<Job> line(String machine, Stage stage) {
        return lines.computeIfAbsent(new Line(machine, stage), key -> new TreeSet<>(LONGEST_DUE_FIRST));
    }

    private void lineUp(Job job, long readyAt) {
        line(job).remove(job);
        job.readyAt = readyAt;
        line(job).add(job);
    }

    @Override
    public synchronized long backlog() {
        return jobs.size() - parked;
    }

    @Override
    public synchronized long parked() {
        return parked;
    }
}
