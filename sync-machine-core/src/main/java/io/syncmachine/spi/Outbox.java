package io.syncmachine.spi;

import java.time.Duration;
import java.util.Collection;
import java.util.List;

/** Keeps captured changes, in the order of nothing in particular, until they are jobs. Safe for use by several threads and nodes. */
public interface Outbox {

    /** Turns changes into jobs. */
    @FunctionalInterface
    interface Router {
        /** The jobs that these changes ask for. Pure and quick. */
        List<JobRequest> route(List<Change> changes);
    }

    /** Keeps changes in a transaction of their own; where the changes have a transaction, its adapter writes them there instead. */
    void append(Collection<Change> changes);

    /**
     * Takes up to so many committed changes out and enqueues what they are routed to: in one transaction if the jobs are in the
     * same store, else the changes go only after the jobs are enqueued. A crash repeats jobs and loses none.
     *
     * @return how many changes were taken
     */
    int relay(int limit, Router router, JobExecutor jobs);

    /** How many committed changes wait. */
    long depth();

    /**
     * How long the change that was written first has been waiting, of those that are committed; zero if none is. It counts from when
     * it was written: a transaction that is committed late is told as a wait.
     */
    Duration lag();
}
