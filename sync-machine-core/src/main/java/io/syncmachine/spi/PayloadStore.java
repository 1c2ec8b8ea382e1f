package io.syncmachine.spi;

import io.syncmachine.PublicationKind;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one payload record per subject: what is known of the API's state. The only port that safety depends on: linearizable and
 * durable, never read from a replica. All methods work on batches of different subjects, are atomic per record and safe for use
 * by several threads and nodes. Times are taken by the store's own clock.
 *
 * <p>A run opens the record, which gives it a fresh epoch; whatever it writes later is refused once another run has opened the
 * record. So of two runs that believe to be alone, the later opening wins. A run that noted no intent has sent nothing, and can
 * send nothing once its epoch is refused: finding its record open is no reason for doubt.
 */
public interface PayloadStore {

    /** What the API is known to hold. */
    enum State {
        /** Nothing was ever acknowledged. */
        NEVER,
        /** The acknowledged document. */
        PRESENT,
        /** Nothing any more: a tombstone. */
        ABSENT
    }

    /**
     * A publication that was about to be sent, and whose answer is not known or not recorded.
     *
     * @param kind of which kind
     * @param fingerprint of the document; {@link #DELETE_FINGERPRINT} in a delete
     * @param idempotencyKey its key
     * @param body the document, if it was kept for a repetition
     */
    record PendingIntent(
            PublicationKind kind,
            String fingerprint,
            String idempotencyKey,
            @Nullable String body) {}

    /** The fingerprint of a delete. */
    String DELETE_FINGERPRINT = "-";

    /** Begins the fingerprint of an acknowledged document that is to be sent again, whatever it is. */
    String SEND_ANYWAY = "!";

    /**
     * What is known.
     *
     * @param state what the API holds
     * @param fingerprint of the acknowledged document
     * @param body the acknowledged document as canonical JSON
     * @param remoteId the API's id of the subject
     * @param inDoubt whether something may have been sent whose answer is not known
     * @param intent the last publication that was not acknowledged
     * @param builderVersion the version of the builder whose document was acknowledged, or found unchanged, last
     */
    record PayloadRecord(
            State state,
            @Nullable String fingerprint,
            @Nullable String body,
            @Nullable String remoteId,
            boolean inDoubt,
            @Nullable PendingIntent intent,
            int builderVersion) {}

    /**
     * An opened record.
     *
     * @param key whose record
     * @param epoch of this opening: greater than every epoch that the store gave before, also for records since deleted
     * @param known what is known; in doubt also if a run before had noted an intent and did not close the record
     * @param waitOut how long an earlier call for the subject may still take effect; zero if none may
     */
    record Opening(SubjectKey key, long epoch, PayloadRecord known, Duration waitOut) {}

    /**
     * A publication that is about to be sent.
     *
     * @param key of which subject
     * @param epoch of the opening
     * @param intent what will be sent
     * @param deadline how long from now the call may take effect at most
     */
    record Intent(SubjectKey key, long epoch, PendingIntent intent, Duration deadline) {}

    /**
     * A publication that the API acknowledged.
     *
     * @param key of which subject
     * @param epoch of the opening
     * @param state what the API holds now, present or absent
     * @param fingerprint of the document; null if absent
     * @param body the document to keep; null if absent
     * @param remoteId the API's id of the subject; null if it has none or is absent
     * @param builderVersion of the builder that made the document
     */
    record Acknowledgement(
            SubjectKey key,
            long epoch,
            State state,
            @Nullable String fingerprint,
            @Nullable String body,
            @Nullable String remoteId,
            int builderVersion) {}

    /**
     * The end of a run that has nothing acknowledged to record.
     *
     * @param key of which subject
     * @param epoch of the opening
     * @param inDoubt whether the run leaves doubt; false leaves it as it was
     * @param forgetIntent whether the intent of this run is known to have had no effect
     * @param waitOut how long from now the call of this run may still take effect; null leaves it as it was
     * @param builderVersion of the builder that found the document unchanged; null leaves it as it was
     */
    record Closing(
            SubjectKey key,
            long epoch,
            boolean inDoubt,
            boolean forgetIntent,
            @Nullable Duration waitOut,
            @Nullable Integer builderVersion) {}

    /** Opens the records, making those that do not exist, each with a fresh epoch; answers them in the order of the keys. */
    List<Opening> open(List<SubjectKey> keys);

    /**
     * Puts the records in doubt, and gives each a fresh epoch, so that runs that have one open can no longer write to it. For whoever
     * learns that it sent something without holding the record.
     */
    void doubt(Collection<SubjectKey> keys);

    /** Notes what is about to be sent, where the epoch is still the record's; answers those epochs. Never makes a record. */
    Set<Long> intent(Collection<Intent> intents);

    /**
     * Records acknowledged publications, closes the records and clears doubt, intent and wait, where the epoch is still the
     * record's; answers those epochs. Nothing else clears doubt. Never makes a record.
     */
    Set<Long> record(Collection<Acknowledgement> acknowledgements);

    /** Closes records where the epoch is still the record's; answers those epochs. Never makes a record, never clears doubt. */
    Set<Long> close(Collection<Closing> closings);

    /**
     * Marks acknowledged documents, so that each counts as different from whatever is built next and is sent, equal or not; or takes the
     * mark back. Concerns records of subjects that are present, changes nothing but their fingerprint, which begins with {@link
     * #SEND_ANYWAY} then, and makes none. What is acknowledged next takes the mark's place. Marking twice is marking once.
     *
     * @param anyway whether to mark or to unmark
     */
    void sendAnyway(Collection<SubjectKey> keys, boolean anyway);

    /** What is known of a subject; in doubt also while a run that noted an intent has the record open. */
    Optional<PayloadRecord> find(SubjectKey key);

    /** The same for some; those of which nothing is known are left out. Asks for each by default. */
    default Map<SubjectKey, PayloadRecord> find(Collection<SubjectKey> keys) {
        Map<SubjectKey, PayloadRecord> found = new HashMap<>();
        keys.forEach(key -> find(key).ifPresent(known -> found.put(key, known)));
        return found;
    }

    /**
     * Subjects of a machine that are present at the API with a document of an older builder, in an order of the store's own that never
     * changes.
     *
     * @param version older than this one
     * @param after those that come after this subject in that order; null for the first
     * @param limit at most so many
     */
    List<SubjectKey> outdated(String machine, int version, @Nullable SubjectKey after, int limit);

    /**
     * Erases the document that a record keeps. What was acknowledged stays known by its fingerprint. An intent goes, too, unless its
     * answer is not known: then it is needed, with its body, to find out.
     *
     * @return whether there is such a record
     */
    boolean erase(SubjectKey key);

    /**
     * Goes through some records, in an order of the store's own that never changes, and deletes tombstones: records of subjects that are gone at the API or
     * never were there, not in doubt, of which nothing was written for this long.
     *
     * @param after those that come after this one; null for the first
     * @param limit looks at so many at most
     * @return the last one that was looked at; null if there are no more after it
     */
    @Nullable
    SubjectKey deleteTombstones(Duration unusedFor, @Nullable SubjectKey after, int limit);
}
