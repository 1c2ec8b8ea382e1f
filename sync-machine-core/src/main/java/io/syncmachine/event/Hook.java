package io.syncmachine.event;

/** The functions of an application that an engine calls. */
public enum Hook {
    /** A finder of a listener. */
    SUBJECT_IDS,
    /** Whether a subject is publishable. */
    CHECK_PUBLISHABLE,
    /** From a subject to its document. */
    BUILD,
    /** Tells the API of a create or update. */
    PUBLISH,
    /** Tells the API of a delete. */
    ON_DELETE,
    /** What follows an acknowledged create or update. */
    AFTER_PUBLISH,
    /** What follows an acknowledged delete. */
    AFTER_DELETE,
    /** What follows a publication that was given up. */
    ON_DEAD_LETTER,
    /** A durable listener to what became of a subject. */
    FOLLOW_UP,
    /** A handler of changes. */
    HANDLE_CHANGE
}
