package io.syncmachine.internal;

import io.syncmachine.Limits;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.CallLimiter.Grant;
import io.syncmachine.spi.CallLimiter.Returned;
import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What holds on this node for one destination: its limits, what it asked for, and whether it answers at all. Permits are got before
 * subjects are claimed, so that nothing is claimed that cannot be sent, and given back where nothing was to be sent. One that is older
 * than the guard of the shortest window when its call begins is exchanged for a new one. Safe for use by several threads.
 */
final class Traffic {

    private static final Logger log = LoggerFactory.getLogger(Traffic.class);
    private static final Duration FRESH = Duration.ofSeconds(1);
    private static final Duration LONGEST_REST = Duration.ofSeconds(10);
    private static final Duration OTHERS_MAY_BE_DONE = Duration.ofMillis(50);
    /** Of a destination that does not count its calls. */
    private static final Permit UNCOUNTED = new Permit(0, 0);

    private final String destination;
    private final Limits limits;
    private final CallLimiter limiter;
    private final EngineClock clock;
    private final Duration freshFor;
    private final Duration inFlightFor;
    private final Breaker breaker;
    private final Deque<Permit> spare = new ArrayDeque<>();
    private final List<Returned> returned = new ArrayList<>();
    private Duration pause = Duration.ZERO;
    private long pausedUntilNanos;
    private long retryAtNanos;
    private volatile boolean someoneWaits;
    private volatile Runnable onReturn = () -> {};

    /**
     * The right to make one call, now.
     *
     * @param at when it was granted, by the limiter
     * @param nanos and by this node's clock, at the latest
     */
    record Permit(long at, long nanos) {}

    /**
     * Whether a call may begin.
     *
     * @param permit its permit; null if it must not
     * @param delay else how long to wait
     * @param reason and why
     */
    record Start(@Nullable Permit permit, Duration delay, String reason) {}

    Traffic(String destination, Limits limits, CallLimiter limiter, EngineClock clock, Duration longestCall) {
        this.destination = destination;
        this.limits = limits;
        this.limiter = limiter;
        this.clock = clock;
        this.freshFor = limits.windows().stream()
                .map(Limits.Window::guard)
                .min(Duration::compareTo)
                .orElse(FRESH);
        this.inFlightFor = freshFor.plus(longestCall);
        this.breaker = new Breaker(limits.breaker(), clock);
        this.retryAtNanos = clock.nanos();
        this.pausedUntilNanos = clock.nanos();
    }

    String destination() {
        return destination;
    }

    boolean areCallsCounted() {
        return limits.areCounted();
    }

    /** Who is told that something is to be given back. */
    void onReturn(Runnable onReturn) {
        this.onReturn = onReturn;
    }

    /** How long nothing can be sent, whatever the limits; zero if something can. */
    Duration closedFor() {
        Duration open = breaker.openFor();
        Duration paused = pausedFor();
        return paused.compareTo(open) > 0 ? paused : open;
    }

    private synchronized Duration pausedFor() {
        return Duration.ofNanos(Math.max(pausedUntilNanos - clock.nanos(), 0));
    }

    /** Gets permits for so many calls or fewer. */
    List<Permit> reserve(int calls) {
        int wanted = breaker.isHalfOpen() ? 1 : calls;
        if (!limits.areCounted()) {
            return Collections.nCopies(wanted, UNCOUNTED);
        }
        List<Permit> permits = new ArrayList<>(wanted);
        takeSpare(permits, wanted);
        if (permits.size() < wanted && isWorthAsking()) {
            acquire(permits, wanted - permits.size());
        }
        if (permits.isEmpty()) {
            someoneWaits = true;
        }
        return permits;
    }

    private synchronized void takeSpare(List<Permit> permits, int wanted) {
        while (permits.size() < wanted && !spare.isEmpty()) {
            Permit permit = spare.remove();
            if (isFresh(permit)) {
                permits.add(permit);
            } else {
                giveBack(permit, false);
            }
        }
    }

    private boolean isFresh(Permit permit) {
        return clock.nanos() - permit.nanos() <= freshFor.toNanos();
    }

    private synchronized boolean isWorthAsking() {
        return retryAtNanos - clock.nanos() <= 0;
    }

    private void acquire(List<Permit> permits, int calls) {
        long before = clock.nanos();
        Grant grant = limiter.acquire(destination, limits, calls, inFlightFor);
        permits.addAll(Collections.nCopies(grant.calls(), new Permit(grant.at(), before)));
        if (grant.calls() < calls) {
            Duration retryIn = limits.inFlight() > 0 ? shorter(grant.retryIn(), OTHERS_MAY_BE_DONE) : grant.retryIn();
            synchronized (this) {
                retryAtNanos = clock.nanos() + shorter(retryIn, LONGEST_REST).toNanos();
            }
        }
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    /** How long it is not worth asking for permits. */
    synchronized Duration rest() {
        return Duration.ofNanos(Math.max(retryAtNanos - clock.nanos(), 1));
    }

    /** Takes permits back that are not needed now. */
    void unused(List<Permit> permits) {
        if (!permits.isEmpty() && limits.areCounted()) {
            synchronized (this) {
                spare.addAll(permits);
            }
            onReturn.run();
        }
    }

    /** Begins a call with a permit that was reserved for it, or a new one. */
    Start begin(@Nullable Permit reserved) {
        Duration closed = closedFor();
        if (!closed.isZero() || !breaker.begin()) {
            unused(reserved == null ? List.of() : List.of(reserved));
            String reason = pausedFor().isZero()
                    ? "the circuit breaker of '" + destination + "' is open"
                    : "'" + destination + "' asked for a pause";
            return new Start(null, closed.isZero() ? OTHERS_MAY_BE_DONE : closed, reason);
        }
        if (!limits.areCounted()) {
            return new Start(UNCOUNTED, Duration.ZERO, "");
        }
        if (reserved != null && isFresh(reserved)) {
            return new Start(reserved, Duration.ZERO, "");
        }
        return beginWithAnother(reserved);
    }

    private Start beginWithAnother(@Nullable Permit stale) {
        List<Permit> permits = new ArrayList<>(1);
        try {
            if (stale != null) {
                limiter.release(destination, limits, List.of(new Returned(stale.at(), 1, false)));
            }
            acquire(permits, 1);
        } catch (RuntimeException e) {
            log.debug("the limiter does not answer", e);
        }
        if (permits.isEmpty()) {
            breaker.notMade();
            return new Start(null, rest(), "the limit of '" + destination + "' is reached");
        }
        return new Start(permits.get(0), Duration.ZERO, "");
    }

    /** What was begun was not called. */
    void notMade(Permit permit) {
        breaker.notMade();
        unused(List.of(permit));
    }

    /** The call of a permit is no longer in flight. */
    void ended(Permit permit) {
        if (limits.inFlight() > 0) {
            giveBack(permit, true);
            onReturn.run();
        }
    }

    /**
     * How a publication ended.
     *
     * @param failure its subject, if it failed; null if it was answered
     */
    void answered(@Nullable Object failure) {
        if (breaker.ended(failure)) {
            log.warn("'{}' fails; for a while only single calls are made, to try", destination);
        }
    }

    /** Nothing is to be sent for this long. */
    void pause(Duration duration) {
        synchronized (this) {
            pauseHere(duration);
            pause = duration.compareTo(pause) > 0 ? duration : pause;
        }
        onReturn.run();
    }

    private void pauseHere(Duration duration) {
        long until = clock.nanos() + duration.toNanos();
        if (until - pausedUntilNanos > 0) {
            pausedUntilNanos = until;
        }
    }

    /** Another node, or this one before, was asked for a pause. */
    synchronized void pausedFor(Duration duration) {
        pauseHere(duration);
    }

    private synchronized void giveBack(Permit permit, boolean made) {
        returned.add(new Returned(permit.at(), 1, made));
    }

    /**
     * Tells the limiter what is to be told.
     *
     * @return whether somebody may get permits now who got none before
     */
    boolean tell() {
        List<Returned> given;
        Duration told;
        synchronized (this) {
            spare.forEach(permit -> giveBack(permit, false));
            spare.clear();
            given = List.copyOf(returned);
            returned.clear();
            told = pause;
            pause = Duration.ZERO;
        }
        try {
            if (!told.isZero()) {
                limiter.pause(destination, told);
            }
            if (!given.isEmpty()) {
                limiter.release(destination, limits, given);
            }
        } catch (RuntimeException e) {
            keep(given, told);
            throw e;
        }
        if (given.isEmpty()) {
            return false;
        }
        synchronized (this) {
            retryAtNanos = clock.nanos();
        }
        boolean someoneWaited = someoneWaits;
        someoneWaits = false;
        return someoneWaited;
    }

    private synchronized void keep(List<Returned> given, Duration told) {
        returned.addAll(given);
        pause = told.compareTo(pause) > 0 ? told : pause;
    }
}
