package io.syncmachine.memory;

import io.syncmachine.Limits;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.CallLog;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.StorePart;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Grants calls within one process, by a monotonic clock, and forgets them with it. Safe for use by several threads. */
public final class InMemoryLimiter implements CallLimiter, StorePart {

    private final EngineClock clock;
    private final Map<String, CallLog> logs = new HashMap<>();
    private final Map<String, Long> pausedUntil = new HashMap<>();

    private InMemoryLimiter(EngineClock clock) {
        this.clock = clock;
    }

    /** A limiter that has granted nothing yet. */
    public static InMemoryLimiter create() {
        return create(EngineClock.system());
    }

    /** The same, with a clock. */
    public static InMemoryLimiter create(EngineClock clock) {
        return new InMemoryLimiter(clock);
    }

    /** Does nothing. */
    @Override
    public void open(Runnable wake, boolean works) {}

    /** Does nothing: what was granted is still known. */
    @Override
    public void close() {}

    private long now() {
        return TimeUnit.NANOSECONDS.toMicros(clock.nanos());
    }

    @Override
    public synchronized Grant acquire(String destination, Limits limits, int calls, Duration longest) {
        long now = now();
        long paused = pausedUntil.getOrDefault(destination, now) - now;
        if (paused > 0) {
            return new Grant(0, now, Duration.of(paused, ChronoUnit.MICROS));
        }
        return logs.computeIfAbsent(destination, name -> new CallLog()).acquire(limits, calls, longest, now);
    }

    @Override
    public synchronized void release(String destination, Limits limits, Collection<Returned> returned) {
        CallLog log = logs.get(destination);
        if (log != null) {
            returned.forEach(each -> log.release(limits, each));
        }
    }

    @Override
    public synchronized void pause(String destination, Duration duration) {
        pausedUntil.merge(destination, now() + TimeUnit.NANOSECONDS.toMicros(duration.toNanos()), Math::max);
    }

    @Override
    public synchronized Map<String, Duration> pauses() {
        long now = now();
        pausedUntil.values().removeIf(until -> until <= now);
        Map<String, Duration> pauses = new HashMap<>();
        pausedUntil.forEach(
                (destination, until) -> pauses.put(destination, Duration.of(until - now, ChronoUnit.MICROS)));
        return pauses;
    }
}
