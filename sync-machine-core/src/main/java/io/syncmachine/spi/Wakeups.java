package io.syncmachine.spi;

/**
 * How the processes of an application wake each other when there is something to do. Losing a wake-up costs time and nothing else: all
 * of them poll as well. Safe for use by several threads.
 */
public interface Wakeups extends AutoCloseable {

    /**
     * Begins to hear others, if this process works, and to be able to tell them. Neither waits nor fails if a server that this goes
     * over is away: it is heard once it is back.
     *
     * @param wake to be called whenever another process has something to tell, and when it may have been missed; quick, never throws, may
     *     be called by any thread
     * @param works whether this process runs jobs; if not, it only tells others
     */
    void open(Runnable wake, boolean works);

    /** Changes were committed: wakes the one who can work on them, this process if it works, else the others. Quick, never throws. */
    void committed();

    /** There is more to do than one process should do alone: wakes the others. Quick, never throws. */
    void plenty();

    /** Ends what {@link #open} began. */
    @Override
    void close();
}
