package io.syncmachine;

import java.time.Duration;

/**
 * How a machine publishes: retries, time limits, concurrency, and what becomes of subjects that are no longer publishable.
 * Immutable; each method answers a copy with one thing changed.
 */
public final class Policy {

    /** What becomes of a published subject that is no longer publishable. */
    public enum Unpublishable {
        /** The API keeps what it has; nothing is sent until the subject is publishable again or deleted. */
        KEEP,
        /** It is deleted there, as if the subject were gone. */
        DELETE
    }

    private static final Policy DEFAULTS =
            new Policy(Backoff.defaults(), Duration.ofSeconds(10), 32, Unpublishable.KEEP);

    private final Backoff retry;
    private final Duration deadline;
    private final int inFlight;
    private final Unpublishable unpublishable;

    private Policy(Backoff retry, Duration deadline, int inFlight, Unpublishable unpublishable) {
        this.retry = retry;
        this.deadline = deadline;
        this.inFlight = inFlight;
        this.unpublishable = unpublishable;
    }

    /** Default backoff, a deadline of 10 seconds, 32 publications in flight, unpublishable subjects are kept. */
    public static Policy defaults() {
        return DEFAULTS;
    }

    /** What follows a failure; default {@link Backoff#defaults()}. */
    public Policy retry(Backoff retry) {
        return new Policy(retry, deadline, inFlight, unpublishable);
    }

    /**
     * How long one publication may take; default 10 seconds. Choose it just above your client's own timeout: a call that fails
     * with an unknown result is not repeated before its deadline, and one that is not back by then is interrupted and counts
     * as in doubt. At most half of the engine's lease, less the grace time.
     *
     * @throws IllegalArgumentException if not above zero
     */
    public Policy deadline(Duration deadline) {
        if (deadline.isZero() || deadline.isNegative()) {
            throw new IllegalArgumentException("deadline must be above zero, but is " + deadline);
        }
        return new Policy(retry, deadline, inFlight, unpublishable);
    }

    /**
     * How many publications of the machine may be in flight at once on one node, from 1 to 10,000; default 32. Of one subject
     * there is never more than one.
     *
     * @throws IllegalArgumentException if out of range
     */
    public Policy inFlight(int inFlight) {
        if (inFlight < 1 || inFlight > 10_000) {
            throw new IllegalArgumentException("inFlight must be from 1 to 10000, but is " + inFlight);
        }
        return new Policy(retry, deadline, inFlight, unpublishable);
    }

    /** What becomes of a published subject that is no longer publishable; default {@link Unpublishable#KEEP}. */
    public Policy unpublishable(Unpublishable unpublishable) {
        return new Policy(retry, deadline, inFlight, unpublishable);
    }

    /** See {@link #retry(Backoff)}. */
    public Backoff retry() {
        return retry;
    }

    /** See {@link #deadline(Duration)}. */
    public Duration deadline() {
        return deadline;
    }

    /** See {@link #inFlight(int)}. */
    public int inFlight() {
        return inFlight;
    }

    /** See {@link #unpublishable(Unpublishable)}. */
    public Unpublishable unpublishable() {
        return unpublishable;
    }

    @Override
    public String toString() {
        return "Policy[retry=" + retry + ", deadline=" + deadline + ", inFlight=" + inFlight + ", unpublishable="
                + unpublishable + "]";
    }
}
