package io.syncmachine.memory;

import io.syncmachine.spi.EngineClock;
import java.time.Duration;

/** A store's time: nanoseconds since it was made, so that moments can be compared as numbers. */
final class Elapsed {

    private final EngineClock clock;
    private final long origin;

    Elapsed(EngineClock clock) {
        this.clock = clock;
        this.origin = clock.nanos();
    }

    long now() {
        return clock.nanos() - origin;
    }

    /** The moment that comes after this long. */
    long in(Duration duration) {
        return now() + duration.toNanos();
    }

    /** How long ago a moment was. */
    Duration since(long moment) {
        return Duration.ofNanos(now() - moment);
    }

    /** How long it is until a moment; zero if it has come. */
    Duration until(long moment) {
        return Duration.ofNanos(Math.max(moment - now(), 0));
    }
}
