package io.syncmachine.spi;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps resyncs: how far each is, and the ids of those that go through some subjects only. A few rows that one node at a time writes.
 * Durable if the store is, and in one transaction with the {@link PayloadStore} where {@link Store#atomically} says so; safe for use by
 * several threads and nodes.
 */
public interface ResyncStore {

    /** What becomes of a resync. */
    enum Status {
        /** Its ids are being written; it has not begun. */
        PREPARING,
        /** It goes on, or waits for its turn. */
        RUNNING,
        /** Somebody has stopped it, and may let it go on. */
        PAUSED,
        /** Somebody has ended it; what it has marked is being unmarked. */
        CANCELLING,
        /** Somebody has ended it. */
        CANCELLED,
        /** It has gone through all of its subjects. */
        DONE;

        /** Whether nothing follows any more. */
        public boolean isOver() {
            return this == CANCELLED || this == DONE;
        }
    }

    /**
     * A resync.
     *
     * @param id names it, at most 100 characters
     * @param machine the machine's stored name
     * @param status what becomes of it
     * @param force whether it sends also what is equal
     * @param done how many subjects were enqueued
     * @param total about how many there are
     * @param position where it is, in a form of the engine's own
     * @param requestedAt when it was asked for, to the millisecond
     * @param endedAt when it was over, to the millisecond; null if it is not
     * @param revision how often it was {@linkplain #update updated}
     */
    record Entry(
            String id,
            String machine,
            Status status,
            boolean force,
            long done,
            long total,
            String position,
            Instant requestedAt,
            @Nullable Instant endedAt,
            long revision) {}

    /** Adds one, of revision zero. */
    void add(Entry entry);

    /**
     * Writes status, done, total, position and end of one that is still of the given revision, and counts the revision up.
     *
     * @return false if it is not, or does not exist; then nothing was written
     */
    boolean update(Entry entry);

    /** All there are, the one that was requested first in front, and by id where that is equal. */
    List<Entry> all();

    /**
     * Keeps a page of subject ids for a resync, of which there is none with this number yet.
     *
     * @param page counted from zero
     * @param subjectIds in a form of the engine's own
     */
    void addPage(String id, int page, String subjectIds);

    /** A page of subject ids; null if there is no such page. */
    @Nullable
    String page(String id, int page);

    /** Deletes the pages of a resync. */
    void deletePages(String id);

    /** Deletes a resync and its pages; does nothing if there is none. */
    void delete(String id);
}
