package io.syncmachine.spi;

import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A wish that a job runs.
 *
 * @param key what it is about
 * @param changed what changed, united with what a waiting job of the key already knows; all where it does not matter, none where
 *     nothing did
 * @param lane in which line it waits; a job that is requested in both waits in the live one
 * @param causes why, for people to read; the first {@link Cause#MOST} of a job are kept
 * @param settle how long the job waits for further requests; null if it is due at once, and then it is also if others would wait
 */
public record JobRequest(
        JobKey key,
        ChangedProperties changed,
        Lane lane,
        List<Cause> causes,
        @Nullable Settle settle) {

    /** Keeps a copy of the causes. */
    public JobRequest {
        causes = List.copyOf(causes);
    }

    /** One that is due at once. */
    public JobRequest(JobKey key, ChangedProperties changed, Lane lane, List<Cause> causes) {
        this(key, changed, lane, causes, null);
    }

    /** One in the live lane that is due at once, without causes. */
    public JobRequest(JobKey key, ChangedProperties changed) {
        this(key, changed, Lane.LIVE, List.of());
    }

    /** Two requests for the same job as one. */
    public JobRequest union(JobRequest other) {
        return new JobRequest(
                key,
                changed.union(other.changed),
                lane == Lane.LIVE ? lane : other.lane,
                Cause.union(causes, other.causes),
                settle == null || other.settle == null ? null : settle.shorter(other.settle));
    }
}
