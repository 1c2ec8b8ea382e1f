package io.syncmachine.event;

import java.util.List;

/** Watches an engine. Safe for use by several threads. */
@FunctionalInterface
public interface SyncObserver {

    /**
     * Told of outcomes after they were recorded, in batches, each exactly once unless the process dies. Called by a thread of the
     * engine that holds no lock, connection or transaction; be quick, for acknowledgements wait meanwhile. An exception is logged
     * and changes nothing.
     */
    void onOutcomes(List<Outcome> outcomes);

    /**
     * Told that a function of the application is about to be called; not of functions that are not called. Called on the thread that
     * calls it, within the read transaction where there is one; be quick. An exception is logged and changes nothing.
     *
     * @return told of the call's end
     */
    default HookScope onCall(HookCall call) {
        return HookScope.NONE;
    }
}
