package io.syncmachine.event;

import java.util.List;

/** Watches an engine. */
@FunctionalInterface
public interface SyncObserver {

    /**
     * Told of outcomes after they were recorded, in batches, each exactly once unless the process dies. Called by a thread of the
     * engine that holds no lock, connection or transaction; be quick, for acknowledgements wait meanwhile. An exception is logged
     * and changes nothing.
     */
    void onOutcomes(List<Outcome> outcomes);
}
