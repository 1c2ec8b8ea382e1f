package io.syncmachine;

import java.time.Duration;

/**
 * Thrown by any function of a machine or handler: it is too early, and nothing was sent; to be tried again after a while. Costs no
 * attempt, and nothing counts as failed.
 */
public class SnoozeException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** How long to wait; kept beside the message. */
    private final Duration delay;

    /**
     * To be tried again after this long.
     *
     * @param reason for people to read; it ends up in the journal, so leave out secrets
     * @throws IllegalArgumentException if the delay is negative
     */
    public SnoozeException(Duration delay, String reason) {
        super(reason);
        if (delay.isNegative()) {
            throw new IllegalArgumentException("delay must not be negative, but is " + delay);
        }
        this.delay = delay;
    }

    /** How long to wait. */
    public Duration delay() {
        return delay;
    }
}
