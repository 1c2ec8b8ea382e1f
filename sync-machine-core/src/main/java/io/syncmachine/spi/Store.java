package io.syncmachine.spi;

import java.time.Duration;
import java.util.Optional;

/** Where a machine's state is kept: the parts that belong together. */
public interface Store extends StorePart {

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

    /** Resyncs. */
    ResyncStore resyncs();

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
     * Whether a failure, of a call of this store or of the entities beside it, means that a database or server cannot be reached for now:
     * then it is waited for without an end, and nothing counts as failed. Quick; may be called by any thread.
     */
    @Override
    default boolean isAway(Throwable failure) {
        return false;
    }
}
