package io.syncmachine.internal;

import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the store is away, as those who need it find out; tells people once when it goes and once when it is back. A pool hands out connections that
 * broke long after others work again: it is back when nobody has seen it away for a while.
 */
final class Outage {

    private static final Logger log = LoggerFactory.getLogger(Outage.class);

    private static final Duration CALM = Duration.ofSeconds(1);

    private final String engine;
    private final EngineClock clock;
    private final Predicate<Throwable> isAway;
    private final Set<Object> without = new HashSet<>();
    private volatile boolean lasts;
    private long lastSeenNanos;

    Outage(String engine, EngineClock clock, Predicate<Throwable> isAway) {
        this.engine = engine;
        this.clock = clock;
        this.isAway = isAway;
    }

    /** Whether what somebody saw fail is the store's being away. */
    boolean isSeen(Object who, Throwable failure) {
        if (!isAway.test(failure)) {
            return false;
        }
        synchronized (without) {
            without.add(who);
            lastSeenNanos = clock.nanos();
            if (!lasts) {
                lasts = true;
                log.warn(
                        "{}: the store is away; it is tried again until it is back ({})",
                        engine,
                        Failures.describe(failure));
            }
        }
        return true;
    }

    /** Somebody's work went well, or is given up. */
    void isOverFor(Object who) {
        if (!lasts) {
            return;
        }
        synchronized (without) {
            without.remove(who);
            if (lasts && without.isEmpty() && clock.nanos() - lastSeenNanos >= CALM.toNanos()) {
                lasts = false;
                log.info("{}: the store is back", engine);
            }
        }
    }
}
