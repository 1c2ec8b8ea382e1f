package io.syncmachine.test;

import io.syncmachine.spi.EngineThreads;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/**
 * Runs an engine on the thread of the test, step by step: publications are sent inside the step that prepares them, and nothing
 * happens but in {@link #runNext()}, {@link #runAll()} and the closing of the engine.
 *
 * <pre>{@code
 * ManualClock clock = ManualClock.create();
 * ManualThreads threads = ManualThreads.create();
 * SyncEngine engine = SyncEngine.builder().clock(clock).threads(threads). … .start();
 * entities.save(new Order(1L, "open"));
 * threads.runAll();
 * // what is to be published is published
 * clock.advance(Duration.ofMinutes(1));
 * threads.runAll();
 * // what had to wait for less than a minute, too
 * }</pre>
 *
 * <p>For one thread; only wake-ups may come from others. What runs inside a step may not run another one of the same threads, but
 * may run those of another engine.
 */
public final class ManualThreads implements EngineThreads {

    private static final int MOST_STEPS = 100_000;
    private static final int STEPS_TOLD = 12;

    private final boolean recordsFailures;
    private final List<Exception> failures = new ArrayList<>();
    private final List<ManualLoop> loops = new ArrayList<>();
    private final Deque<String> latest = new ArrayDeque<>();
    private int next;
    private boolean running;

    private ManualThreads(boolean recordsFailures) {
        this.recordsFailures = recordsFailures;
    }

    /** Threads where a step that fails ends the run with an {@link AssertionError}. */
    public static ManualThreads create() {
        return new ManualThreads(false);
    }

    /** Threads where a step that fails rests, like one that has nothing to do, and goes on in a later run: see {@link #failures()}. */
    public static ManualThreads recordingFailures() {
        return new ManualThreads(true);
    }

    /** What steps have thrown, if it is being recorded. */
    public List<Exception> failures() {
        return List.copyOf(failures);
    }

    /**
     * Runs steps, each loop's in turn, up to and including the first that has something to do.
     *
     * @return false if none has
     * @throws AssertionError if a step fails, unless failures are recorded
     * @throws IllegalStateException if called from within a step
     */
    public boolean runNext() {
        if (running) {
            throw new IllegalStateException("a step must not run another step");
        }
        int resting = 0;
        for (int steps = 0; steps < MOST_STEPS; steps++) {
            if (resting >= loops.size() && loops.stream().noneMatch(loop -> loop.woken)) {
                return false;
            }
            next = next < loops.size() ? next : 0;
            if (loops.get(next++).run().isZero()) {
                return true;
            }
            resting++;
        }
        throw endless();
    }

    /**
     * Runs steps until none has anything to do without time going on.
     *
     * @throws AssertionError if a step fails, unless failures are recorded; or if there is no end to it
     * @throws IllegalStateException if called from within a step
     */
    public void runAll() {
        for (int steps = 0; steps < MOST_STEPS; steps++) {
            if (!runNext()) {
                return;
            }
        }
        throw endless();
    }

    private AssertionError endless() {
        return new AssertionError(
                "after " + MOST_STEPS + " steps there is still something to do; the latest were " + latest);
    }

    @Override
    public Loop repeat(String name, Step step) {
        ManualLoop loop = new ManualLoop(name, step);
        loops.add(loop);
        return loop;
    }

    /** Runs publications on the thread that hands them over. */
    @Override
    public Executor publications(String machine, int limit) {
        return Runnable::run;
    }

    /** Runs steps until it is done or nothing is left to do, however long that takes. */
    @Override
    public void await(BooleanSupplier done, Duration patience) {
        boolean worked = true;
        while (worked && !done.getAsBoolean()) {
            worked = runNext();
        }
    }

    /** Does nothing: no thread has to be ended. */
    @Override
    public void close() {}

    private final class ManualLoop implements Loop {

        private final String name;
        private final Step step;
        private volatile boolean woken;

        ManualLoop(String name, Step step) {
            this.name = name;
            this.step = step;
        }

        Duration run() {
            latest.addLast(name);
            if (latest.size() > STEPS_TOLD) {
                latest.removeFirst();
            }
            woken = false;
            running = true;
            try {
                return step.run();
            } catch (Exception e) {
                if (!recordsFailures) {
                    throw new AssertionError("step '" + name + "' failed: " + e, e);
                }
                failures.add(e);
                return Duration.ofSeconds(1);
            } finally {
                running = false;
            }
        }

        @Override
        public void wake() {
            woken = true;
        }

        @Override
        public void stop(Duration patience) {
            loops.remove(this);
        }
    }
}
