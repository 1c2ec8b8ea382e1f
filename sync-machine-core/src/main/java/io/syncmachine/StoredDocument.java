package io.syncmachine;

import io.syncmachine.spi.DocumentFormat;

/** The document that the API acknowledged last, as it was kept: canonical JSON. Immutable. */
public final class StoredDocument {

    private final String json;
    private final DocumentFormat format;

    /** Made by the engine. */
    public StoredDocument(String json, DocumentFormat format) {
        this.json = json;
        this.format = format;
    }

    /** The document as canonical JSON. */
    public String json() {
        return json;
    }

    /**
     * The document read into a type.
     *
     * @throws IllegalArgumentException if the JSON does not fit the type
     */
    public <T> T as(Class<T> type) {
        return format.read(json, type);
    }

    @Override
    public String toString() {
        return "StoredDocument[" + json.length() + " characters]";
    }
}
