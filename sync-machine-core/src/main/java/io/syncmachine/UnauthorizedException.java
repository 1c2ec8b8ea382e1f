package io.syncmachine;

/**
 * Thrown by a publish or delete hook: the API does not let this application in, and has applied nothing. No other call would fare better:
 * the machine is paused on all nodes, with the message as the reason, until {@link SyncEngine#resume} is called. Costs no attempt.
 */
public class UnauthorizedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** With what the API said; it ends up in logs and records, so leave out secrets. */
    public UnauthorizedException(String message) {
        super(message);
    }
}
