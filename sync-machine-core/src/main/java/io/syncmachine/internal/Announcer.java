package io.syncmachine.internal;

import io.syncmachine.event.Outcome;
import io.syncmachine.event.SyncObserver;
import io.syncmachine.spi.EngineThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells observers of outcomes, on a thread of its own: nothing waits for them. Where they are too slow, and very many outcomes wait to be told,
 * further ones are dropped; the journal has them all the same.
 */
final class Announcer implements EngineThreads.Step {

    static final int MOST_WAITING = 100_000;

    private static final Logger log = LoggerFactory.getLogger(Announcer.class);
    private static final int BATCH = 1_000;
    private static final Duration IDLE = Duration.ofSeconds(5);

    private final List<SyncObserver> observers;
    private final Queue<Outcome> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong dropped = new AtomicLong();
    private volatile Runnable wake = () -> {};

    Announcer(List<SyncObserver> observers) {
        this.observers = observers;
    }

    /** Who is told that there is something to tell. */
    void onOutcomes(Runnable wake) {
        this.wake = wake;
    }

    /** Takes outcomes; never waits. */
    void add(List<Outcome> outcomes) {
        if (observers.isEmpty() || outcomes.isEmpty()) {
            return;
        }
        if (waiting.addAndGet(outcomes.size()) > MOST_WAITING) {
            waiting.addAndGet(-outcomes.size());
            if (dropped.getAndAdd(outcomes.size()) == 0) {
                log.warn(
                        "observers are too slow: outcomes are not told to them any more, until fewer than {} wait",
                        BATCH);
            }
        } else {
            queue.addAll(outcomes);
        }
        wake.run();
    }

    /** Whether all is told. */
    boolean isIdle() {
        return waiting.get() == 0;
    }

    @Override
    public Duration run() {
        List<Outcome> batch = new ArrayList<>();
        Outcome next;
        while (batch.size() < BATCH && (next = queue.poll()) != null) {
            batch.add(next);
        }
        if (batch.isEmpty()) {
            return IDLE;
        }
        observers.forEach(observer -> tell(observer, List.copyOf(batch)));
        if (waiting.addAndGet(-batch.size()) < BATCH) {
            long missed = dropped.getAndSet(0);
            if (missed > 0) {
                log.warn("observers were told nothing of {} outcomes, for they were too slow", missed);
            }
        }
        return Duration.ZERO;
    }

    private static void tell(SyncObserver observer, List<Outcome> outcomes) {
        try {
            observer.onOutcomes(outcomes);
        } catch (Throwable e) {
            log.warn("an observer failed", e);
        }
    }
}
