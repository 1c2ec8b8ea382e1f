package io.syncmachine.benchmarks;

/** An order whose document has changed, and by which revisions. */
record Changed(long order, int revision, int customerRevision) {

    /** Differs for every change of the document that is committed. */
    String key() {
        return order + ":" + revision + ":" + customerRevision;
    }

    /** The order that a key is about. */
    static long orderOf(String key) {
        return Long.parseLong(key.substring(0, key.indexOf(':')));
    }
}
