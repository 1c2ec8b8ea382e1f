package io.syncmachine.http;

import java.io.IOException;

/**
 * The API answered with a status that does not tell whether it has applied the publication, such as 500 or 502: in doubt. Whoever knows
 * better says so by {@link HttpDestination.Builder#onStatus}, or by {@link io.syncmachine.Policy#classify}.
 */
public class HttpStatusException extends IOException {

    private static final long serialVersionUID = 1L;

    /** The status. */
    private final int status;

    HttpStatusException(int status, String message) {
        super(message);
        this.status = status;
    }

    /** The status that was answered. */
    public int status() {
        return status;
    }
}
