package io.syncmachine;

import org.jspecify.annotations.Nullable;

/**
 * What the API answered to a publication.
 *
 * @param accepted whether the API holds the document now
 * @param remoteId the id that the API gave the subject, if it did
 * @param reason why it was not accepted
 */
public record PublishResult(
        boolean accepted,
        @Nullable String remoteId,
        @Nullable String reason) {

    private static final PublishResult ACCEPTED = new PublishResult(true, null, null);

    /**
     * Checks the remote id.
     *
     * @throws IllegalArgumentException if it is empty or holds the character NUL, which stores cannot keep
     */
    public PublishResult {
        if (remoteId != null && (remoteId.isEmpty() || remoteId.indexOf('\0') >= 0)) {
            throw new IllegalArgumentException("remoteId must not be empty or hold NUL, but is '" + remoteId + "'");
        }
    }

    /** The API holds the document now. */
    public static PublishResult done() {
        return ACCEPTED;
    }

    /** The API holds the document now, under an id of its own; later publications and the delete are given this id. */
    public static PublishResult withRemoteId(String remoteId) {
        return new PublishResult(true, remoteId, null);
    }

    /** The API has answered and holds nothing new: the same as throwing {@link NotAcceptedException}. */
    public static PublishResult notAccepted(String reason) {
        return new PublishResult(false, null, reason);
    }
}
