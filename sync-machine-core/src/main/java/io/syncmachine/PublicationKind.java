package io.syncmachine;

/** What a publication asks of the API, decided from what is known of the API's state and not from the change. */
public enum PublicationKind {
    /** The API is not known to hold the subject. */
    CREATE,
    /** The API holds an older document. */
    UPDATE,
    /** The subject is gone, or no longer publishable where the policy says so. */
    DELETE
}
