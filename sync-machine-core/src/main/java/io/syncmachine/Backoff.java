package io.syncmachine;

import java.time.Duration;

/**
 * How long to wait between the attempts at something that fails, and when to give up. Delays double from a first up to a
 * longest and are drawn evenly from zero to that value ("full jitter"), so that many failing at once do not come back at once.
 * Immutable.
 */
public final class Backoff {

    private static final Duration DEFAULT_FIRST = Duration.ofSeconds(1);
    private static final Duration DEFAULT_LONGEST = Duration.ofMinutes(15);
    private static final Duration DEFAULT_TOTAL = Duration.ofHours(24);
    private static final Duration MOST = Duration.ofDays(365);

    private final Duration first;
    private final Duration longest;
    private final Duration total;

    private Backoff(Duration first, Duration longest, Duration total) {
        this.first = first;
        this.longest = longest;
        this.total = total;
    }

    /** From 1 second up to 15 minutes, for 24 hours. */
    public static Backoff defaults() {
        return new Backoff(DEFAULT_FIRST, DEFAULT_LONGEST, DEFAULT_TOTAL);
    }

    /** No further attempt: the first failure parks the job. */
    public static Backoff none() {
        return new Backoff(Duration.ZERO, Duration.ZERO, Duration.ZERO);
    }

    /**
     * Doubling delays, for 24 hours.
     *
     * @param first the first delay, above zero
     * @param longest the longest delay, at least the first and at most 365 days
     * @throws IllegalArgumentException if they are out of range
     */
    public static Backoff exponential(Duration first, Duration longest) {
        if (first.isZero() || first.isNegative()) {
            throw new IllegalArgumentException("first must be above zero, but is " + first);
        }
        if (longest.compareTo(first) < 0) {
            throw new IllegalArgumentException("longest must be at least first (" + first + "), but is " + longest);
        }
        if (longest.compareTo(MOST) > 0) {
            throw new IllegalArgumentException("longest must be at most " + MOST + ", but is " + longest);
        }
        return new Backoff(first, longest, DEFAULT_TOTAL);
    }

    /**
     * Give up once a job has failed for this long since its first failure; waits that are nobody's fault do not count.
     *
     * @throws IllegalArgumentException if negative
     */
    public Backoff forUpTo(Duration total) {
        if (total.isNegative()) {
            throw new IllegalArgumentException("forUpTo must not be negative, but is " + total);
        }
        return new Backoff(first, longest, total);
    }

    /** Whether a job that has failed for this long is given up. */
    public boolean isExhausted(Duration failingFor) {
        return failingFor.compareTo(total) >= 0;
    }

    /**
     * The delay after an attempt.
     *
     * @param attempt the attempt that failed, counted from 1
     * @param random from 0 (inclusive) to 1 (exclusive)
     */
    public Duration delayAfter(int attempt, double random) {
        int doublings = Math.min(Math.max(attempt - 1, 0), 40);
        double full = Math.min(first.toNanos() * Math.pow(2, doublings), (double) longest.toNanos());
        return Duration.ofNanos((long) (full * random));
    }

    @Override
    public String toString() {
        return "Backoff[first=" + first + ", longest=" + longest + ", forUpTo=" + total + "]";
    }
}
