package io.syncmachine.internal;

import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A machine's publications ({@code T} is what is prepared for one): at most so many in flight, each slot taking the next prepared run as soon as it is free. Tells how many
 * runs to prepare ahead: no more than the API, as fast as it has been, can take in half a lease.
 */
final class Slots<T> {

    /** What a call in flight occupies. */
    interface Slot {

        /** Ends its use: once, while the call is begun or later, by any thread. */
        void free();

        /** Uses it for more, on a thread that may wait. */
        void run(Runnable task);

        /** One that, where it would be free, is used for this. */
        Slot then(Runnable task);
    }

    private static final int MAX_AHEAD = 400;
    private static final double WEIGHT_OF_LATEST = 0.1;

    private final int limit;
    private final boolean ahead;
    private final Executor executor;
    private final EngineClock clock;
    private final Duration halfLease;
    private final BiConsumer<List<T>, Slot> publisher;
    private final int batch;
    private final Queue<T> ready = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger busy = new AtomicInteger();
    private volatile Runnable refill = () -> {};
    private volatile double averageCallNanos;
    private volatile boolean starved;

    /**
     * Makes one.
     *
     * @param limit how many slots
     * @param batch how many runs a slot takes at most
     * @param ahead whether runs are prepared that cannot be published at once
     * @param publisher begins to publish some, and frees the slot when they are through
     */
    Slots(
            int limit,
            int batch,
            boolean ahead,
            Executor executor,
            EngineClock clock,
            Duration lease,
            BiConsumer<List<T>, Slot> publisher) {
        this.batch = batch;
        this.ahead = ahead;
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
        return wait >= Math.max(target / 2, 1) ? 0 : Math.max(target - wait - busy.get() * batch, 0);
    }

    private int target() {
        int atOnce = limit * batch;
        double call = averageCallNanos;
        if (call == 0 || !ahead) {
            return atOnce;
        }
        double inHalfLease = atOnce * (halfLease.toNanos() / call);
        return (int) Math.max(atOnce, Math.min(inHalfLease, Math.max(MAX_AHEAD, 2 * atOnce)));
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

    /** Uses a slot until nothing is ready or a call goes on without this thread. */
    private void work() {
        do {
            for (List<T> runs = take(); !runs.isEmpty(); runs = take()) {
                tellRoom();
                if (!publish(runs)) {
                    return;
                }
            }
            busy.decrementAndGet();
            tellRoom();
        } while (!ready.isEmpty() && takeSlot());
    }

    private List<T> take() {
        T first = takeBack();
        if (first == null || batch == 1) {
            return first == null ? List.of() : List.of(first);
        }
        List<T> runs = new ArrayList<>();
        for (T run = first; run != null; run = runs.size() < batch ? takeBack() : null) {
            runs.add(run);
        }
        return runs;
    }

    /** Answers whether the slot is free again already; else its next use is begun when it is. */
    private boolean publish(List<T> runs) {
        long start = clock.nanos();
        AtomicBoolean oneIsThrough = new AtomicBoolean();
        publisher.accept(runs, slot(() -> {
            double took = clock.nanos() - start;
            double average = averageCallNanos;
            averageCallNanos = average == 0 ? took : average + WEIGHT_OF_LATEST * (took - average);
            if (oneIsThrough.getAndSet(true)) {
                startSlot();
            }
        }));
        return oneIsThrough.getAndSet(true);
    }

    private Slot slot(Runnable free) {
        return new Slot() {
            @Override
            public void free() {
                free.run();
            }

            @Override
            public void run(Runnable task) {
                try {
                    executor.execute(task);
                } catch (RejectedExecutionException e) {
                    task.run(); // closing
                }
            }

            @Override
            public Slot then(Runnable task) {
                return slot(() -> run(task));
            }
        };
    }

    private void tellRoom() {
        if (starved && freeRoom() > 0) {
            starved = false;
            refill.run();
        }
    }

    /** How many publications are in flight or ready, at most. */
    int load() {
        return waiting.get() + busy.get() * batch;
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
