package io.syncmachine.internal;

import io.syncmachine.ChangedProperties;
import io.syncmachine.FailureKind;
import io.syncmachine.Policy;
import io.syncmachine.event.Hook;
import io.syncmachine.event.HookCall;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.DerivedPaths;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.Settle;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stage 2: claims changed entities, reads them, and enqueues the subjects that their finders name, in pages. A job is complete only
 * after its subjects are enqueued; a crash in between finds them again.
 */
final class FindSubjects<ID> implements EngineThreads.Step {

    private static final Logger log = LoggerFactory.getLogger(FindSubjects.class);
    private static final int BATCH = 200;
    private static final int PAGE = 1000;
    private static final Duration UNREADABLE = Duration.ofSeconds(1);
    private static final Duration UNKNOWN_TYPE = Duration.ofMinutes(1);

    private final Machine<?, ID, ?> machine;
    private final EntitySource source;
    private final JobExecutor jobs;
    private final Settings settings;
    private final Heartbeat heartbeat;
    private final Predicate<Throwable> isAway;
    private final Runnable wakeEnsuring;
    private final AdaptivePoll poll;
    private final AdaptivePoll ensurePoll;
    private final @Nullable Settle settle;
    private final Hooks hooks;
    private final ResyncOffice resyncs;
    /** The batch that was begun and could not be ended, for the store was away. */
    private @Nullable Batch unfinished;

    FindSubjects(
            Machine<?, ID, ?> machine,
            EntitySource source,
            Store store,
            Settings settings,
            Heartbeat heartbeat,
            Runnable wakeEnsuring,
            AdaptivePoll poll,
            AdaptivePoll ensurePoll,
            ResyncOffice resyncs) {
        this.machine = machine;
        this.source = source;
        this.jobs = store.jobs();
        this.isAway = store::isAway;
        this.settings = settings;
        this.heartbeat = heartbeat;
        this.wakeEnsuring = wakeEnsuring;
        this.poll = poll;
        this.ensurePoll = ensurePoll;
        this.settle = machine.settle().orElse(null);
        this.hooks = settings.hooks();
        this.resyncs = resyncs;
    }

    @Override
    public Duration run() throws Exception {
        if (unfinished != null) {
            unfinished.finish();
            unfinished = null;
        }
        long since = settings.clock().nanos();
        List<Claim> claims = jobs.claim(
                new ClaimRequest(machine.storedName(), Stage.FIND_SUBJECTS, BATCH, settings.lease(), settings.name()));
        if (claims.isEmpty()) {
            return poll.nothing();
        }
        Batch batch = new Batch(
                claims.stream().map(claim -> heartbeat.hold(claim, since)).toList());
        unfinished = batch;
        find(claims, batch);
        return poll.found();
    }

    private void find(List<Claim> claims, Batch batch) throws Exception {
        Exception unreadable = null;
        for (Map.Entry<String, List<Claim>> group : byType(claims).entrySet()) {
            try {
                if (group.getKey().equals(Change.RESYNC_TYPE)) {
                    batch.requestResyncs(group.getValue());
                } else {
                    find(group.getKey(), group.getValue(), batch);
                }
            } catch (Exception e) {
                unreadable = e; // the claims of this group were told; those of others are still to be handled
            }
        }
        batch.finish();
        unfinished = null;
        if (unreadable != null) {
            throw unreadable;
        }
    }

    private void find(String type, List<Claim> claims, Batch batch) throws Exception {
        Machine.BoundListener<?, ID> bound = machine.listener(type);
        DerivedPaths<ID> paths = machine.paths();
        if (paths != null && machine.hasEdges(type)) {
            findAlongPaths(paths, type, claims, batch);
        } else if (machine.isSubject(type)) {
            batch.areSubjects(claims);
        } else if (bound == null) {
            batch.releaseUnknown(type, claims);
        } else {
            find(bound, claims, batch);
        }
    }

    private void findAlongPaths(DerivedPaths<ID> paths, String type, List<Claim> claims, Batch batch) throws Exception {
        List<Claim> asked = new ArrayList<>();
        Machine.BoundListener<?, ID> bound = machine.listener(type);
        for (Claim claim : new PathFinder<>(machine, paths, settings.clock(), batch).find(type, claims)) {
            if (machine.concernsItself(type, claim.changed())) {
                batch.found(claim, claim.key().entityId(), Lane.LIVE);
            }
            if (bound != null && machine.hasFinder(type) && bound.concerns(claim.changed())) {
                asked.add(claim);
            } else {
                batch.done(claim);
            }
        }
        if (bound != null && !asked.isEmpty()) {
            find(bound, asked, batch);
        }
    }

    private static Map<String, List<Claim>> byType(List<Claim> claims) {
        Map<String, List<Claim>> groups = new LinkedHashMap<>();
        for (Claim claim : claims) {
            groups.computeIfAbsent(claim.key().entityType(), type -> new ArrayList<>())
                    .add(claim);
        }
        return groups;
    }

    private <E> void find(Machine.BoundListener<E, ID> bound, List<Claim> claims, Batch batch) throws Exception {
        findByReading(bound, bound.entity(), claims, batch);
    }

    private <E, EID> void findByReading(
            Machine.BoundListener<E, ID> bound, EntityDescription<E, EID> entity, List<Claim> claims, Batch batch)
            throws Exception {
        Map<Claim, EID> ids = new LinkedHashMap<>();
        for (Claim claim : claims) {
            try {
                ids.put(claim, entity.ids().decode(claim.key().entityId()));
            } catch (IllegalArgumentException e) {
                batch.failed(claim, e);
            }
        }
        new BatchReader<E, EID, Claim>(
                        source,
                        settings.clock(),
                        entity.type(),
                        claim -> claim.key().tenant(),
                        ids::get,
                        new BatchReader.Work<>() {
                            @Override
                            public void handle(Claim claim, @Nullable E found) throws Exception {
                                if (found != null) {
                                    call(bound, claim, found, batch);
                                }
                                batch.done(claim);
                            }

                            @Override
                            public void failed(Claim claim, Throwable failure) {
                                batch.failed(claim, failure);
                            }

                            @Override
                            public void unread(Claim claim, Throwable failure) {
                                batch.unread(claim, failure);
                            }
                        })
                .read(List.copyOf(ids.keySet()));
    }

    private <E> void call(Machine.BoundListener<E, ID> bound, Claim claim, E entity, Batch batch) throws Exception {
        JobKey key = claim.key();
        hooks.call(
                () -> new HookCall(
                        Hook.SUBJECT_IDS,
                        machine.name(),
                        key.tenant(),
                        bound.entity().name(),
                        key.entityId(),
                        claim.causes()),
                () -> {
                    Listeners.find(
                            bound, entity, claim.changed(), id -> batch.found(claim, machine.encode(id), Lane.LIVE));
                    return null;
                });
    }

    /** What becomes of a batch of claims: subjects are enqueued as their pages fill, claims are settled at the end. */
    private final class Batch implements PathFinder.Sink {

        private final List<HeldClaim> all;
        private final Map<JobKey, JobRequest> page = new LinkedHashMap<>();
        private final List<Claim> done = new ArrayList<>();
        private final List<Release> releases = new ArrayList<>();
        private final List<Park> parks = new ArrayList<>();

        Batch(List<HeldClaim> all) {
            this.all = all;
        }

        @Override
        public void found(Claim claim, String subjectId, Lane lane) {
            JobKey key = JobKey.ensurePublication(claim.key().tenant(), machine.storedName(), subjectId);
            page.merge(
                    key, new JobRequest(key, ChangedProperties.all(), lane, claim.causes(), settle), JobRequest::union);
            if (page.size() >= PAGE) {
                enqueuePage();
                heartbeat.tryBeat();
            }
        }

        void areSubjects(List<Claim> claims) {
            for (Claim claim : claims) {
                found(claim, claim.key().entityId(), Lane.LIVE);
                done(claim);
            }
        }

        /** A job that comes again after a crash asks again. */
        void requestResyncs(List<Claim> claims) {
            for (Claim claim : claims) {
                try {
                    resyncs.request(machine, claim.key().tenant());
                    done(claim);
                } catch (Exception e) {
                    failed(claim, e);
                }
            }
        }

        void done(Claim claim) {
            heartbeat.tryBeat();
            done.add(claim);
        }

        @Override
        public void failed(Claim claim, Throwable failure) {
            heartbeat.tryBeat();
            String reason = Failures.describe(failure);
            Policy policy = machine.definition.policy();
            FailureKind kind = Setback.kind(failure, policy.classifier());
            if (kind.isUnknown() && isAway.test(failure)) {
                unread(claim, failure);
                return;
            }
            Setback setback = Setback.of(kind, claim, policy.retry(), settings);
            if (setback.end()) {
                log.warn(
                        "machine {}: finding subjects of {} is given up: {}",
                        machine.name(),
                        claim.key().key(),
                        reason);
                parks.add(new Park(claim, reason, null));
            } else {
                poll.expect(setback.delay());
                releases.add(new Release(claim, setback.delay(), setback.attempt(), reason));
            }
        }

        @Override
        public void unread(Claim claim, Throwable failure) {
            releases.add(new Release(claim, UNREADABLE, false, Failures.describe(failure)));
        }

        void releaseUnknown(String type, List<Claim> claims) {
            log.warn(
                    "machine {} does not listen to {}: {} changes of it wait for a node whose machine does",
                    machine.name(),
                    type,
                    claims.size());
            claims.forEach(claim -> releases.add(new Release(claim, UNKNOWN_TYPE, false, "unknown type " + type)));
        }

        private void enqueuePage() {
            jobs.enqueue(page.values());
            page.clear();
            if (settle != null) {
                ensurePoll.expectSettled(settle);
            }
            wakeEnsuring.run();
        }

        /** Writes what became of all; may be called again if the store does not answer. */
        void finish() {
            if (!page.isEmpty()) {
                enqueuePage();
            }
            if (!done.isEmpty()) {
                jobs.complete(done);
                done.clear();
            }
            if (!releases.isEmpty()) {
                jobs.release(releases);
                releases.clear();
            }
            if (!parks.isEmpty()) {
                jobs.park(parks);
                parks.clear();
            }
            all.forEach(heartbeat::drop);
        }
    }
}
