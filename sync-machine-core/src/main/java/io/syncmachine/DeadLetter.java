package io.syncmachine;

import io.syncmachine.event.Cause;
import io.syncmachine.event.JournalEntry;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What was given up: the publication of a subject, or finding the subjects of a changed entity, or handling it. Its subject or entity
 * is left alone until it changes, or until somebody decides. Holds a document: show it only to those who may read it.
 *
 * @param machine the name of the machine or handler
 * @param tenant whose
 * @param entityType the declared name of the changed entity's type, where its subjects could not be found or it could not be handled;
 *     empty where it is a subject that could not be published
 * @param followUp whether not the publication was given up but what {@linkplain SyncMachine.Finishing#followUp follows} it
 * @param id the encoded id of the subject, or of the changed entity
 * @param attempts how many attempts it had
 * @param failedAt when it failed for the first time; waits that were nobody's fault do not count
 * @param parkedAt when it was given up
 * @param failure why: the last exception's class, message and causes; empty if it was {@linkplain SyncEngine#forget erased}
 * @param refused the document that was refused or not answered, as canonical JSON; empty if there was none, it is not kept or cannot
 *     be read any more, and in a {@linkplain DeadLetters#page page}
 * @param causes the first few of the changes that it was about
 * @param history what became of the subject's runs, newest first, as far as the journal tells; empty in a page, see {@link
 *     DeadLetters#show}
 */
public record DeadLetter(
        String machine,
        String tenant,
        Optional<String> entityType,
        boolean followUp,
        String id,
        int attempts,
        Instant failedAt,
        Instant parkedAt,
        Optional<String> failure,
        Optional<String> refused,
        List<Cause> causes,
        List<JournalEntry> history) {

    /** Without the document, which a log must not show. */
    @Override
    public String toString() {
        return "DeadLetter[" + machine + " "
                + entityType.map(type -> type + " ").orElse("") + id + " of " + tenant + ", parked at " + parkedAt
                + " after " + attempts + " attempts: " + failure.orElse("") + "]";
    }
}
