package io.syncmachine.spi;

import io.syncmachine.event.JournalEntry;
import io.syncmachine.event.Outcome;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/**
 * Keeps what became of every run, to tell people why something was sent or not. Append-only; nothing is decided by it. Safe for
 * use by several threads and nodes. Times are taken by the journal's own clock.
 */
public interface Journal {

    /**
     * Keeps outcomes, in their order.
     *
     * @param node who tells them, for people to read
     */
    void append(String node, Collection<Outcome> outcomes);

    /** The latest entries of a subject, newest first. */
    List<JournalEntry> read(SubjectKey subject, int limit);

    /**
     * Deletes the oldest entries.
     *
     * @param olderThan those that are older than this
     * @param most those that are more than so many, counted roughly
     * @param limit at most so many in one go
     * @return how many were deleted; less than the limit if no more are to be
     */
    int prune(Duration olderThan, long most, int limit);

    /** Deletes all entries of a subject. */
    void erase(SubjectKey subject);
}
