package io.syncmachine.event;

import io.syncmachine.PublicationKind;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one run for a subject ended.
 *
 * @param tenant whose subject
 * @param machine the machine's name
 * @param subjectId the encoded subject id
 * @param result how it ended
 * @param kind what was or would have been sent; null if nothing was to be sent
 * @param attempt the number of the attempt, counted from 1
 * @param reason why, for people to read; null if there is nothing to say
 * @param fingerprint of the document that was built; null if none was
 * @param took how long the call to the API took; null if there was none
 * @param causes the first few of the changes that the run covered
 */
public record Outcome(
        String tenant,
        String machine,
        String subjectId,
        Result result,
        @Nullable PublicationKind kind,
        int attempt,
        @Nullable String reason,
        @Nullable String fingerprint,
        @Nullable Duration took,
        List<Cause> causes) {

    /** Keeps a copy of the causes. */
    public Outcome {
        causes = List.copyOf(causes);
    }

    /** The same, of a machine by another name. */
    public Outcome ofMachine(String name) {
        return new Outcome(tenant, name, subjectId, result, kind, attempt, reason, fingerprint, took, causes);
    }

    /** The ways to end. */
    public enum Result {
        /** The API acknowledged a new document. */
        PUBLISHED,
        /** The document is the one that the API acknowledged last; nothing was sent. */
        UNCHANGED,
        /** The subject may not be at the API, or is gone and was never there; nothing was sent. */
        NOT_PUBLISHABLE,
        /** The API acknowledged a delete. */
        DELETED,
        /** Another run has taken over; what this one did is not recorded, and the subject is looked at again. */
        SUPERSEDED,
        /** Nothing failed, but it has to wait. */
        SNOOZED,
        /** It failed and will be tried again. */
        RETRYING,
        /** It was given up. */
        DEAD_LETTERED
    }
}
