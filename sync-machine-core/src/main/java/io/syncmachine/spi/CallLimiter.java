package io.syncmachine.spi;

import io.syncmachine.Limits;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;

/**
 * Grants calls to destinations: never more than their {@link Limits} allow, counted over all nodes that share it, in every window and not
 * only on average. Times are its own clock's. What it keeps outlives the processes that use it, as far as the kind of store can; a
 * quota of a day does not begin anew with a restart. Safe for use by several threads and nodes.
 *
 * <p>Implementations may leave the counting to {@link CallLog}.
 */
public interface CallLimiter {

    /**
     * What was granted.
     *
     * @param calls how many calls; zero if none
     * @param at when, in the limiter's own time; says which grant it was when calls are given back
     * @param retryIn how long until more may be granted, as far as is known now; zero if all were granted
     */
    record Grant(int calls, long at, Duration retryIn) {}

    /**
     * Calls of a grant that are over.
     *
     * @param at of the grant
     * @param calls how many
     * @param made whether they were made; if not, they do not count in the windows either
     */
    record Returned(long at, int calls, boolean made) {}

    /**
     * Asks for calls, to be made now. Never waits.
     *
     * @param calls how many, one at least; it may grant some of them
     * @param longest for how long a call counts as in flight, unless it is given back before
     */
    Grant acquire(String destination, Limits limits, int calls, Duration longest);

    /** Gives calls back. Those that were made still count in the windows; what is not known any more is ignored. */
    void release(String destination, Limits limits, Collection<Returned> returned);

    /** Grants nothing for this destination, on any node, for this long; a longer pause that holds already stays. */
    void pause(String destination, Duration duration);

    /** The destinations that are paused now, and for how long they still are. Needed for destinations without limits, too. */
    Map<String, Duration> pauses();
}
