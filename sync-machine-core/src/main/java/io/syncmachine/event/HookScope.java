package io.syncmachine.event;

import org.jspecify.annotations.Nullable;

/** What an observer does around one call of a hook; used by one thread, that of the call. */
@FunctionalInterface
public interface HookScope {

    /** Does nothing. */
    HookScope NONE = failure -> {};

    /**
     * Called when the call has ended, on the thread that made it.
     *
     * @param failure what it threw; null if it returned
     */
    void end(@Nullable Throwable failure);
}
