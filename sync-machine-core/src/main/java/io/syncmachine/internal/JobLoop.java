package io.syncmachine.internal;

import io.syncmachine.Backoff;
import io.syncmachine.FailureKind;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the jobs of one machine or handler and stage, one after the other, each of which calls a function of the application's. */
abstract class JobLoop implements EngineThreads.Step {

    private static final Logger log = LoggerFactory.getLogger(JobLoop.class);
    private static final int BATCH = 20;
    private static final Duration AWAY = Duration.ofSeconds(1);

    private final String name;
    private final String storedName;
    private final Stage stage;
    private final Backoff retry;
    private final JobExecutor jobs;
    private final Predicate<Throwable> isAway;
    private final Settings settings;
    private final Heartbeat heartbeat;
    private final AdaptivePoll poll;
    private final Deque<HeldClaim> waiting = new ArrayDeque<>();
    /** What is to be written of the job that was run last, as long as the store does not answer. */
    private @Nullable Runnable ending;

    /**
     * Makes one.
     *
     * @param name for people to read
     * @param storedName of the machine or handler
     * @param retry what follows a failure
     */
    JobLoop(
            String name,
            String storedName,
            Stage stage,
            Backoff retry,
            Store store,
            Settings settings,
            Heartbeat heartbeat,
            AdaptivePoll poll) {
        this.name = name;
        this.storedName = storedName;
        this.stage = stage;
        this.retry = retry;
        this.jobs = store.jobs();
        this.isAway = store::isAway;
        this.settings = settings;
        this.heartbeat = heartbeat;
        this.poll = poll;
    }

    /**
     * Does what a job asks for.
     *
     * @return what becomes of it instead of being complete; null if it is
     * @throws Exception to try it again, or give it up
     */
    abstract @Nullable Release work(Claim claim) throws Exception;

    @Override
    public final Duration run() {
        end();
        if (waiting.isEmpty()) {
            claim();
        }
        if (waiting.isEmpty()) {
            return poll.nothing();
        }
        while (!waiting.isEmpty()) {
            heartbeat.tryBeat();
            HeldClaim next = waiting.remove();
            Runnable settled = next.left().isZero() ? () -> {} : settle(next.claim);
            ending = () -> {
                settled.run();
                heartbeat.drop(next);
            };
            end();
        }
        return poll.found();
    }

    private void end() {
        if (ending != null) {
            ending.run();
            ending = null;
        }
    }

    private void claim() {
        long since = settings.clock().nanos();
        for (Claim claim : jobs.claim(new ClaimRequest(storedName, stage, BATCH, settings.lease(), settings.name()))) {
            waiting.add(heartbeat.hold(claim, since));
        }
    }

    /** Does what is to be done, and answers what is to be written then. */
    private Runnable settle(Claim claim) {
        Release release;
        try {
            release = work(claim);
        } catch (Throwable e) {
            return failed(claim, e);
        }
        return release == null ? () -> jobs.complete(List.of(claim)) : () -> jobs.release(List.of(release));
    }

    private Runnable failed(Claim claim, Throwable failure) {
        String reason = Failures.describe(failure);
        FailureKind kind = Setback.kind(failure, other -> FailureKind.unknown());
        if (kind.isUnknown() && isAway.test(failure)) {
            return () -> jobs.release(List.of(new Release(claim, AWAY, false, reason)));
        }
        Setback setback = Setback.of(kind, claim, retry, settings);
        if (setback.end()) {
            log.warn("{}: {} is given up: {}", name, claim.key().key(), reason);
            return () -> jobs.park(List.of(new Park(claim, reason, null)));
        }
        log.debug("{}: {} is tried again", name, claim.key().key(), failure);
        poll.expect(setback.delay());
        return () -> jobs.release(List.of(new Release(claim, setback.delay(), setback.attempt(), reason)));
    }
}
