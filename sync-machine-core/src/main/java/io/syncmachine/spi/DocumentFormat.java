package io.syncmachine.spi;

/** Reads stored documents back into objects. Safe for use by several threads. */
public interface DocumentFormat {

    /**
     * Reads canonical JSON.
     *
     * @throws IllegalArgumentException if the JSON does not fit the type
     */
    <T> T read(String json, Class<T> type);
}
