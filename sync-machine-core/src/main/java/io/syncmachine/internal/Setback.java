package io.syncmachine.internal;

import io.syncmachine.Backoff;
import io.syncmachine.FailureKind;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.RejectedException;
import io.syncmachine.SnoozeException;
import io.syncmachine.ThrottledException;
import io.syncmachine.UnauthorizedException;
import io.syncmachine.spi.Claim;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What follows a failure of a job.
 *
 * @param end whether it is given up
 * @param delay else how long it rests
 * @param attempt and whether that was an attempt
 */
record Setback(boolean end, Duration delay, boolean attempt) {

    private static final Logger log = LoggerFactory.getLogger(Setback.class);
    /** Before the next look at a machine that is paused for it. */
    private static final Duration PAUSED = Duration.ofSeconds(1);

    private static final Duration LONGEST = Duration.ofDays(365);

    /** What follows a failure of this kind. */
    static Setback of(FailureKind kind, Claim claim, Backoff retry, Settings settings) {
        if (kind.isUnauthorized()) {
            return new Setback(false, PAUSED, false);
        }
        if (kind.isLater() || kind.isThrottled()) {
            return new Setback(false, kind.delay().compareTo(LONGEST) < 0 ? kind.delay() : LONGEST, false);
        }
        boolean end = kind.isRejected() || retry.isExhausted(claim.failingFor());
        Duration delay = retry.delayAfter(claim.attempt(), settings.random().getAsDouble());
        return new Setback(end, end ? Duration.ZERO : delay, true);
    }

    /** What a failure means by itself, or else by what the policy says of it. */
    static FailureKind kind(
            Throwable failure, Function<? super Throwable, ? extends @Nullable FailureKind> classifier) {
        if (failure instanceof RejectedException) {
            return FailureKind.rejected();
        }
        if (failure instanceof NotAcceptedException) {
            return FailureKind.notAccepted();
        }
        if (failure instanceof UnauthorizedException) {
            return FailureKind.unauthorized();
        }
        if (failure instanceof ThrottledException throttled) {
            return FailureKind.throttled(throttled.retryAfter());
        }
        if (failure instanceof SnoozeException snooze) {
            return FailureKind.later(snooze.delay());
        }
        try {
            FailureKind kind = classifier.apply(failure);
            return kind == null ? FailureKind.unknown() : kind;
        } catch (RuntimeException e) {
            log.warn("a policy's classifier failed on {}", failure.getClass().getName(), e);
            return FailureKind.unknown();
        }
    }
}
