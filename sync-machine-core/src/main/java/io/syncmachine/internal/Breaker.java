package io.syncmachine.internal;

import io.syncmachine.CircuitBreaker;
import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Watches how calls end, and tells when to leave a destination alone. Safe for use by several threads. */
final class Breaker {

    private final CircuitBreaker rules;
    private final EngineClock clock;
    /** What the latest calls concerned, if they failed. */
    private final @Nullable Object[] failed;

    private int next;
    private boolean open;
    private boolean trying;
    private long openUntilNanos;
    private Duration openFor;

    Breaker(CircuitBreaker rules, EngineClock clock) {
        this.rules = rules;
        this.clock = clock;
        this.failed = new @Nullable Object[rules.of()];
        this.openFor = rules.openFor();
    }

    /** How long nothing may be tried; zero if something may. */
    synchronized Duration openFor() {
        return open ? Duration.ofNanos(Math.max(openUntilNanos - clock.nanos(), 0)) : Duration.ZERO;
    }

    /** Whether only one call may be made, to try; or none, while that is under way. */
    synchronized boolean isHalfOpen() {
        return open;
    }

    /** Begins a call, if one may be made. */
    synchronized boolean begin() {
        if (!open) {
            return true;
        }
        if (trying || openUntilNanos - clock.nanos() > 0) {
            return false;
        }
        trying = true;
        return true;
    }

    /** Takes back that a call was begun. */
    synchronized void notMade() {
        trying = false;
    }

    /**
     * How a call ended.
     *
     * @param failure what it concerned, if it failed; null if it was answered
     * @return whether it opened the breaker
     */
    synchronized boolean ended(@Nullable Object failure) {
        if (open) {
            endedWhileOpen(failure != null);
            return false;
        }
        failed[next] = failure;
        next = (next + 1) % failed.length;
        if (failure == null || rules.failures() == 0 || failures() < rules.failures()) {
            return false;
        }
        open(rules.openFor());
        return true;
    }

    /** Of different subjects: one that always fails delays no other. */
    private long failures() {
        return Arrays.stream(failed).filter(Objects::nonNull).distinct().count();
    }

    /** Calls that were begun before it opened tell nothing new but that the destination answers. */
    private void endedWhileOpen(boolean failure) {
        boolean tried = trying;
        trying = false;
        if (!failure) {
            open = false;
        } else if (tried) {
            Duration doubled = openFor.multipliedBy(2);
            open(doubled.compareTo(rules.longest()) < 0 ? doubled : rules.longest());
        }
    }

    private void open(Duration duration) {
        open = true;
        openFor = duration;
        openUntilNanos = clock.nanos() + duration.toNanos();
        Arrays.fill(failed, null);
    }
}
