package io.syncmachine;

/**
 * Thrown by a publish or delete hook: the API has refused this document for good; or by any other function of a machine or handler: no
 * further attempt can succeed. The job is parked as a dead letter at once; the next change takes it out again. The API is taken not to
 * have applied anything.
 */
public class RejectedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** With what the API said; it ends up in the failure record, so leave out secrets. */
    public RejectedException(String message) {
        super(message);
    }
}
