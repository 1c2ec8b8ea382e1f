package io.syncmachine.internal;

import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether the store is away, as those who need it find out; tells people once when it goes and once when it is back. */
final class Outage {

    private static final Logger log = LoggerFactory.getLogger(Outage.class);

    private final String engine;
    private final Predicate<Throwable> isAway;
    private final Set<Object> without = new HashSet<>();
    private volatile boolean lasts;

    Outage(String engine, Predicate<Throwable> isAway) {
        this.engine = engine;
        this.isAway = isAway;
    }

    /** Whether what somebody saw fail is the store's being away. */
    boolean isSeen(Object who, Throwable failure) {
        if (!isAway.test(failure)) {
            return false;
        }
        synchronized (without) {
            without.add(who);
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
            if (without.remove(who) && without.isEmpty()) {
                lasts = false;
                log.info("{}: the store is back", engine);
            }
        }
    }
}
