package io.syncmachine.internal;

import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullMarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs to hand a prepared run to a slot and to free the slot, beside the call itself. */
@NullMarked
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SlotsBenchmark {

    private static final int RUNS = 200;
    private static final List<Integer> CLAIMED = Collections.nCopies(RUNS, 1);

    private final ExecutorService executor = Executors.newFixedThreadPool(2);
    private volatile CountDownLatch left = new CountDownLatch(0);
    private Slots<Integer> atOnce = slots(false);
    private Slots<Integer> later = slots(true);

    /** Makes the slots. */
    @Setup
    public void open() {
        atOnce = slots(false);
        later = slots(true);
    }

    private Slots<Integer> slots(boolean answersOnAnotherThread) {
        return new Slots<>(32, 1, true, executor, EngineClock.system(), Duration.ofMinutes(1), (runs, slot) -> {
            if (answersOnAnotherThread) {
                executor.execute(() -> free(slot));
            } else {
                free(slot);
            }
        });
    }

    private void free(Slots.Slot slot) {
        slot.free();
        left.countDown();
    }

    /** Stops the threads. */
    @TearDown
    public void close() {
        executor.shutdownNow();
    }

    /** Calls that end within the hook. */
    @Benchmark
    @OperationsPerInvocation(RUNS)
    public void synchronousCalls() throws InterruptedException {
        run(atOnce);
    }

    /** Calls that are answered by another thread. */
    @Benchmark
    @OperationsPerInvocation(RUNS)
    public void asynchronousCalls() throws InterruptedException {
        run(later);
    }

    private void run(Slots<Integer> slots) throws InterruptedException {
        left = new CountDownLatch(RUNS);
        slots.add(CLAIMED);
        left.await();
    }
}
