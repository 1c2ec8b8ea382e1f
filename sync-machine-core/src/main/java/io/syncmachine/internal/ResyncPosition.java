package io.syncmachine.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far a resync is, as it is kept.
 *
 * @param stage what is being done
 * @param tenants whose subjects are gone through
 * @param ids whether it goes through the ids that are kept with it, and not through all subjects
 * @param cursor where it is among all subjects
 * @param page the number of the next page of ids
 * @param memory of an executor that may forget its jobs: what it remembered when they were enqueued; null before, and elsewhere
 * @param since when it began or went on, in milliseconds since 1970; zero before
 * @param doneBefore how many subjects were enqueued then
 */
record ResyncPosition(
        Stage stage,
        List<String> tenants,
        boolean ids,
        AllSubjects.Cursor cursor,
        int page,
        @Nullable String memory,
        long since,
        long doneBefore) {

    /** What is being done, in this order. */
    enum Stage {
        /** Acknowledged documents are marked to be sent anyway. */
        MARK,
        /** Subjects are enqueued. */
        ENQUEUE,
        /** The last of them are waited for. */
        END,
        /** Marks are taken back, after it was cancelled. */
        UNMARK
    }

    static ResyncPosition begin(List<String> tenants, boolean ids, boolean force) {
        return new ResyncPosition(
                force ? Stage.MARK : Stage.ENQUEUE, List.copyOf(tenants), ids, AllSubjects.Cursor.BEGIN, 0, null, 0, 0);
    }

    /** The first place of a stage. */
    ResyncPosition at(Stage stage) {
        return new ResyncPosition(stage, tenants, ids, AllSubjects.Cursor.BEGIN, 0, memory, since, doneBefore);
    }

    ResyncPosition at(AllSubjects.Cursor cursor, int page) {
        return new ResyncPosition(stage, tenants, ids, cursor, page, memory, since, doneBefore);
    }

    ResyncPosition remembering(@Nullable String memory) {
        return new ResyncPosition(stage, tenants, ids, cursor, page, memory, since, doneBefore);
    }

    ResyncPosition since(long since, long doneBefore) {
        return new ResyncPosition(stage, tenants, ids, cursor, page, memory, since, doneBefore);
    }

    boolean hasBegun() {
        return since > 0;
    }

    static ResyncPosition decode(String json) {
        return Engine.JSON.read(json, ResyncPosition.class);
    }

    String encode() {
        return Engine.JSON.write(this);
    }
}
