package io.syncmachine.spi;

import java.time.Duration;

/**
 * How long a job waits for its changes to come to rest, so that a burst of them is one run.
 *
 * @param quiet how long there must have been no further request, above zero
 * @param longest after the first request it is due however many follow; from the quiet period to a day
 */
public record Settle(Duration quiet, Duration longest) {

    private static final Duration MOST = Duration.ofDays(1);

    /**
     * Checks both.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public Settle {
        if (quiet.isZero() || quiet.isNegative()) {
            throw new IllegalArgumentException("settle: quiet must be above zero, but is " + quiet);
        }
        if (longest.compareTo(quiet) < 0 || longest.compareTo(MOST) > 0) {
            throw new IllegalArgumentException(
                    "settle: longest must be from quiet (" + quiet + ") to " + MOST + ", but is " + longest);
        }
    }

    /** The shorter times of both. */
    Settle shorter(Settle other) {
        return new Settle(shorter(quiet, other.quiet), shorter(longest, other.longest));
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }
}
