package io.syncmachine;

/** How soon a change of what a {@linkplain SyncMachine.Listening#reads declared path} reads counts. */
public enum ReadPolicy {
    /** At once. */
    NOW,
    /** In the background: the subjects wait for those that other changes concern. For what very many subjects read. */
    PACED,
    /** Never: it is read, but a document may show what it was, until its subject is published for another reason. */
    IGNORED;

    /** The sooner of both. */
    public ReadPolicy or(ReadPolicy other) {
        return compareTo(other) <= 0 ? this : other;
    }
}
