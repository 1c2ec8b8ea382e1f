package io.syncmachine.examples.support;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What happened at an API: how many calls it got, how many at once and in a time, whether two of one subject were ever there together,
 * and the last document that it accepted of each. Safe for use by several threads.
 */
public final class CallRecorder {

    /** A pause between calls that is longer than this counts as waiting and not as publishing. */
    private static final long LONGEST_PAUSE_NANOS = 1_000_000_000L;

    private final Map<String, Integer> calling = new HashMap<>();
    private final Map<String, String> documents = new HashMap<>();
    private final Map<String, CompletableFuture<Long>> expected = new HashMap<>();
    private final List<Begin> begins = new ArrayList<>();
    private int inFlight;
    private int mostInFlight;
    private @Nullable Hold hold;
    private long calls;
    private long accepted;
    private long overlapping;
    private long lastCallNanos = System.nanoTime();
    private long waitedNanos;

    /** One moment's counts. */
    public record Counts(long calls, long accepted, long overlapping, long lastCallNanos, long waitedNanos) {}

    private record Begin(String subject, long nanos) {}

    /** From a number of calls on, answers are kept back. */
    private static final class Hold {
        private final long fromCall;
        private final long enough;
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);
        private long held;

        Hold(long fromCall, long enough) {
            this.fromCall = fromCall;
            this.enough = enough;
        }
    }

    /** A call in progress; to be closed when it has been answered. */
    public final class Call implements AutoCloseable {

        private final String subject;

        private Call(String subject) {
            this.subject = subject;
        }

        /** The API holds this document now, or none if null. */
        public void accepted(@Nullable String document) {
            synchronized (CallRecorder.this) {
                accepted++;
                if (document == null) {
                    documents.remove(subject);
                } else {
                    documents.put(subject, document);
                }
            }
        }

        /** To be called between effect and answer: returns at once, unless answers are held. */
        public void beforeAnswer() throws InterruptedException {
            Hold holding = CallRecorder.this.holding();
            if (holding != null) {
                holding.released.await();
            }
        }

        @Override
        public void close() {
            end(subject);
        }
    }

    /** Begins a call for a subject. */
    public synchronized Call begin(String subject) {
        long now = System.nanoTime();
        if (calling.isEmpty() && now - lastCallNanos > LONGEST_PAUSE_NANOS) {
            waitedNanos += now - lastCallNanos;
        }
        calls++;
        begins.add(new Begin(subject, now));
        inFlight++;
        mostInFlight = Math.max(mostInFlight, inFlight);
        lastCallNanos = now;
        if (calling.merge(subject, 1, Integer::sum) > 1) {
            overlapping++;
        }
        CompletableFuture<Long> waiting = expected.remove(subject);
        if (waiting != null) {
            waiting.complete(now);
        }
        return new Call(subject);
    }

    private synchronized void end(String subject) {
        lastCallNanos = System.nanoTime();
        inFlight--;
        calling.computeIfPresent(subject, (key, number) -> number == 1 ? null : number - 1);
    }

    private synchronized @Nullable Hold holding() {
        if (hold == null || calls < hold.fromCall) {
            return null;
        }
        hold.held++;
        if (hold.held >= hold.enough) {
            hold.reached.countDown();
        }
        return hold;
    }

    /**
     * Holds answers back, after their calls took effect.
     *
     * @param afterCalls how many further calls are answered before
     * @param enough how many calls must be held before the result is done
     * @return is counted down when enough are held
     */
    public synchronized CountDownLatch holdAnswers(long afterCalls, long enough) {
        hold = new Hold(calls + afterCalls, enough);
        return hold.reached;
    }

    /** Ends {@link #holdAnswers}. */
    public synchronized void releaseAnswers() {
        if (hold != null) {
            hold.released.countDown();
            hold = null;
        }
    }

    /** When the next call for the subject arrives, by {@link System#nanoTime()}. */
    public synchronized CompletableFuture<Long> nextCall(String subject) {
        return expected.computeIfAbsent(subject, key -> new CompletableFuture<>());
    }

    /** The counts now. */
    public synchronized Counts counts() {
        return new Counts(calls, accepted, overlapping, lastCallNanos, waitedNanos);
    }

    /** How many calls were there at once, at most. */
    public synchronized int mostInFlight() {
        return mostInFlight;
    }

    /** How many calls for some subjects began in any time of this length, at most. */
    public synchronized int mostWithin(Duration window, Predicate<String> subjects) {
        Deque<Long> latest = new ArrayDeque<>();
        int most = 0;
        for (Begin begin : begins) {
            if (subjects.test(begin.subject())) {
                latest.add(begin.nanos());
                while (begin.nanos() - latest.element() >= window.toNanos()) {
                    latest.remove();
                }
                most = Math.max(most, latest.size());
            }
        }
        return most;
    }

    /** The API has these documents from before. */
    public synchronized void assume(Map<String, String> earlier) {
        documents.putAll(earlier);
    }

    /** The last accepted document of each subject that the API holds, sorted by subject. */
    public synchronized Map<String, String> documents() {
        return new TreeMap<>(documents);
    }
}
