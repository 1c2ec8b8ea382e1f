package io.syncmachine.spi;

import io.syncmachine.event.Cause;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The parked jobs of a {@link JobExecutor}, to be looked at and decided about. What is not parked is neither told nor touched here: a
 * job that a change has made due again meanwhile is left alone. All methods are atomic per job and safe for use by several threads
 * and nodes. Times are taken by the executor's own clock.
 */
public interface DeadLetterStore {

    /**
     * Which dead letters; null means all.
     *
     * @param tenant of this tenant
     * @param machine of the machine or handler that is stored under this name
     * @param text those whose failure contains this text, with the same case
     * @param parkedFor those that are parked for at least so long
     */
    record Filter(
            @Nullable String tenant,
            @Nullable String machine,
            @Nullable String text,
            @Nullable Duration parkedFor) {

        /** All dead letters. */
        public static final Filter ALL = new Filter(null, null, null, null);

        /** Only those of one tenant. */
        public Filter ofTenant(String tenant) {
            return new Filter(tenant, machine, text, parkedFor);
        }

        /** Only those of one machine or handler, by its stored name. */
        public Filter ofMachine(String machine) {
            return new Filter(tenant, machine, text, parkedFor);
        }

        /** Only those whose failure contains a text. */
        public Filter failingWith(String text) {
            return new Filter(tenant, machine, text, parkedFor);
        }

        /** Only those that are parked for at least so long. */
        public Filter parkedFor(Duration parkedFor) {
            return new Filter(tenant, machine, text, parkedFor);
        }
    }

    /**
     * A job that was given up.
     *
     * @param key its key
     * @param attempts how many attempts it had
     * @param failingFor how long ago it failed for the first time; waits that were nobody's fault do not count
     * @param parkedFor how long ago it was given up
     * @param failure why, for people to read; null if that was erased
     * @param refused the document that was refused, as it is stored; null if none was, or it is not kept, and in a list
     * @param causes why it was requested
     */
    record Letter(
            JobKey key,
            int attempts,
            Duration failingFor,
            Duration parkedFor,
            @Nullable String failure,
            @Nullable String refused,
            List<Cause> causes) {}

    /**
     * Dead letters in the order of their keys: tenant, machine, stage, key. They come without their documents, which may be large.
     *
     * @param after only those that come after this key; null for all
     * @param limit at most so many
     */
    List<Letter> list(Filter filter, @Nullable JobKey after, int limit);

    /** The dead letter of a key, with its document; empty if its job is not parked. */
    Optional<Letter> find(JobKey key);

    /** How many there are. */
    long count(Filter filter);

    /**
     * Makes jobs due after a delay of each one's own, as if they were requested for the first time: attempts, failure and refused
     * document are forgotten. Whoever runs jobs is woken.
     *
     * @return how many; the others are not parked
     */
    int requeue(Map<JobKey, Duration> delays);

    /**
     * Deletes dead letters: nothing is done about them until something changes again.
     *
     * @return how many; the others are not parked
     */
    int discard(Collection<JobKey> keys);

    /**
     * Deletes those that are parked for at least so long.
     *
     * @param limit at most so many in one go
     * @return how many were deleted; less than the limit if no more are to be
     */
    int purge(Duration parkedFor, int limit);
}
