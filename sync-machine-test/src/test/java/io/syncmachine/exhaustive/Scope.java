package io.syncmachine.exhaustive;

import java.util.EnumSet;
import java.util.Set;

/**
 * What is explored.
 *
 * @param subjects how many subjects
 * @param changes how many changes the application commits at most
 * @param crashes how many times a worker forgets all it knew at most, or a relay is cut off between its two halves
 * @param lapses how many times a job is handed out although its claim has time left at most
 * @param losses how many calls fail in a way that tells nothing of their effect at most
 * @param refusals how many calls are refused at most, for now
 * @param pauses whether time may go on between any two looks at the clock of a run that is about to call
 * @param grace in units of time, of which a call takes one and a lease lasts twice what a call and the grace time do
 * @param doubt what of a run that died leaves doubt
 * @param reduced whether a run that can do nothing any more counts as ended
 * @param broken what is broken on purpose
 */
record Scope(
        int subjects,
        int changes,
        int crashes,
        int lapses,
        int losses,
        int refusals,
        boolean pauses,
        int grace,
        Doubt doubt,
        boolean reduced,
        Set<Mutation> broken) {

    /** What of a run that died leaves doubt. */
    enum Doubt {
        /** That it noted an intent; so it is built. */
        INTENDED,
        /** That it opened the record. */
        OPENED
    }

    /** A rule of the protocol that is not kept. */
    enum Mutation {
        /** The subject is read when its job is claimed, before the record is opened. */
        READ_BEFORE_OPEN,
        /** A record accepts an acknowledgement of any epoch. */
        RECORD_WITH_ANY_EPOCH,
        /** A record accepts an intent of any epoch. */
        INTENT_WITH_ANY_EPOCH,
        /** A job that was requested again is complete. */
        COMPLETE_IGNORES_REQUESTS,
        /** A job is completed by any claim. */
        COMPLETE_WITH_ANY_TOKEN,
        /** Nothing notes what is about to be sent. */
        INTENT_NOT_NOTED,
        /** A run sends while an earlier call may still take effect. */
        NO_WAIT_FOR_EARLIER_CALLS,
        /** A holder that sent something and was overtaken says nothing. */
        FENCED_HOLDER_IS_SILENT,
        /** A holder that sent something and was overtaken puts in doubt, but leaves the epoch to its successor. */
        DOUBT_KEEPS_THE_EPOCH,
        /** Finding nothing to send clears doubt. */
        UNCHANGED_CLEARS_DOUBT,
        /** What died is not found out. */
        DEATH_LEAVES_NO_DOUBT,
        /** Nothing is deleted that was never acknowledged. */
        NO_DELETE_IN_DOUBT,
        /** A call with an unknown answer leaves no doubt. */
        LOST_ANSWER_LEAVES_NO_DOUBT,
        /** A request for a job that is claimed is left to the run under way. */
        REQUESTS_ARE_ABSORBED,
        /** A holder that sent something and was overtaken asks for one more run, but leaves no doubt. */
        FENCED_HOLDER_LEAVES_NO_DOUBT
    }

    static Scope of(int subjects, int changes, int crashes) {
        return new Scope(
                subjects, changes, crashes, 0, 0, 0, false, 0, Doubt.INTENDED, true, EnumSet.noneOf(Mutation.class));
    }

    Scope lapses(int lapses) {
        return new Scope(subjects, changes, crashes, lapses, losses, refusals, pauses, grace, doubt, reduced, broken);
    }

    Scope losses(int losses) {
        return new Scope(subjects, changes, crashes, lapses, losses, refusals, pauses, grace, doubt, reduced, broken);
    }

    Scope refusals(int refusals) {
        return new Scope(subjects, changes, crashes, lapses, losses, refusals, pauses, grace, doubt, reduced, broken);
    }

    Scope grace(int grace) {
        return new Scope(subjects, changes, crashes, lapses, losses, refusals, pauses, grace, doubt, reduced, broken);
    }

    Scope unreduced() {
        return new Scope(subjects, changes, crashes, lapses, losses, refusals, pauses, grace, doubt, false, broken);
    }

    Scope pausing() {
        return new Scope(subjects, changes, crashes, lapses, losses, refusals, true, grace, doubt, reduced, broken);
    }

    Scope doubt(Doubt doubt) {
        return new Scope(subjects, changes, crashes, lapses, losses, refusals, pauses, grace, doubt, reduced, broken);
    }

    Scope breaking(Mutation mutation) {
        return new Scope(
                subjects,
                changes,
                crashes,
                lapses,
                losses,
                refusals,
                pauses,
                grace,
                doubt,
                false,
                EnumSet.of(mutation));
    }

    boolean breaks(Mutation mutation) {
        return broken.contains(mutation);
    }
}
