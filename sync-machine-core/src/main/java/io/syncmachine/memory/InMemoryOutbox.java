package io.syncmachine.memory;

import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Outbox;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Changes in a queue. One relay runs at a time and takes its changes from the head only after their jobs are enqueued; appending
 * waits for no relay.
 */
final class InMemoryOutbox implements Outbox {

    private final Elapsed time;
    private final Runnable wake;
    private final ReentrantLock relaying = new ReentrantLock();
    private final Deque<Waiting> changes = new ArrayDeque<>();

    private record Waiting(Change change, long since) {}

    InMemoryOutbox(Elapsed time, Runnable wake) {
        this.time = time;
        this.wake = wake;
    }

    @Override
    public void append(Collection<Change> changes) {
        synchronized (this.changes) {
            long now = time.now();
            changes.forEach(change -> this.changes.add(new Waiting(change, now)));
        }
        wake.run();
    }

    @Override
    public int relay(int limit, Router router, JobExecutor jobs) {
        relaying.lock();
        try {
            List<Change> taken = head(limit);
            if (taken.isEmpty()) {
                return 0;
            }
            List<JobRequest> requests = router.route(taken);
            if (!requests.isEmpty()) {
                jobs.enqueue(requests);
            }
            removeHead(taken.size());
            return taken.size();
        } finally {
            relaying.unlock();
        }
    }

    private List<Change> head(int limit) {
        synchronized (changes) {
            return changes.stream().limit(limit).map(Waiting::change).toList();
        }
    }

    private void removeHead(int count) {
        synchronized (changes) {
            for (int i = 0; i < count; i++) {
                changes.removeFirst();
            }
        }
    }

    @Override
    public long depth() {
        synchronized (changes) {
            return changes.size();
        }
    }

    @Override
    public Duration lag() {
        synchronized (changes) {
            Waiting first = changes.peek();
            return first == null ? Duration.ZERO : time.since(first.since());
        }
    }
}
