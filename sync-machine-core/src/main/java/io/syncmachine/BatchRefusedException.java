package io.syncmachine;

/**
 * How the publications of a batch fail that the API refused as a whole, having applied none of them: it is sent again in halves, so that
 * only what is at fault is refused in the end. See {@link Destination#sendAll}.
 */
public class BatchRefusedException extends RejectedException {

    private static final long serialVersionUID = 1L;

    /** With what the API said; it ends up in the failure record, so leave out secrets. */
    public BatchRefusedException(String message) {
        super(message);
    }
}
