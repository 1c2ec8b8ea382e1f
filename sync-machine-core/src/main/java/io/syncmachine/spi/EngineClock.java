package io.syncmachine.spi;

import java.time.Instant;

/** Time as the engine sees it: the wall clock for people, a monotonic one for durations. Safe for use by several threads. */
public interface EngineClock {

    /** The machine's clock. */
    static EngineClock system() {
        return SystemClock.INSTANCE;
    }

    /** The time of day. */
    Instant now();

    /** Nanoseconds since an arbitrary moment; never goes back. */
    long nanos();
}

/** {@link System}'s clocks. */
enum SystemClock implements EngineClock {
    INSTANCE;

    @Override
    public Instant now() {
        return Instant.now();
    }

    @Override
    public long nanos() {
        return System.nanoTime();
    }
}
