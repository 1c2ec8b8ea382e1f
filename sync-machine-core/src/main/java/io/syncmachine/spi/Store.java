package io.syncmachine.spi;

import java.time.Duration;
import java.util.Optional;

/** Where a machine's state is kept: the parts that belong together. */
public interface Store extends AutoCloseable {

    /** Captured changes. */
    Outbox outbox();

    /** Jobs. */
    JobExecutor jobs();

    /** Leases. */
    LeaseStore leases();

    /** Payload records. */
    PayloadStore payloads();

    /** Limits of calls, shared by all that share this store. */
    CallLimiter limiter();

    /** The journal. */
    Journal journal();

    /** What all nodes know of the machines. */
    MachineRegistry machines();

    /**
     * How long the oldest transaction is open that can be seen; zero if none is. Changes in it are not committed, and wait for
     * nothing but its end. Empty if the store has no such transactions, or may not see them.
     */
    Optional<Duration> oldestTransaction();

    /**
     * Runs calls of the parts above, all by the current thread: in one transaction if the parts have one in common, else as they
     * are. May run them more than once, if the transaction is not committed before.
     */
    void atomically(Runnable calls);

    /**
     * Called when the engine starts and before anything else is used; once, unless it fails.
     *
     * @param wake to be called whenever changes or jobs may have been added, by this process or another; quick, never throws, may
     *     be called by any thread. A store that cannot know calls it less often: the engine polls as well.
     * @param works whether this engine runs jobs; if not, the store tells other processes of changes made here
     * @throws IllegalStateException if the store is not fit for use, saying why
     * @throws RuntimeException if it is {@linkplain #isAway away}; it is opened again later then
     */
    void open(Runnable wake, boolean works);

    /**
     * Whether a failure, of a call of this store or of the entities beside it, means that a database or server cannot be reached for now:
     * then it is waited for without an end, and nothing counts as failed. Quick; may be called by any thread.
     */
    default boolean isAway(Throwable failure) {
        return false;
    }

    /** Ends what {@link #open} began; other calls fail or do nothing afterwards. */
    @Override
    void close();
}
