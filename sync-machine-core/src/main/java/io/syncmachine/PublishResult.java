package io.syncmachine;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What the API answered to a publication.
 *
 * @param accepted whether the API holds the document now
 * @param remoteId the id that the API gave the subject, if it did
 * @param reason why it was not accepted
 * @param pause how long nothing more shall be sent to this destination; zero for no pause
 */
public record PublishResult(
        boolean accepted,
        @Nullable String remoteId,
        @Nullable String reason,
        Duration pause) {

    private static final PublishResult ACCEPTED = new PublishResult(true, null, null, Duration.ZERO);

    /**
     * Checks remote id and pause.
     *
     * @throws IllegalArgumentException if the id is empty or holds the character NUL, which stores cannot keep; or if the pause is
     *     negative
     */
    public PublishResult {
        if (pause.isNegative()) {
            throw new IllegalArgumentException("pause must not be negative, but is " + pause);
        }
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
        return new PublishResult(true, remoteId, null, Duration.ZERO);
    }

    /** The API has answered and holds nothing new: the same as throwing {@link NotAcceptedException}. */
    public static PublishResult notAccepted(String reason) {
        return new PublishResult(false, null, reason, Duration.ZERO);
    }

    /**
     * The same, and the API has told that it takes nothing more for this long, like a {@link ThrottledException} beforehand: nothing is
     * sent to the {@linkplain Destination#name() destination} meanwhile.
     *
     * @throws IllegalArgumentException if negative
     */
    public PublishResult pausing(Duration pause) {
        return new PublishResult(accepted, remoteId, reason, pause);
    }
}
