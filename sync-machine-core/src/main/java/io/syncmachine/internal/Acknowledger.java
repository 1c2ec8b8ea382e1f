package io.syncmachine.internal;

import io.syncmachine.ChangedProperties;
import io.syncmachine.FollowUp.What;
import io.syncmachine.PublicationKind;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.internal.Verdict.Effect;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.JobExecutor.Ending;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.PayloadStore.Acknowledgement;
import io.syncmachine.spi.PayloadStore.Closing;
import io.syncmachine.spi.PayloadStore.State;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stage 3, after the verdict: records what was acknowledged, closes the other records, and settles the jobs, in batches.
 *
 * <p>Records first, jobs second: after a crash in between, the job runs again and finds its payload unchanged. A run whose record or
 * job was taken over after it had sent something is fenced: its subject is put in doubt under a fresh epoch, so that
 * a slower successor's record is refused as well, and is enqueued. If the store does not answer, the batch is kept and
 * tried again until it does; should the process die before, the intents put their subjects in doubt by themselves.
 */
final class Acknowledger implements EngineThreads.Step {

    private static final Logger log = LoggerFactory.getLogger(Acknowledger.class);
    private static final int BATCH = 500;
    private static final int WORTH_A_BATCH = 200;
    private static final Duration LINGER = Duration.ofMillis(20);
    private static final Duration IDLE = Duration.ofSeconds(5);

    private final Store store;
    private final IntSupplier load;
    private final SideEffects sideEffects;
    private final Heartbeat heartbeat;
    private final Announcer announcer;
    private final JournalWriter journal;
    private final Queue<Entry<?, ?, ?>> queue = new ConcurrentLinkedQueue<>();
    private final Queue<Undecodable> undecodable = new ConcurrentLinkedQueue<>();
    private final AtomicInteger queued = new AtomicInteger();
    private final AtomicInteger pending = new AtomicInteger();
    private final List<Entry<?, ?, ?>> unsettled = new ArrayList<>();
    private volatile Runnable wake = () -> {};
    private volatile BiConsumer<Run<?, ?, ?>, Duration> onWait = (run, delay) -> {};
    private boolean lingered;
    /** The batch that was begun and could not be ended; what it has done already is not done again. */
    private @Nullable Batch current;

    private record Undecodable(Machine<?, ?, ?> machine, HeldClaim held, String failure) {

        Park park() {
            return new Park(held.claim, failure, null);
        }
    }

    private record Entry<S, ID, D>(Run<S, ID, D> run, Verdict verdict) {}

    /**
     * Makes one.
     *
     * @param load how many publications are in flight or about to be: while there are some, it is worth waiting a little for more
     * @param sideEffects calls what follows a publication
     * @param heartbeat holds the claims until they are settled
     * @param announcer tells of the outcomes
     */
    Acknowledger(
            Store store,
            Settings settings,
            IntSupplier load,
            SideEffects sideEffects,
            Heartbeat heartbeat,
            Announcer announcer) {
        this.store = store;
        this.load = load;
        this.sideEffects = sideEffects;
        this.heartbeat = heartbeat;
        this.announcer = announcer;
        this.journal = new JournalWriter(store, settings);
    }

    /** Who is told that a job will be due here after a while. */
    void onWait(BiConsumer<Run<?, ?, ?>, Duration> onWait) {
        this.onWait = onWait;
    }

    /** Who is told that there is something to write. */
    void onVerdict(Runnable wake) {
        this.wake = wake;
    }

    /** Takes a verdict; it is written soon. */
    void add(Run<?, ?, ?> run, Verdict verdict) {
        Traffic.Permit unused = run.takePermit();
        if (unused != null) {
            run.machine.traffic().unused(List.of(unused));
        }
        queue.add(new Entry<>(run, verdict));
        tellOne();
    }

    /** Takes a job whose key is no id of its subject's type: no code of this build can ever run it. */
    void parkUndecodable(Machine<?, ?, ?> machine, HeldClaim held, String failure) {
        undecodable.add(new Undecodable(machine, held, failure));
        tellOne();
    }

    /** Whether everything is written, and what follows publications is done. */
    boolean isIdle() {
        return pending.get() == 0 && sideEffects.isIdle();
    }

    private void tellOne() {
        pending.incrementAndGet();
        int now = queued.incrementAndGet();
        if (now == 1 || now == WORTH_A_BATCH) {
            wake.run();
        }
    }

    @Override
    public Duration run() {
        int waiting = queued.get();
        if (waiting == 0 && unsettled.isEmpty()) {
            return IDLE;
        }
        if (waiting < WORTH_A_BATCH && !lingered && unsettled.isEmpty() && load.getAsInt() > 0) {
            lingered = true;
            return LINGER;
        }
        lingered = false;
        flush();
        return Duration.ZERO;
    }

    /** Writes what is waiting, at most one batch. */
    private void flush() {
        if (current == null) {
            gather();
        }
        parkUndecodable();
        if (unsettled.isEmpty()) {
            return;
        }
        Batch batch = current == null ? new Batch(List.copyOf(unsettled)) : current;
        current = batch;
        List<Outcome> outcomes = batch.settle();
        current = null;
        unsettled.clear();
        batch.entries.forEach(entry -> heartbeat.drop(entry.run().held));
        announcer.add(outcomes);
        pending.addAndGet(-outcomes.size());
    }

    /** Fills the batch; of two runs for one subject, the second waits for the next one. */
    private void gather() {
        Set<SubjectKey> subjects = new HashSet<>();
        unsettled.forEach(entry -> subjects.add(entry.run().key));
        while (unsettled.size() < BATCH) {
            Entry<?, ?, ?> entry = queue.peek();
            if (entry == null || !subjects.add(entry.run().key)) {
                return;
            }
            queue.remove();
            queued.decrementAndGet();
            unsettled.add(entry);
        }
    }

    private void parkUndecodable() {
        List<Undecodable> parks = List.copyOf(undecodable);
        if (parks.isEmpty()) {
            return;
        }
        journal.write(
                () -> store.jobs().park(parks.stream().map(Undecodable::park).toList()),
                () -> parks.stream()
                        .map(one -> outcome(one).ofMachine(one.machine().storedName()))
                        .toList());
        for (Undecodable one : parks) {
            undecodable.remove();
            heartbeat.drop(one.held());
            log.warn("job {} is parked: {}", one.held().claim.key(), one.failure());
        }
        queued.addAndGet(-parks.size());
        announcer.add(parks.stream().map(Acknowledger::outcome).toList());
        pending.addAndGet(-parks.size());
    }

    private static Outcome outcome(Undecodable undecodable) {
        Claim claim = undecodable.held().claim;
        return new Outcome(
                claim.key().tenant(),
                undecodable.machine().name(),
                claim.key().key(),
                Result.DEAD_LETTERED,
                null,
                claim.attempt(),
                undecodable.failure(),
                null,
                null,
                claim.causes());
    }

    /** One batch on its way through records and jobs. */
    private final class Batch {

        private final List<Entry<?, ?, ?>> entries;
        private final Set<Long> kept = new HashSet<>();
        private final Map<Long, Ending> endings = new HashMap<>();
        private final Map<Entry<?, ?, ?>, Outcome> outcomes = new HashMap<>();

        private boolean fenceDone;

        Batch(List<Entry<?, ?, ?>> entries) {
            this.entries = entries;
        }

        List<Outcome> settle() {
            writeRecords();
            settleJobs();
            fence();
            releaseLeases();
            List<Outcome> told = entries.stream().map(outcomes::get).toList();
            for (int i = 0; i < told.size(); i++) {
                sideEffects.tell(entries.get(i).run(), told.get(i));
            }
            return told;
        }

        private void writeRecords() {
            List<Acknowledgement> acknowledgements = new ArrayList<>();
            List<Closing> closings = new ArrayList<>();
            for (Entry<?, ?, ?> entry : entries) {
                Run<?, ?, ?> run = entry.run();
                if (run.opening() == null) {
                    continue;
                }
                if (entry.verdict() instanceof Verdict.Acknowledged acknowledged) {
                    acknowledgements.add(acknowledgement(run, acknowledged));
                } else if (entry.verdict() instanceof Verdict.Assumed assumed) {
                    acknowledgements.add(new Acknowledgement(
                            run.key,
                            run.epoch(),
                            State.PRESENT,
                            assumed.fingerprint(),
                            assumed.kept(),
                            run.known().remoteId(),
                            run.machine.builderVersion()));
                } else {
                    closings.add(closing(run, entry.verdict()));
                }
            }
            List<JobRequest> followUps = followUps(entries.stream()
                    .filter(entry -> entry.verdict() instanceof Verdict.Acknowledged)
                    .toList());
            if (followUps.isEmpty()) {
                kept.addAll(write(acknowledgements, closings));
                return;
            }
            Set<Long> written = new HashSet<>();
            store.atomically(() -> {
                written.clear();
                store.jobs().enqueue(followUps);
                written.addAll(write(acknowledgements, closings));
            });
            kept.addAll(written);
        }

        private Set<Long> write(List<Acknowledgement> acknowledgements, List<Closing> closings) {
            Set<Long> written = new HashSet<>();
            if (!acknowledgements.isEmpty()) {
                written.addAll(store.payloads().record(acknowledgements));
            }
            if (!closings.isEmpty()) {
                written.addAll(store.payloads().close(closings));
            }
            return written;
        }

        /** For durable listeners; kept before what they tell of is, so that no crash is between. */
        private List<JobRequest> followUps(List<Entry<?, ?, ?>> told) {
            return told.stream()
                    .filter(entry -> entry.run().machine.definition.told().followUp() != null)
                    .map(entry -> FollowUps.request(entry.run(), what(entry)))
                    .toList();
        }

        private What what(Entry<?, ?, ?> entry) {
            if (entry.verdict() instanceof Verdict.GiveUp) {
                return What.DEAD_LETTERED;
            }
            boolean delete = entry.run().message().intent().kind() == PublicationKind.DELETE;
            return delete ? What.DELETED : What.PUBLISHED;
        }

        private Acknowledgement acknowledgement(Run<?, ?, ?> run, Verdict.Acknowledged acknowledged) {
            Run.Message<?, ?> message = run.message();
            if (message.intent().kind() == PublicationKind.DELETE) {
                return new Acknowledgement(
                        run.key, run.epoch(), State.ABSENT, null, null, null, run.machine.builderVersion());
            }
            String remoteId = acknowledged.remoteId() != null
                    ? acknowledged.remoteId()
                    : run.known().remoteId();
            return new Acknowledgement(
                    run.key,
                    run.epoch(),
                    State.PRESENT,
                    message.intent().fingerprint(),
                    message.kept(),
                    remoteId,
                    run.machine.builderVersion());
        }

        private Closing closing(Run<?, ?, ?> run, Verdict verdict) {
            Effect effect = Effect.NOT_SENT;
            if (verdict instanceof Verdict.Wait wait) {
                effect = wait.effect();
            } else if (verdict instanceof Verdict.GiveUp giveUp) {
                effect = giveUp.effect();
            }
            Run.Message<?, ?> message = run.messageOrNull();
            boolean noted = message != null;
            boolean forget =
                    message != null && !effect.unknown() && (!message.reusedKey() || effect.refusedRepetition());
            // An intent that was noted but not sent: nothing of this run can take effect any more.
            Duration waitOut = effect.waitOut() == null && noted ? Duration.ZERO : effect.waitOut();
            // What was given up is not gone through again either: it stays with its dead letter.
            boolean looked = verdict instanceof Verdict.Nothing || verdict instanceof Verdict.GiveUp;
            Integer version = looked ? run.machine.builderVersion() : null;
            return new Closing(run.key, run.epoch(), effect.unknown(), forget, waitOut, version);
        }

        /** Whether the run still had the record: then its verdict stands. */
        private boolean holds(Run<?, ?, ?> run) {
            return run.opening() == null || kept.contains(run.epoch());
        }

        private void settleJobs() {
            List<Entry<?, ?, ?>> completes = new ArrayList<>();
            List<Entry<?, ?, ?>> releases = new ArrayList<>();
            List<Entry<?, ?, ?>> parks = new ArrayList<>();
            for (Entry<?, ?, ?> entry : entries) {
                if (outcomes.containsKey(entry)) {
                    continue; // settled before the store was away
                }
                if (release(entry) != null) {
                    releases.add(entry);
                } else if (entry.verdict() instanceof Verdict.GiveUp) {
                    parks.add(entry);
                } else {
                    completes.add(entry);
                }
            }
            settle(
                    completes,
                    batch -> store.jobs()
                            .complete(batch.stream()
                                    .map(entry -> entry.run().claim)
                                    .toList()));
            settle(
                    releases,
                    batch -> store.jobs()
                            .release(batch.stream()
                                    .flatMap(entry -> Stream.ofNullable(release(entry)))
                                    .toList()));
            settle(parks, batch -> {
                store.jobs().enqueue(followUps(batch));
                return store.jobs().park(batch.stream().map(this::park).toList());
            });
            tellWaits();
        }

        private @Nullable Release release(Entry<?, ?, ?> entry) {
            Claim claim = entry.run().claim;
            if (!holds(entry.run())) {
                return new Release(claim, Duration.ZERO, false, "another run took over");
            }
            if (entry.verdict() instanceof Verdict.Wait wait) {
                return new Release(claim, wait.delay(), wait.attempt(), wait.reason());
            }
            return isRepetition(entry.verdict())
                    ? new Release(claim, Duration.ZERO, false, "an unanswered create was repeated")
                    : null;
        }

        private Park park(Entry<?, ?, ?> entry) {
            Run.Message<?, ?> message = entry.run().messageOrNull();
            return new Park(
                    entry.run().claim,
                    Objects.requireNonNull(reason(entry.verdict())),
                    message == null ? null : message.kept());
        }

        private void settle(List<Entry<?, ?, ?>> batch, Function<List<Entry<?, ?, ?>>, Map<Long, Ending>> settling) {
            if (!batch.isEmpty()) {
                journal.write(
                        () -> settling.apply(batch).forEach(this::end),
                        () -> batch.stream()
                                .map(entry -> storedOutcome(entry, outcome(entry)))
                                .toList());
                batch.forEach(entry -> outcomes.put(entry, outcome(entry)));
            }
        }

        /** What has ended cannot be lost: if it is told so, it was ended before. */
        private void end(Long token, Ending ending) {
            endings.merge(token, ending, (before, now) -> now == Ending.LOST ? before : now);
        }

        private Outcome storedOutcome(Entry<?, ?, ?> entry, Outcome outcome) {
            return outcome.ofMachine(entry.run().machine.storedName());
        }

        /** Jobs that this node gave back are likely to run here next: no need to poll for them. */
        private void tellWaits() {
            for (Entry<?, ?, ?> entry : entries) {
                Ending ending = endings.get(entry.run().claim.token());
                if (entry.verdict() instanceof Verdict.Wait wait && holds(entry.run())) {
                    onWait.accept(entry.run(), wait.delay());
                } else if (ending == Ending.RUNS_AGAIN || !holds(entry.run()) || isRepetition(entry.verdict())) {
                    onWait.accept(entry.run(), Duration.ZERO);
                }
            }
        }

        private boolean isRepetition(Verdict verdict) {
            return verdict instanceof Verdict.Acknowledged acknowledged && acknowledged.again();
        }

        /** Whether the run sent something, or may have, and lost its record or its job meanwhile. */
        private boolean isFenced(Entry<?, ?, ?> entry) {
            boolean sent = entry.verdict() instanceof Verdict.Acknowledged
                    || (entry.verdict() instanceof Verdict.Wait wait
                            && wait.effect().unknown())
                    || (entry.verdict() instanceof Verdict.GiveUp giveUp
                            && giveUp.effect().unknown());
            return sent && (!holds(entry.run()) || endings.get(entry.run().claim.token()) == Ending.LOST);
        }

        private void fence() {
            if (fenceDone) {
                return;
            }
            List<Run<?, ?, ?>> fenced = new ArrayList<>();
            for (Entry<?, ?, ?> entry : entries) {
                if (isFenced(entry)) {
                    fenced.add(entry.run());
                }
            }
            if (!fenced.isEmpty()) {
                store.payloads().doubt(fenced.stream().map(run -> run.key).toList());
                store.jobs()
                        .enqueue(fenced.stream()
                                .map(run -> new JobRequest(
                                        run.claim.key(), ChangedProperties.all(), Lane.LIVE, run.claim.causes()))
                                .toList());
                fenced.forEach(run -> onWait.accept(run, Duration.ZERO));
            }
            fenceDone = true;
        }

        private void releaseLeases() {
            List<HeldClaim.SubjectLease> leases = entries.stream()
                    .flatMap(entry -> Stream.ofNullable(entry.run().held.lease()))
                    .toList();
            HeldClaim.keysByHolder(leases)
                    .forEach((holder, keys) -> store.leases().release(keys, holder));
        }

        private Outcome outcome(Entry<?, ?, ?> entry) {
            Run<?, ?, ?> run = entry.run();
            Run.Message<?, ?> message = run.messageOrNull();
            PublicationKind kind = message == null ? null : message.intent().kind();
            Result result = isFenced(entry) || !holds(run) ? Result.SUPERSEDED : result(entry.verdict(), run, kind);
            return new Outcome(
                    run.key.tenant(),
                    run.machine.name(),
                    run.key.id(),
                    result,
                    kind,
                    run.claim.attempt(),
                    reason(entry.verdict()),
                    run.fingerprint(),
                    run.took(),
                    run.claim.causes());
        }

        private Result result(Verdict verdict, Run<?, ?, ?> run, @Nullable PublicationKind kind) {
            if (verdict instanceof Verdict.Acknowledged) {
                return kind == PublicationKind.DELETE ? Result.DELETED : Result.PUBLISHED;
            }
            if (verdict instanceof Verdict.Nothing nothing) {
                return nothing.result();
            }
            if (verdict instanceof Verdict.Assumed) {
                return Result.UNCHANGED;
            }
            if (verdict instanceof Verdict.Wait wait) {
                return wait.attempt() ? Result.RETRYING : Result.SNOOZED;
            }
            boolean parked = endings.get(run.claim.token()) == Ending.SETTLED;
            return parked ? Result.DEAD_LETTERED : Result.RETRYING;
        }

        private @Nullable String reason(Verdict verdict) {
            if (verdict instanceof Verdict.Wait wait) {
                return wait.reason();
            }
            if (verdict instanceof Verdict.Assumed) {
                return "not sent: the builder's version rose, and its new documents count as acknowledged";
            }
            return verdict instanceof Verdict.GiveUp giveUp ? giveUp.reason() : null;
        }
    }
}
