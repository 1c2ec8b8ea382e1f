package io.syncmachine;

import java.time.Duration;
import java.time.Instant;

/**
 * Thrown by any function of a machine or handler: the API asks to come back later, and has not applied the publication. Costs no
 * attempt. Thrown by a publish or delete hook, it holds for the whole {@linkplain Destination#name() destination}: nothing is sent there
 * meanwhile, by any node. {@link SnoozeException} is for one subject alone.
 */
public class ThrottledException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** How long to wait; kept beside the message. */
    private final Duration retryAfter;

    /**
     * To be tried again at this time, or at once if it has passed.
     *
     * @param until by the clock of this machine
     */
    public static ThrottledException until(Instant until) {
        Duration wait = Duration.between(Instant.now(), until);
        return new ThrottledException(wait.isNegative() ? Duration.ZERO : wait);
    }

    /**
     * To be tried again after this long.
     *
     * @throws IllegalArgumentException if the duration is negative
     */
    public ThrottledException(Duration retryAfter) {
        super("throttled for " + retryAfter);
        if (retryAfter.isNegative()) {
            throw new IllegalArgumentException("retryAfter must not be negative, but is " + retryAfter);
        }
        this.retryAfter = retryAfter;
    }

    /** How long to wait. */
    public Duration retryAfter() {
        return retryAfter;
    }
}
