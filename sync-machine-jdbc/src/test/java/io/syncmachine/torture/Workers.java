package io.syncmachine.torture;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** The workers' processes: kills, stops and replaces them. Safe for use by several threads. */
final class Workers implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 60;
    private static final int STOPPED_SHARE = 10;
    private static final int SHORTEST_STOP_SECONDS = 5;
    private static final int LONGEST_STOP_SECONDS = 20;

    private final List<String> command;
    private final Path log;
    private final Random random;
    private final List<Process> running = new ArrayList<>();
    /** The stopped ones, and when they may go on. */
    private final Map<Process, Long> stopped = new HashMap<>();

    private int hits;

    /**
     * Starts them.
     *
     * @param log where their output is added
     */
    Workers(int number, String database, String api, Path log, Random random) throws IOException {
        this.command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-D" + Torture.LOGBACK + "=" + System.getProperty(Torture.LOGBACK),
                "-D" + Torture.LOG + "=" + log,
                "-cp",
                System.getProperty("java.class.path"),
                Worker.class.getName(),
                database,
                api);
        this.log = log;
        this.random = random;
        for (int i = 0; i < number; i++) {
            running.add(start());
        }
    }

    private Process start() throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /** Kills one and starts another; of ten times, once stops one instead for 5 to 20 seconds. */
    synchronized void hitOne() throws IOException, InterruptedException {
        if (running.isEmpty()) {
            return;
        }
        hits++;
        Process victim = running.remove(random.nextInt(running.size()));
        if (hits % STOPPED_SHARE == STOPPED_SHARE / 2) {
            Signal.STOP.send(victim.toHandle());
            long seconds = random.nextInt(SHORTEST_STOP_SECONDS, LONGEST_STOP_SECONDS + 1);
            stopped.put(victim, System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds));
        } else {
            victim.destroyForcibly().waitFor();
            running.add(start());
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
