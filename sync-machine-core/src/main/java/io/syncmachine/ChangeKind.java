package io.syncmachine;

/** What happened to an entity. */
public enum ChangeKind {
    /** It was inserted. */
    CREATE,
    /** One or more of its properties changed. */
    UPDATE,
    /** It was removed. */
    DELETE
}
