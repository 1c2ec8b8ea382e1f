package io.syncmachine;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One delivery of a subject's document to the API: everything that a hook may want to tell it. Implemented by the engine.
 *
 * @param <S> the subject's class
 * @param <ID> its id's class
 * @param <D> the document's class
 */
public interface Publication<S, ID, D> {

    /** Create, update or delete, chosen from what the API is known to hold. */
    PublicationKind kind();

    /** The subject's id. */
    ID id();

    /** The subject, detached; null in a delete and in the repetition of a create that was not answered. */
    @Nullable
    S subject();

    /**
     * The document to publish.
     *
     * @throws IllegalStateException in a delete, which has none
     */
    D document();

    /** The document as canonical JSON, the form that is compared; empty in a delete. */
    Optional<String> json();

    /** The document that the API acknowledged last, if there is one. */
    Optional<StoredDocument> previous();

    /** The API's own id of the subject, from the result of an earlier publication. */
    Optional<String> remoteId();

    /**
     * A key that tells the API that two calls are the same one: a repetition after doubt has the key of the call that was not
     * answered, and every other call has a new one, also where a document comes back that was sent before.
     */
    String idempotencyKey();

    /**
     * Whether an earlier call for this subject may have been applied without its answer being known: whoever can look up what the API
     * holds does so before a create.
     */
    boolean isInDoubt();

    /** Grows with every publication of a subject. An API that refuses a lower version than it has seen is safe from late calls. */
    long version();

    /** The number of this attempt, counted from 1. */
    int attempt();

    /** When the call must be over, by the engine's clock. */
    Instant deadline();

    /** How long the call may still take; zero if its deadline has passed. */
    Duration timeLeft();

    /** The tenant that the subject belongs to. */
    String tenant();
}
