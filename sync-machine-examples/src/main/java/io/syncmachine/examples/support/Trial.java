package io.syncmachine.examples.support;

import io.syncmachine.SyncEngine.Backlog;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.examples.support.CallRecorder.Counts;
import java.io.PrintStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Drives an example through its phases: each commits changes, waits until nothing is left to publish, and compares what the API
 * holds with what plain SQL says it should. For one thread.
 */
public final class Trial {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long POLL_MILLIS = 10;
    private static final int POLL_SHARE = 5;
    private static final long IDLE_MILLIS = 50;

    private final CallRecorder api;
    private final Snapshot snapshot;
    private final Supplier<Backlog> backlog;
    private final Outcomes outcomes;
    private final PrintStream out;
    private final Report report = new Report();
    private long patienceNanos = PATIENCE.toNanos();
    private Map<String, String> documents;

    /** What a phase does. */
    @FunctionalInterface
    public interface Work {
        /**
         * Commits changes.
         *
         * @param stopwatch runs already
         * @return how many entities were changed
         */
        long run(Stopwatch stopwatch) throws Exception;
    }

    /** From when on, and what of it, counts as publishing. */
    public static final class Stopwatch {

        private long startNanos = System.nanoTime();
        private boolean waitsExcluded;

        private Stopwatch() {}

        /** Publishing begins only now. */
        public void restart() {
            startNanos = System.nanoTime();
        }

        /** Pauses of more than a second between calls are no publishing, but waiting for the lease of a dead worker. */
        public void excludeWaits() {
            waitsExcluded = true;
        }
    }

    /** One change of which one subject's document depends. */
    public record SingleChange(String subject, Runnable commit) {}

    /** Thrown when for long nothing was accepted or completed. */
    public static final class StalledException extends Exception {
        private static final long serialVersionUID = 1L;

        StalledException(String message) {
            super(message);
        }
    }

    /**
     * Begins.
     *
     * @param api what happens at the API
     * @param snapshot what it should hold
     * @param backlog what waits
     * @param outcomes how runs ended
     * @param out told of each phase
     */
    public Trial(CallRecorder api, Snapshot snapshot, Supplier<Backlog> backlog, Outcomes outcomes, PrintStream out)
            throws SQLException {
        this.api = api;
        this.snapshot = snapshot;
        this.backlog = backlog;
        this.outcomes = outcomes;
        this.out = out;
        this.documents = snapshot.read();
    }

    /** How long nothing may be accepted or completed before a phase is given up; default a minute. */
    public Trial patience(Duration patience) {
        patienceNanos = patience.toNanos();
        return this;
    }

    /** The results so far. */
    public Report report() {
        Backlog left = backlog.get();
        report.end(api.counts().overlapping(), left.parked());
        return report;
    }

    /** Runs a phase. */
    public void phase(String name, String description, Work work) throws Exception {
        begin(description);
        Counts before = api.counts();
        long unchangedBefore = outcomes.count(Result.UNCHANGED);
        Stopwatch stopwatch = new Stopwatch();
        long changes = work.run(stopwatch);
        String stall = settle();

        Counts after = api.counts();
        double seconds = 0;
        double waited = 0;
        if (after.calls() > before.calls()) {
            long nanos = Math.max(after.lastCallNanos() - stopwatch.startNanos, 0);
            if (stopwatch.waitsExcluded) {
                waited = seconds(after.waitedNanos() - before.waitedNanos());
            }
            seconds = Math.max(seconds(nanos) - waited, 0);
        }
        Phase phase = finish(name, changes, before, unchangedBefore, seconds, true);
        out.printf(Locale.ENGLISH, "%,9d calls %7.2f s", phase.calls(), seconds);
        out.print(waited > 0 ? String.format(Locale.ENGLISH, ", %.1f s waited%n", waited) : System.lineSeparator());
        stopIf(stall, name);
    }

    /** Commits changes one at a time, each when everything before is published, and measures how soon the API is called. */
    public void oneByOne(String name, String description, List<SingleChange> changes) throws Exception {
        begin(description);
        Counts before = api.counts();
        long unchangedBefore = outcomes.count(Result.UNCHANGED);
        double[] millis = new double[changes.size()];
        String stall = null;
        for (int i = 0; i < millis.length && stall == null; i++) {
            Thread.sleep(IDLE_MILLIS);
            CompletableFuture<Long> call = api.nextCall(changes.get(i).subject());
            changes.get(i).commit().run();
            long committed = System.nanoTime();
            try {
                long called = call.get(patienceNanos, TimeUnit.NANOSECONDS);
                millis[i] = Math.max(called - committed, 0) / 1e6;
            } catch (TimeoutException e) {
                stall = "no call for subject " + changes.get(i).subject();
            }
            stall = stall == null ? settle() : stall;
        }
        Phase phase = finish(name, changes.size(), before, unchangedBefore, 0, false);
        out.printf(Locale.ENGLISH, "%,9d calls%n", phase.calls());
        stopIf(stall, name);
        report.idleLatency(median(millis));
    }

    private void begin(String description) {
        out.printf("  %-58s", description);
        out.flush();
    }

    private Phase finish(String name, long changes, Counts before, long unchangedBefore, double seconds, boolean timed)
            throws SQLException {
        Map<String, String> now = snapshot.read();
        Set<String> needed = Differences.between(documents, now);
        Set<String> wrong = Differences.between(now, api.documents());
        documents = now;
        Phase phase = new Phase(
                name,
                changes,
                needed.size(),
                api.counts().calls() - before.calls(),
                outcomes.count(Result.UNCHANGED) - unchangedBefore,
                wrong.size(),
                seconds,
                timed);
        report.add(phase, wrong);
        return phase;
    }

    private void stopIf(@Nullable String stall, String phase) throws StalledException {
        if (stall != null) {
            report.stalled();
            throw new StalledException(phase + " does not settle: " + stall);
        }
    }

    /** Waits until nothing is left to publish. Answers what is wrong if that seems never to come, else null. */
    private @Nullable String settle() throws InterruptedException {
        long least = Long.MAX_VALUE;
        long accepted = -1;
        long progressNanos = System.nanoTime();
        while (true) {
            long asked = System.nanoTime();
            Backlog left = backlog.get();
            if (left.isEmpty()) {
                return null;
            }
            long now = System.nanoTime();
            long waiting = left.changes() + left.jobs();
            if (waiting < least || api.counts().accepted() > accepted) {
                least = Math.min(least, waiting);
                accepted = api.counts().accepted();
                progressNanos = now;
            } else if (now - progressNanos > patienceNanos) {
                return "for " + TimeUnit.NANOSECONDS.toSeconds(patienceNanos) + " seconds nothing was accepted, while "
                        + left.changes() + " changes and " + left.jobs() + " jobs wait";
            }
            // A big backlog takes long to count; the worker is to have the database for itself most of the time.
            Thread.sleep(Math.max(POLL_MILLIS, TimeUnit.NANOSECONDS.toMillis((now - asked) * POLL_SHARE)));
        }
    }

    private static double seconds(long nanos) {
        return nanos / 1e9;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        if (sorted.length == 0) {
            return 0;
        }
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /**
     * A phase's result.
     *
     * @param name its name
     * @param changes how many entities were changed by committed transactions
     * @param needed how many subjects have another document than before
     * @param calls how many calls the API got
     * @param unchanged how many runs found nothing to send
     * @param wrong at how many subjects the API and the database differ
     * @param seconds from the first change that could be published to the last answer
     * @param timed whether the phase counts for the speed
     */
    record Phase(
            String name,
            long changes,
            long needed,
            long calls,
            long unchanged,
            long wrong,
            double seconds,
            boolean timed) {}
}
