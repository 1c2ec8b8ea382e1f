package io.syncmachine.internal;

import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.Settle;
import java.time.Duration;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * How long to rest when nothing was found: from 100 ms, doubling up to 5 s, the net below the wake-ups; shorter if something is
 * known to be due before.
 */
final class AdaptivePoll {

    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofSeconds(5);
    /** How far apart looks for what is expected are at least; and a part of its delay. */
    private static final long FINEST_GRAIN = Duration.ofMillis(5).toNanos();

    private static final long GRAINS = 32;

    private final EngineClock clock;
    private final long origin;
    /** Since the origin. */
    private final NavigableSet<Long> due = new TreeSet<>();

    private boolean passed;
    private Duration next = SHORTEST;

    AdaptivePoll(EngineClock clock) {
        this.clock = clock;
        this.origin = clock.nanos();
    }

    private long now() {
        return clock.nanos() - origin;
    }

    /** There was something: look again at once, and from now on often. */
    synchronized Duration found() {
        next = SHORTEST;
        return Duration.ZERO;
    }

    /** There was nothing. */
    synchronized Duration nothing() {
        long now = now();
        forgetPassed(now);
        if (passed) {
            passed = false;
            next = SHORTEST;
        }
        Duration rest = next;
        next = min(next.multipliedBy(2), LONGEST);
        return due.isEmpty() ? rest : min(rest, Duration.ofNanos(due.first() - now));
    }

    /** Something will be due after this delay. It is looked for then, or a little later together with what was expected just before it. */
    synchronized void expect(Duration delay) {
        long now = now();
        forgetPassed(now);
        long at = now + delay.toNanos();
        long grain = Math.max(FINEST_GRAIN, Long.highestOneBit(delay.toNanos()) / GRAINS);
        Long after = due.ceiling(at);
        if (after != null && after - at < grain) {
            return;
        }
        Long before = due.floor(at);
        due.add(before != null && at - before < grain ? Long.valueOf(before + grain) : Long.valueOf(at));
    }

    /** What was just requested will be due when it has settled; a little later, for the store's clock is another one. */
    void expectSettled(Settle settle) {
        expect(settle.quiet().plusMillis(1));
    }

    private void forgetPassed(long now) {
        while (!due.isEmpty() && due.first() <= now) {
            due.pollFirst();
            passed = true;
        }
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) <= 0 ? a : b;
    }
}
