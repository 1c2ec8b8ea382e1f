package io.syncmachine.memory;

import io.syncmachine.event.Cause;
import io.syncmachine.memory.InMemoryJobs.Job;
import io.syncmachine.spi.DeadLetterStore;
import io.syncmachine.spi.JobKey;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The parked jobs of a map. */
final class InMemoryDeadLetters implements DeadLetterStore {

    private final InMemoryJobs jobs;
    private final Elapsed time;
    private final Runnable wake;

    InMemoryDeadLetters(InMemoryJobs jobs, Elapsed time, Runnable wake) {
        this.jobs = jobs;
        this.time = time;
        this.wake = wake;
    }

    @Override
    public List<Letter> list(Filter filter, @Nullable JobKey after, int limit) {
        synchronized (jobs) {
            NavigableMap<JobKey, Job> parked = jobs.parkedJobs();
            return matching(filter, after == null ? parked : parked.tailMap(after, false))
                    .limit(limit)
                    .map(job -> letter(job, null))
                    .toList();
        }
    }

    private Stream<Job> matching(Filter filter, Map<JobKey, Job> parked) {
        return parked.values().stream().filter(job -> matches(filter, job));
    }

    private boolean matches(Filter filter, Job job) {
        String text = filter.text();
        Duration parkedFor = filter.parkedFor();
        return (filter.tenant() == null || job.key.tenant().equals(filter.tenant()))
                && (filter.machine() == null || job.key.machine().equals(filter.machine()))
                && (text == null || (job.failure != null && job.failure.contains(text)))
                && (parkedFor == null || time.since(job.parkedAt).compareTo(parkedFor) >= 0);
    }

    private Letter letter(Job job, @Nullable String refused) {
        return new Letter(
                job.key,
                job.attempts,
                time.since(Objects.requireNonNull(job.failingSince)),
                time.since(job.parkedAt),
                job.failure,
                refused,
                Cause.union(job.causes, job.causesSince));
    }

    @Override
    public Optional<Letter> find(JobKey key) {
        synchronized (jobs) {
            return Optional.ofNullable(jobs.parkedJobs().get(key)).map(job -> letter(job, job.refused));
        }
    }

    @Override
    public long count(Filter filter) {
        synchronized (jobs) {
            return filter.equals(Filter.ALL)
                    ? jobs.parkedJobs().size()
                    : matching(filter, jobs.parkedJobs()).count();
        }
    }

    @Override
    public int requeue(Map<JobKey, Duration> delays) {
        int count = 0;
        synchronized (jobs) {
            for (Map.Entry<JobKey, Duration> entry : delays.entrySet()) {
                count += jobs.requeue(entry.getKey(), entry.getValue()) ? 1 : 0;
            }
        }
        wake.run();
        return count;
    }

    @Override
    public int discard(Collection<JobKey> keys) {
        synchronized (jobs) {
            return (int) keys.stream().filter(jobs::discard).count();
        }
    }

    @Override
    public int purge(Duration parkedFor, int limit) {
        synchronized (jobs) {
            return discard(matching(Filter.ALL.parkedFor(parkedFor), jobs.parkedJobs())
                    .limit(limit)
                    .map(job -> job.key)
                    .toList());
        }
    }
}
