package io.syncmachine.internal;

import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A machine's publications ({@code T} is what is prepared for one): at most so many in flight, each slot taking the next prepared run as soon as it is free. Tells how many
 * runs to prepare ahead: no more than the API, as fast as it has been, can take in half a lease.
 */
final class Slots<T> {

    private static final int MAX_AHEAD = 400;
    private static final double WEIGHT_OF_LATEST = 0.1;

    private final int limit;
    private final Executor executor;
    private final EngineClock clock;
    private final Duration halfLease;
    private final Consumer<T> publisher;
    private final Queue<T> ready = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger busy = new AtomicInteger();
    private volatile Runnable refill = () -> {};
    private volatile double averageCallNanos;
    private volatile boolean starved;

    Slots(int limit, Executor executor, EngineClock clock, Duration lease, Consumer<T> publisher) {
        this.limit = limit;
        this.executor = executor;
        this.clock = clock;
        this.halfLease = lease.dividedBy(2);
        this.publisher = publisher;
    }

    /** Who is told when there is room again. */
    void onRoom(Runnable refill) {
        this.refill = refill;
    }

    /** How many runs to prepare now; zero while enough are waiting, and then {@link #onRoom} is told of room. */
    int room() {
        int room = freeRoom();
        starved = room == 0;
        return starved ? freeRoom() : room;
    }

    private int freeRoom() {
        int target = target();
        int wait = waiting.get();
        return wait >= Math.max(target / 2, 1) ? 0 : Math.max(target - wait - busy.get(), 0);
    }

    private int target() {
        double call = averageCallNanos;
        if (call == 0) {
            return limit;
        }
        double inHalfLease = limit * (halfLease.toNanos() / call);
        return (int) Math.max(limit, Math.min(inHalfLease, Math.max(MAX_AHEAD, 2 * limit)));
    }

    void add(List<T> runs) {
        for (T run : runs) {
            waiting.incrementAndGet();
            ready.add(run);
        }
        for (int i = 0; i < runs.size() && takeSlot(); i++) {
            startSlot();
        }
    }

    private boolean takeSlot() {
        while (true) {
            int now = busy.get();
            if (now >= limit) {
                return false;
            }
            if (busy.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    private void startSlot() {
        try {
            executor.execute(this::work);
        } catch (RejectedExecutionException e) {
            busy.decrementAndGet(); // closing: what is ready is handed back
        }
    }

    private void work() {
        do {
            T run;
            while ((run = ready.poll()) != null) {
                waiting.decrementAndGet();
                tellRoom();
                publish(run);
            }
            busy.decrementAndGet();
            tellRoom();
        } while (!ready.isEmpty() && takeSlot());
    }

    private void publish(T run) {
        long start = clock.nanos();
        publisher.accept(run);
        double took = clock.nanos() - start;
        double average = averageCallNanos;
        averageCallNanos = average == 0 ? took : average + WEIGHT_OF_LATEST * (took - average);
    }

    private void tellRoom() {
        if (starved && freeRoom() > 0) {
            starved = false;
            refill.run();
        }
    }

    /** How many publications are in flight or ready. */
    int load() {
        return waiting.get() + busy.get();
    }

    /** Takes back a run that was not started; null if there is none. */
    @Nullable
    T takeBack() {
        T run = ready.poll();
        if (run != null) {
            waiting.decrementAndGet();
        }
        return run;
    }
}
