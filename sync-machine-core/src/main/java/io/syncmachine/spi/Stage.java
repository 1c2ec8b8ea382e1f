package io.syncmachine.spi;

/** What a job does. */
public enum Stage {
    /** Find the subjects that a changed entity concerns. */
    FIND_SUBJECTS,
    /** Make sure that the API holds a subject's current document. */
    ENSURE_PUBLICATION
}
