package io.syncmachine.torture;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.LongPredicate;

/** The workers' processes: kills, stops and replaces them. Safe for use by several threads. */
final class Workers implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 60;
    private static final int STOPPED_SHARE = 10;
    private static final int SHORTEST_STOP_SECONDS = 5;
    private static final int LONGEST_STOP_SECONDS = 20;

    private final WorkerJvm jvm;
    private final LongPredicate hasCalled;
    private final Random random;
    private final List<Process> running = new ArrayList<>();
    /** The stopped ones, and when they may go on. */
    private final Map<Process, Long> stopped = new HashMap<>();

    private int hits;

    /**
     * Starts them.
     *
     * @param hasCalled tells of a process whether it has called the API
     */
    Workers(int number, WorkerJvm jvm, LongPredicate hasCalled, Random random) throws IOException {
        this.jvm = jvm;
        this.hasCalled = hasCalled;
        this.random = random;
        for (int i = 0; i < number; i++) {
            running.add(jvm.start());
        }
    }

    /**
     * Kills one of those that have called the API, if there is one, and starts another; of ten times, once stops one instead for 5 to 20
     * seconds. So workers get to work however slowly they start.
     */
    synchronized void hitOne() throws IOException, InterruptedException {
        List<Process> busy =
                running.stream().filter(worker -> hasCalled.test(worker.pid())).toList();
        if (busy.isEmpty()) {
            return;
        }
        hits++;
        Process victim = busy.get(random.nextInt(busy.size()));
        running.remove(victim);
        if (hits % STOPPED_SHARE == STOPPED_SHARE / 2) {
            Signal.STOP.send(victim.toHandle());
            long seconds = random.nextInt(SHORTEST_STOP_SECONDS, LONGEST_STOP_SECONDS + 1);
            stopped.put(victim, System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds));
        } else {
            victim.destroyForcibly().waitFor();
            running.add(jvm.start());
        }
    }

    /** Lets those go on that were stopped for long enough. */
    synchronized void wakeDue() throws IOException, InterruptedException {
        wake(System.nanoTime());
    }

    /** Lets all go on that were stopped. */
    synchronized void wakeAll() throws IOException, InterruptedException {
        wake(Long.MAX_VALUE);
    }

    private void wake(long now) throws IOException, InterruptedException {
        for (Process process : List.copyOf(stopped.keySet())) {
            if (stopped.getOrDefault(process, now) <= now) {
                Signal.CONT.send(process.toHandle());
                stopped.remove(process);
                running.add(process);
            }
        }
    }

    /** How many were killed or stopped. */
    synchronized int hits() {
        return hits;
    }

    /**
     * Ends them in peace.
     *
     * @throws IllegalStateException if one has ended by itself, or does not end
     */
    synchronized void quit() throws IOException, InterruptedException {
        wakeAll();
        for (Process worker : running) {
            if (!worker.isAlive()) {
                throw new IllegalStateException("a worker ended by itself, with exit code " + worker.exitValue());
            }
            worker.getOutputStream().close();
        }
        for (Process worker : running) {
            if (!worker.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a worker did not end within " + PATIENCE_SECONDS + " seconds");
            }
        }
        running.clear();
    }

    /** Kills what is left. */
    @Override
    public synchronized void close() {
        running.forEach(Process::destroyForcibly);
        stopped.keySet().forEach(Process::destroyForcibly);
        running.clear();
        stopped.clear();
    }
}
