package io.syncmachine.spi;

import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keeps jobs, one per key, and hands them out. Jobs may be handed out twice and in any order; what keeps publications apart is
 * the {@link PayloadStore}. All methods work on batches, are atomic per job and safe for use by several threads and nodes. Times
 * are taken by the executor's own clock.
 */
public interface JobExecutor {

    /** What an executor can promise beyond the mandatory part of the contract. */
    enum Capability {
        /** An enqueued job survives a crash of every process. */
        DURABLE,
        /** A job is never handed out while an earlier claim of its key has time left, unless that claim was settled. */
        EXCLUSIVE,
        /** A job is handed out to whichever process asks, not only to the one that enqueued it. */
        SHARED
    }

    /** How a claim ended. */
    enum Ending {
        /** As asked. */
        SETTLED,
        /** The job was requested again since it was claimed; it is waiting for one more run instead. */
        RUNS_AGAIN,
        /** The claim no longer holds the job; nothing was done. */
        LOST
    }

    /**
     * Asks for jobs to claim.
     *
     * @param machine of this machine
     * @param stage of this stage
     * @param limit at most so many
     * @param lease for this long from now
     * @param owner who claims, for people to read
     */
    record ClaimRequest(String machine, Stage stage, int limit, Duration lease, String owner) {}

    /**
     * A claim to give back.
     *
     * @param claim the claim
     * @param delay how long the job shall rest
     * @param countsAsAttempt false for a wait that is nobody's fault
     * @param reason why, for people to read
     */
    record Release(Claim claim, Duration delay, boolean countsAsAttempt, String reason) {}

    /**
     * A claim whose job is given up.
     *
     * @param claim the claim
     * @param failure why, for people to read
     * @param refused the document that was refused, as it is to be stored; null if none is
     */
    record Park(Claim claim, String failure, @Nullable String refused) {}

    /**
     * How a job stands.
     *
     * @param running whether it is claimed
     * @param parked whether it is a dead letter
     * @param dueIn how long it still rests; zero if it is due
     * @param attempts how many attempts it had, the running one included
     * @param failure how the last of them failed, or why it waits, for people to read
     * @param causes why it was requested
     * @param settling whether it waits for further requests, and not because of a failure
     */
    record JobStatus(
            boolean running,
            boolean parked,
            Duration dueIn,
            int attempts,
            @Nullable String failure,
            List<Cause> causes,
            boolean settling) {}

    /**
     * How far the requests to an executor that is not durable are done. Numbers are of one memory: whoever sees another one than before
     * knows that jobs may have been forgotten in between.
     *
     * @param memory names what the executor remembers since it last may have forgotten something
     * @param requested the number of the latest request
     * @param covered of each machine that has something to do: all requests of it up to this number are done or given up, and so are those
     *     that were made while a job that finds subjects ran for one of them. Not counted are requests of the background lane and of
     *     durable listeners, for which no change is kept
     */
    record Coverage(String memory, long requested, Map<String, Long> covered) {

        /** Keeps a copy. */
        public Coverage {
            covered = Map.copyOf(covered);
        }

        /** Whether what was requested of a machine up to this number is done. */
        public boolean covers(String machine, long request) {
            return covered.getOrDefault(machine, Long.MAX_VALUE) >= request;
        }
    }

    /** What it can promise. */
    Set<Capability> capabilities();

    /**
     * How far it is, in an executor that is not durable. Who keeps changes until their jobs are done asks before and after enqueuing these: if
     * both times the memory is the same, they are done as soon as {@code requested} of the second answer is covered for all their machines; if not, or once it
     * is another, they are enqueued again.
     */
    default Coverage coverage() {
        throw new UnsupportedOperationException("only an executor that is not durable numbers its requests");
    }

    /**
     * Asks for one run of each job, and returns when that is kept (durable, if the executor is). A waiting job of the key absorbs
     * the request and unites what changed, and stays due when it was; a job that is claimed does not absorb it: one more run
     * follows. A parked job is due again, with its attempts and what was refused forgotten, if something changed; a request where
     * {@linkplain ChangedProperties#isNone nothing} did leaves it parked.
     *
     * <p>A job whose requests all {@linkplain JobRequest#settle() settle} is due as soon as there was no further one for the quiet period, and at
     * the latest when the longest wait since the first of them has passed. For one that is claimed, the first is the first since the claim. One
     * request that does not settle makes the job due at once, and those that come after it change nothing about that until
     * it is claimed. Requests neither shorten nor lengthen the delay of a release or a requeue.
     */
    void enqueue(Collection<JobRequest> requests);

    /**
     * Hands out jobs that are due; none if there are none. Never waits. Tenants share what is handed out equally as long as they
     * have jobs that are due; within a tenant the live lane comes first, and in a lane those that have been due longest.
     */
    List<Claim> claim(ClaimRequest request);

    /**
     * Whether there may be a job of a machine and stage to claim. No if there is none; yes if there is one, and perhaps also while those
     * that are due longest are running. Cheap: asked often where calls are limited, so that no permit is taken for nothing.
     */
    boolean isAnyDue(String machine, Stage stage);

    /** Ends runs that are done. The map tells each token's ending. A job that runs again has its attempts forgotten. */
    Map<Long, Ending> complete(Collection<Claim> claims);

    /**
     * Gives jobs back to wait, for their delay also where they were requested again meanwhile; what changed is united then. Each
     * token's ending is settled or lost.
     */
    Map<Long, Ending> release(Collection<Release> releases);

    /** Parks jobs as dead letters. Tells each token's ending: a job that was requested again runs again instead. */
    Map<Long, Ending> park(Collection<Park> parks);

    /** Extends leases to this long from now, and answers the tokens of the claims that still hold their jobs. */
    Set<Long> renew(Collection<Claim> claims, Duration lease);

    /**
     * Keys of a machine's jobs of one stage that wait, due or not; neither those that run nor parked ones. In order, by tenant and by key
     * within a tenant, so that they can be gone through in pages: a job that waits all the while is in one of them.
     *
     * @param after those that come after this one, which need not exist any more; null for the first
     * @param limit at most so many, one at least
     */
    List<JobKey> waiting(String machine, Stage stage, @Nullable JobKey after, int limit);

    /** How many jobs of each machine wait or run; parked ones do not count, nor do machines without any. */
    Map<String, Long> backlogs();

    /** How many jobs wait or run; parked ones do not count. */
    default long backlog() {
        return backlogs().values().stream().mapToLong(Long::longValue).sum();
    }

    /**
     * How long the job that is due longest has been due, without being run; zero if none is. A job whose claim was lost counts from
     * the end of the lease.
     */
    Duration longestDue();

    /** Forgets what a job tells of contents: the text of its last failure, which may quote what was sent, and a refused document. */
    void erase(JobKey key);

    /** How a job stands; empty if there is none of this key. */
    Optional<JobStatus> find(JobKey key);

    /** How many jobs are parked. */
    default long parked() {
        return deadLetters().count(DeadLetterStore.Filter.ALL);
    }

    /** The jobs that are parked. */
    DeadLetterStore deadLetters();
}
