package io.syncmachine;

/** Thrown by a publish or delete hook: the API has refused this document for good. It is parked as a dead letter at once, without further attempts; the next change of the subject takes it out again. The API is taken not to have applied it. */
public class RejectedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** With what the API said; it ends up in the failure record, so leave out secrets. */
    public RejectedException(String message) {
        super(message);
    }
}
