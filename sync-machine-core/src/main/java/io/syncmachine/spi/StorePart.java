package io.syncmachine.spi;

/**
 * A part of a store that is kept on a server of its own, such as jobs or leases beside a database. The store that it is given to opens
 * it, asks it and closes it; nobody else does.
 */
public interface StorePart extends AutoCloseable {

    /**
     * Called when the engine starts and before anything else is used; once, unless it fails.
     *
     * @param wake to be called whenever changes or jobs may have been added, by this process or another; quick, never throws, may
     *     be called by any thread. A part that cannot know calls it less often: the engine polls as well.
     * @param works whether this engine runs jobs; if not, other processes are told of changes made here
     * @throws IllegalStateException if the part is not fit for use, saying why
     * @throws RuntimeException if it is {@linkplain #isAway away}; it is opened again later then
     */
    void open(Runnable wake, boolean works);

    /**
     * Whether a failure of a call of this part means that its server cannot be reached for now: then it is waited for without an end, and
     * nothing counts as failed. False if it is somebody else's failure. Quick; may be called by any thread.
     */
    default boolean isAway(Throwable failure) {
        return false;
    }

    /** Ends what {@link #open} began, and closes nothing that the part was given; other calls fail or do nothing afterwards. */
    @Override
    void close();
}
