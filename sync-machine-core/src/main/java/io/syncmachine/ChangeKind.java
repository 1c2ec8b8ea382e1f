package io.syncmachine;

/** What happened to an entity. */
public enum ChangeKind {
    /** It was inserted. */
    CREATE,
    /** One or more of its properties changed. */
    UPDATE,
    /** It was removed. */
    DELETE,
    /** The application said that it is to be looked at; nothing need have happened. */
    TOLD
}
