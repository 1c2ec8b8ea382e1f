package io.syncmachine.internal;

import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.EngineThreads;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the limiter what was given back and asked for, and the destinations what other nodes were asked for. */
final class TrafficWatch implements EngineThreads.Step {

    private static final Logger log = LoggerFactory.getLogger(TrafficWatch.class);
    private static final Duration LOOK = Duration.ofMillis(500);

    private final Collection<Traffic> traffics;
    private final CallLimiter limiter;
    private final EngineClock clock;
    private final BooleanSupplier isBusy;
    private final Runnable freed;
    private final Lock looking = new ReentrantLock();
    private volatile long lookedNanos;

    /**
     * Makes one.
     *
     * @param isBusy whether there is something to send
     * @param freed told when there may be permits again
     */
    TrafficWatch(
            Collection<Traffic> traffics,
            CallLimiter limiter,
            EngineClock clock,
            BooleanSupplier isBusy,
            Runnable freed) {
        this.traffics = traffics;
        this.limiter = limiter;
        this.clock = clock;
        this.isBusy = isBusy;
        this.freed = freed;
        this.lookedNanos = clock.nanos() - LOOK.toNanos();
    }

    @Override
    public Duration run() {
        boolean anyFreed = false;
        for (Traffic traffic : traffics) {
            anyFreed |= traffic.tell();
        }
        if (anyFreed) {
            freed.run();
        }
        if (isBusy.getAsBoolean()) {
            lookIfLongAgo();
        }
        return LOOK;
    }

    /** Tells the limiter the last; if it does not answer, what is in flight counts until it can be no more. */
    void finish() {
        try {
            traffics.forEach(Traffic::tell);
        } catch (RuntimeException e) {
            log.warn("the limiter was not told of the last calls: {}", Failures.describe(e));
        }
    }

    /** The same before calls are made; which do not wait for a limiter that does not answer. */
    void tryToLook() {
        try {
            lookIfLongAgo();
        } catch (RuntimeException e) {
            lookedNanos = clock.nanos();
            log.debug("the pauses that other nodes were asked for are not known", e);
        }
    }

    /** Learns what other nodes were asked for, unless that was done just now or is being done. */
    private void lookIfLongAgo() {
        long now = clock.nanos();
        if (now - lookedNanos < LOOK.toNanos() || !looking.tryLock()) {
            return;
        }
        try {
            look();
            lookedNanos = now;
        } finally {
            looking.unlock();
        }
    }

    private void look() {
        Map<String, Duration> pauses = limiter.pauses();
        for (Traffic traffic : traffics) {
            Duration pause = pauses.get(traffic.destination());
            if (pause != null) {
                traffic.pausedFor(pause);
            }
        }
    }
}
