package io.syncmachine;

import java.util.Optional;
import java.util.Set;

/**
 * What became of a subject, told to a {@linkplain SyncMachine.Finishing#followUp durable listener}. What happened while a listener waited or
 * failed is told at once, by one follow-up.
 *
 * @param tenant whose subject it is
 * @param id its id
 * @param what what happened since the last follow-up: one thing at least, perhaps told before, after a crash
 * @param acknowledged the document that the API acknowledged last, as it is known now; empty if there is none, or none is kept
 * @param remoteId the API's own id, if it gave one
 * @param attempt the number of this attempt to tell it, counted from 1
 * @param <ID> the class of the subject's id
 */
public record FollowUp<ID>(
        String tenant,
        ID id,
        Set<What> what,
        Optional<StoredDocument> acknowledged,
        Optional<String> remoteId,
        int attempt) {

    /** What can happen. */
    public enum What {
        /** The API acknowledged a create or update. */
        PUBLISHED,
        /** The API acknowledged a delete. */
        DELETED,
        /** The publication was given up: it is a dead letter, unless the subject has changed meanwhile. */
        DEAD_LETTERED
    }
}
