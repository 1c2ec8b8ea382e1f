package io.syncmachine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * How much a destination may be called, by all machines and nodes that send to it together: windows, calls in flight, and when to leave it
 * alone because it fails. Immutable; each method answers a copy with one thing more or changed.
 *
 * <pre>{@code
 * Limits.none().atMost(1_000, Duration.ofSeconds(10)).atMost(1, Duration.ofMinutes(1)).inFlight(10)
 * }</pre>
 *
 * <p>Counted are calls, not documents: a batch is one call. Where a limit is reached, subjects wait with their jobs, and none is claimed
 * that cannot be sent; that costs no attempt.
 */
public final class Limits {

    private static final Duration LONGEST_WINDOW = Duration.ofDays(366);
    private static final Duration LONGEST_GUARD = Duration.ofSeconds(1);
    private static final Limits NONE = new Limits(List.of(), 0, CircuitBreaker.defaults());

    private final List<Window> windows;
    private final int inFlight;
    private final CircuitBreaker breaker;

    /**
     * At most so many calls in any time of this length. Kept exactly by the times at which calls are granted. A call reaches the API a
     * little later than it was granted; as long as that little differs between any two calls by no more than the guard, the limit is
     * kept at the API, too.
     *
     * @param calls how many, from 1 to 10,000,000
     * @param length from 1 ms to 366 days
     * @param guard by which the window is lengthened
     */
    public record Window(int calls, Duration length, Duration guard) {

        /**
         * Checks the values.
         *
         * @throws IllegalArgumentException if one is out of range
         */
        public Window {
            if (calls < 1 || calls > 10_000_000) {
                throw new IllegalArgumentException("calls must be from 1 to 10000000, but are " + calls);
            }
            if (length.compareTo(Duration.ofMillis(1)) < 0 || length.compareTo(LONGEST_WINDOW) > 0) {
                throw new IllegalArgumentException(
                        "window must be from " + Duration.ofMillis(1) + " to " + LONGEST_WINDOW + ", but is " + length);
            }
            if (guard.isNegative() || guard.compareTo(length) > 0) {
                throw new IllegalArgumentException(
                        "guard must be from zero to the window's length, but is " + guard + " of " + length);
            }
        }
    }

    private Limits(List<Window> windows, int inFlight, CircuitBreaker breaker) {
        this.windows = windows;
        this.inFlight = inFlight;
        this.breaker = breaker;
    }

    /** No windows, no limit of calls in flight but that of each machine and node, and the default circuit breaker. */
    public static Limits none() {
        return NONE;
    }

    /**
     * At most so many calls in any window of this length, besides what was said before. The guard is a hundredth of the window, and at most
     * a second.
     *
     * @throws IllegalArgumentException if out of range (see {@link Window}), or a window of this length was said already
     */
    public Limits atMost(int calls, Duration window) {
        Duration hundredth = window.dividedBy(100);
        return atMost(calls, window, hundredth.compareTo(LONGEST_GUARD) < 0 ? hundredth : LONGEST_GUARD);
    }

    /** The same with a guard, see {@link Window}. */
    public Limits atMost(int calls, Duration window, Duration guard) {
        Window added = new Window(calls, window, guard);
        if (windows.stream().anyMatch(known -> known.length().equals(window))) {
            throw new IllegalArgumentException("a window of " + window + " is said twice");
        }
        List<Window> all = new ArrayList<>(windows);
        all.add(added);
        return new Limits(List.copyOf(all), inFlight, breaker);
    }

    /**
     * At most so many calls in flight on all nodes together, from 1 to 10,000; default no such limit. Calls of a node that died count until
     * the machine's deadline and the grace time are over.
     *
     * @throws IllegalArgumentException if out of range
     */
    public Limits inFlight(int calls) {
        if (calls < 1 || calls > 10_000) {
            throw new IllegalArgumentException("inFlight must be from 1 to 10000, but is " + calls);
        }
        return new Limits(windows, calls, breaker);
    }

    /** When to leave the destination alone because it fails; default {@link CircuitBreaker#defaults()}. */
    public Limits breaker(CircuitBreaker breaker) {
        return new Limits(windows, inFlight, breaker);
    }

    /** See {@link #atMost}. */
    public List<Window> windows() {
        return windows;
    }

    /** See {@link #inFlight(int)}; zero for no limit. */
    public int inFlight() {
        return inFlight;
    }

    /** See {@link #breaker(CircuitBreaker)}. */
    public CircuitBreaker breaker() {
        return breaker;
    }

    /** Whether calls must be granted at all. */
    public boolean areCounted() {
        return inFlight > 0 || !windows.isEmpty();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Limits limits
                && limits.windows.equals(windows)
                && limits.inFlight == inFlight
                && limits.breaker.equals(breaker);
    }

    @Override
    public int hashCode() {
        return Objects.hash(windows, inFlight, breaker);
    }

    @Override
    public String toString() {
        return "Limits[windows=" + windows + ", inFlight=" + inFlight + ", breaker=" + breaker + "]";
    }
}
