package io.syncmachine.internal;

import java.nio.charset.StandardCharsets;

/** Which encoded ids every store can keep as part of a key. */
final class StorableId {

    static final int MOST_BYTES = 2000;

    private StorableId() {}

    static boolean isStorable(String id) {
        return !id.isEmpty() && id.indexOf('\0') < 0 && id.getBytes(StandardCharsets.UTF_8).length <= MOST_BYTES;
    }

    /**
     * The id.
     *
     * @throws IllegalArgumentException if it cannot be kept
     */
    static String check(String id) {
        if (!isStorable(id)) {
            throw new IllegalArgumentException("an id must be 1 to " + MOST_BYTES + " bytes of text without NUL, but "
                    + (id.length() > 50 ? "'" + id.substring(0, 50) + "…'" : "'" + id + "'") + " is not");
        }
        return id;
    }
}
