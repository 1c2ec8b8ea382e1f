package io.syncmachine.http;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** How an exchange of an {@link HttpTransport} fails of which the other side has seen nothing: it cannot have been applied. */
public class NotSentException extends IOException {

    private static final long serialVersionUID = 1L;

    /** With what went wrong, without secrets. */
    public NotSentException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
