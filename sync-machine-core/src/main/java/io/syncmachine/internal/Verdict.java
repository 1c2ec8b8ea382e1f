package io.syncmachine.internal;

import io.syncmachine.event.Outcome.Result;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a run ended, to be written down. */
sealed interface Verdict {

    /**
     * The API acknowledged what was sent.
     *
     * @param remoteId the id that it gave, if any
     * @param again whether the subject must be looked at once more, because what was sent was a repetition
     */
    record Acknowledged(@Nullable String remoteId, boolean again) implements Verdict {}

    /** There was nothing to send. */
    record Nothing(Result result) implements Verdict {}

    /**
     * What was built counts as acknowledged, without being sent.
     *
     * @param fingerprint to be recorded
     * @param kept the document to be recorded; null if none is kept
     */
    record Assumed(String fingerprint, @Nullable String kept) implements Verdict {}

    /**
     * It has to wait, with or without a failure.
     *
     * @param delay before the next run
     * @param attempt whether it costs one
     * @param effect what the call may have done
     * @param reason why
     */
    record Wait(Duration delay, boolean attempt, Effect effect, String reason) implements Verdict {}

    /**
     * It is given up.
     *
     * @param effect what the call may have done
     * @param reason why
     */
    record GiveUp(Effect effect, String reason) implements Verdict {}

    /**
     * What a call may have done at the API.
     *
     * @param unknown whether it may have been applied
     * @param waitOut how long it may still take effect; null if that is not known here
     * @param refusedRepetition whether it repeated an earlier call and was refused for good, so that the earlier one was not
     *     applied either
     */
    record Effect(boolean unknown, @Nullable Duration waitOut, boolean refusedRepetition) {

        /** Nothing was called. */
        static final Effect NOT_SENT = new Effect(false, null, false);

        /** The API answered that it did not apply it. */
        static final Effect NOT_APPLIED = new Effect(false, Duration.ZERO, false);

        /** The API refused for good what was sent to it again. */
        static final Effect REPETITION_REFUSED = new Effect(false, Duration.ZERO, true);

        /** Nobody knows. */
        static Effect unknown(Duration waitOut) {
            return new Effect(true, waitOut, false);
        }
    }
}
