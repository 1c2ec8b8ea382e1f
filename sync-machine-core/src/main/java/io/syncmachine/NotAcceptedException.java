package io.syncmachine;

/**
 * Thrown by a publish or delete hook: the API has answered and has not applied the publication, and a later attempt may succeed. Unlike
 * after any other exception, the subject is not in doubt, and the next attempt need not wait out the deadline of this one.
 */
public class NotAcceptedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** With what the API said; it ends up in the failure record, so leave out secrets. */
    public NotAcceptedException(String message) {
        super(message);
    }
}
