package io.syncmachine.test;

import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that stands still until it is told to go on. Safe for use by several threads. */
public final class ManualClock implements EngineClock {

    private static final Instant START = Instant.parse("2020-01-01T00:00:00Z");

    private final Instant start;
    private final AtomicLong nanos = new AtomicLong();

    private ManualClock(Instant start) {
        this.start = start;
    }

    /** A clock that shows the first moment of 2020 (UTC). */
    public static ManualClock create() {
        return startingAt(START);
    }

    /** A clock that shows this moment. */
    public static ManualClock startingAt(Instant start) {
        return new ManualClock(start);
    }

    /**
     * Goes on by this long, all at once.
     *
     * @throws IllegalArgumentException if negative
     */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("time cannot go back by " + duration);
        }
        nanos.addAndGet(duration.toNanos());
    }

    @Override
    public Instant now() {
        return start.plusNanos(nanos.get());
    }

    @Override
    public long nanos() {
        return nanos.get();
    }

    @Override
    public String toString() {
        return "ManualClock[" + now() + "]";
    }
}
