package io.syncmachine;

/**
 * How kept documents are written to the store, for instance encrypted. Fingerprints are made before, so that what is compared does
 * not depend on it. Safe for use by several threads.
 */
public interface PayloadCodec {

    /** Keeps them as they are. */
    PayloadCodec PLAIN = new PayloadCodec() {
        @Override
        public String encode(String json) {
            return json;
        }

        @Override
        public String decode(String stored) {
            return stored;
        }
    };

    /** What is stored for a document in canonical JSON. */
    String encode(String json);

    /**
     * The document that was stored.
     *
     * @throws RuntimeException if it cannot be read any more; a run that needs it fails then, and is tried again
     */
    String decode(String stored);
}
