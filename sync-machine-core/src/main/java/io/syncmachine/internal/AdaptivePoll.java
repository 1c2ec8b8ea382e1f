package io.syncmachine.internal;

import io.syncmachine.spi.EngineClock;
import java.time.Duration;

/**
 * How long to rest when nothing was found: from 100 ms, doubling up to 5 s, the net below the wake-ups; shorter if something is
 * known to be due before.
 */
final class AdaptivePoll {

    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofSeconds(5);

    private final EngineClock clock;
    private Duration next = SHORTEST;
    private long dueNanos;
    private boolean due;

    AdaptivePoll(EngineClock clock) {
        this.clock = clock;
    }

    /** There was something: look again at once, and from now on often. */
    synchronized Duration found() {
        next = SHORTEST;
        return Duration.ZERO;
    }

    /** There was nothing. */
    synchronized Duration nothing() {
        if (due && dueNanos - clock.nanos() <= 0) {
            due = false;
            next = SHORTEST;
        }
        Duration rest = next;
        next = min(next.multipliedBy(2), LONGEST);
        return due ? min(rest, Duration.ofNanos(dueNanos - clock.nanos())) : rest;
    }

    /** Something will be due after this delay. */
    synchronized void expect(Duration delay) {
        long at = clock.nanos() + delay.toNanos();
        if (!due || at - dueNanos < 0) {
            dueNanos = at;
            due = true;
        }
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }
}
