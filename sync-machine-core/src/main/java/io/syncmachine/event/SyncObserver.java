package io.syncmachine.event;

import java.util.List;

/** Watches an engine. Safe for use by several threads. */
@FunctionalInterface
public interface SyncObserver {

    /**
     * Told of outcomes after they were recorded, in batches and in their order, each exactly once unless the process dies. Called by a thread
     * that does nothing else: no publication waits for it, nor does the application. If so slow that a hundred thousand outcomes
     * wait, it is told no more until most of those are; {@link JournalEntry the journal} has them all. An exception is logged and
     * changes nothing.
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
