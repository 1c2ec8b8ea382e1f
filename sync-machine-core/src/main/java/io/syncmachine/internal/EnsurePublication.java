package io.syncmachine.internal;

import io.syncmachine.internal.Comparison.Decision;
import io.syncmachine.internal.Traffic.Permit;
import io.syncmachine.internal.Verdict.Effect;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.PayloadStore.Opening;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Stage 3, up to the send: claims a batch of subjects, opens their records, reads them from committed data, builds and compares,
 * notes what will be sent, and hands it to the slots.
 *
 * <p>The order is what keeps a stale document from being sent last. A run opens the record before it reads the subject; so a run
 * that opens later has read later, and what an earlier one still writes is refused for its epoch. The intent is noted after the
 * comparison and before the send, only where the epoch still holds; whoever opens the record after that waits until this run's
 * call can no longer take effect.
 */
final class EnsurePublication<S, ID, D> implements EngineThreads.Step {

    private static final int BATCH = 200;
    private static final Duration LONGEST_CLOSED = Duration.ofSeconds(1);
    private static final Duration ROOM_CHECK = Duration.ofSeconds(1);
    private static final Duration CLOSED_CHECK = Duration.ofSeconds(1);
    private static final Duration HELD_ELSEWHERE = Duration.ofSeconds(1);
    private static final Duration UNREADABLE = Duration.ofSeconds(1);
    private static final Verdict LATE =
            new Verdict.Wait(Duration.ZERO, false, Effect.NOT_SENT, "others of its batch took too long to build");

    private final Machine<S, ID, D> machine;
    private final EntitySource source;
    private final Store store;
    private final Settings settings;
    private final Slots<Run<?, ?, ?>> slots;
    private final Acknowledger acknowledger;
    private final Heartbeat heartbeat;
    private final AdaptivePoll poll;
    private final Gate gate;
    private final Runnable lookForPauses;
    private final int batchSize;
    private final Comparison<S, ID, D> comparison;
    private final AtomicLong batches = new AtomicLong();

    EnsurePublication(
            Machine<S, ID, D> machine,
            EntitySource source,
            Store store,
            Settings settings,
            Slots<Run<?, ?, ?>> slots,
            Acknowledger acknowledger,
            Heartbeat heartbeat,
            AdaptivePoll poll,
            Gate gate,
            Runnable lookForPauses) {
        this.lookForPauses = lookForPauses;
        this.batchSize = machine.definition.destination().batchSize();
        this.machine = machine;
        this.source = source;
        this.store = store;
        this.settings = settings;
        this.slots = slots;
        this.acknowledger = acknowledger;
        this.heartbeat = heartbeat;
        this.poll = poll;
        this.gate = gate;
        this.comparison = new Comparison<>(machine, settings);
    }

    @Override
    public Duration run() throws Exception {
        if (!gate.isOpen()) {
            return CLOSED_CHECK;
        }
        Traffic traffic = machine.traffic();
        Duration closed = traffic.closedFor();
        if (!closed.isZero()) {
            return closed.compareTo(LONGEST_CLOSED) < 0 ? closed : LONGEST_CLOSED;
        }
        int room = Math.min(slots.room(), BATCH);
        if (room == 0) {
            return ROOM_CHECK;
        }
        if (traffic.areCallsCounted() && !store.jobs().isAnyDue(machine.storedName(), Stage.ENSURE_PUBLICATION)) {
            return poll.nothing();
        }
        List<Permit> permits = traffic.reserve((room + batchSize - 1) / batchSize);
        if (permits.isEmpty()) {
            return traffic.rest();
        }
        Queue<Permit> left = new ArrayDeque<>(permits);
        try {
            return run(Math.min(room, permits.size() * batchSize), left);
        } finally {
            traffic.unused(List.copyOf(left));
        }
    }

    private Duration run(int room, Queue<Permit> permits) throws Exception {
        long since = settings.clock().nanos();
        List<Claim> claims = store.jobs()
                .claim(new ClaimRequest(
                        machine.storedName(), Stage.ENSURE_PUBLICATION, room, settings.lease(), settings.name()));
        if (claims.isEmpty()) {
            return poll.nothing();
        }
        List<HeldClaim> held =
                claims.stream().map(claim -> heartbeat.hold(claim, since)).toList();
        try {
            lookForPauses.run();
            prepare(held, permits);
        } catch (Throwable e) {
            held.forEach(heartbeat::drop); // what nobody gives back is another's when its lease ends
            throw e;
        }
        return poll.found();
    }

    private void prepare(List<HeldClaim> claims, Queue<Permit> permits) throws Exception {
        List<Run<S, ID, D>> runs = lease(decode(claims));
        open(runs);
        if (!runs.isEmpty()) {
            List<Run<S, ID, D>> toSend = new ArrayList<>(runs.size());
            try {
                new BatchReader<>(
                                source,
                                settings.clock(),
                                machine.definition.subject(),
                                (Run<S, ID, D> run) -> run.key.tenant(),
                                (Run<S, ID, D> run) -> run.id,
                                deciding(toSend))
                        .read(runs);
            } finally {
                send(toSend, permits);
            }
        }
    }

    private List<Run<S, ID, D>> decode(List<HeldClaim> claims) {
        List<Run<S, ID, D>> runs = new ArrayList<>(claims.size());
        for (HeldClaim held : claims) {
            try {
                ID id = machine.subjectIds.decode(held.claim.key().key());
                runs.add(new Run<>(machine, held, id, settings));
            } catch (RuntimeException e) {
                acknowledger.parkUndecodable(machine, held, Failures.describe(e));
            }
        }
        return runs;
    }

    /** Leaves the runs whose subject nobody else works on; an exclusive executor sees to that by itself. */
    private List<Run<S, ID, D>> lease(List<Run<S, ID, D>> runs) {
        if (store.jobs().capabilities().contains(JobExecutor.Capability.EXCLUSIVE)) {
            return runs;
        }
        String holder = settings.name() + "/" + machine.storedName() + "/" + batches.incrementAndGet();
        Set<String> granted = ask(
                runs,
                () -> store.leases().tryAcquire(runs.stream().map(Run::leaseKey).toList(), holder, settings.lease()));
        Set<String> free = new HashSet<>(granted);
        List<Run<S, ID, D>> held = new ArrayList<>(runs.size());
        for (Run<S, ID, D> run : runs) {
            if (free.remove(run.leaseKey())) {
                run.held.leasedBy(new HeldClaim.SubjectLease(run.leaseKey(), holder));
                held.add(run);
            } else {
                acknowledger.add(run, new Verdict.Wait(HELD_ELSEWHERE, false, Effect.NOT_SENT, "lease held elsewhere"));
            }
        }
        return held;
    }

    /** Opens the records, and leaves the runs that need not wait for an earlier call. */
    private void open(List<Run<S, ID, D>> runs) {
        if (runs.isEmpty()) {
            return;
        }
        List<Opening> openings = ask(
                runs,
                () -> store.payloads().open(runs.stream().map(run -> run.key).toList()));
        Iterator<Opening> opening = openings.iterator();
        runs.removeIf(run -> {
            Opening own = opening.next();
            run.opened(own);
            if (own.waitOut().isZero()) {
                return false;
            }
            acknowledger.add(
                    run,
                    new Verdict.Wait(own.waitOut(), false, Effect.NOT_SENT, "an earlier call may still take effect"));
            return true;
        });
    }

    /** Asks the store. If it does not answer, the runs are given back now, and do not wait for the end of their claims. */
    private <T> T ask(List<Run<S, ID, D>> runs, Supplier<T> question) {
        try {
            return question.get();
        } catch (RuntimeException e) {
            runs.forEach(run -> acknowledger.add(run, notNow(e)));
            throw e;
        }
    }

    /** The store or the entities do not answer. */
    private static Verdict notNow(Throwable failure) {
        return new Verdict.Wait(UNREADABLE, false, Effect.NOT_SENT, Failures.describe(failure));
    }

    private BatchReader.Work<Run<S, ID, D>, S> deciding(List<Run<S, ID, D>> toSend) {
        return new BatchReader.Work<>() {
            @Override
            public void handle(Run<S, ID, D> run, @Nullable S subject) throws Exception {
                heartbeat.tryBeat();
                Verdict verdict = isLate(run) ? LATE : compare(run, subject);
                if (verdict == null) {
                    toSend.add(run);
                } else {
                    acknowledger.add(run, verdict);
                }
            }

            @Override
            public void failed(Run<S, ID, D> run, Throwable failure) {
                if (store.isAway(failure)) {
                    unread(run, failure);
                } else {
                    acknowledger.add(run, Publisher.beforeSending(run, failure, settings));
                }
            }

            @Override
            public void unread(Run<S, ID, D> run, Throwable failure) {
                acknowledger.add(run, notNow(failure));
            }
        };
    }

    /** Whether what comes before a run in its batch took so long that it would come too late to be sent, and all others with it. */
    private boolean isLate(Run<S, ID, D> run) {
        return run.held.left().compareTo(settings.lease().dividedBy(2)) < 0;
    }

    /** A verdict, or null if the run has got something to send. */
    private @Nullable Verdict compare(Run<S, ID, D> run, @Nullable S subject) throws Exception {
        Decision<S, D> decision = comparison.compare(run.known(), run.isForAChange(), subject, run.describe());
        if (decision instanceof Decision.Nothing<S, D> nothing) {
            run.built(nothing.fingerprint());
            return new Verdict.Nothing(nothing.result());
        }
        if (decision instanceof Decision.Assume<S, D> assume) {
            run.built(assume.fingerprint());
            return new Verdict.Assumed(assume.fingerprint(), run.keptWithoutSending(assume.json()));
        }
        if (decision instanceof Decision.LeaveToNewer<S, D> newer) {
            return new Verdict.Wait(
                    HELD_ELSEWHERE,
                    false,
                    Effect.NOT_SENT,
                    "builder version " + newer.version() + " has published it, and this is "
                            + machine.builderVersion());
        }
        if (decision instanceof Decision.Repeat<S, D> repeat) {
            run.repeat(repeat);
        } else if (decision instanceof Decision.Send<S, D> send) {
            run.send(send);
        }
        return null;
    }

    private void send(List<Run<S, ID, D>> runs, Queue<Permit> permits) {
        if (runs.isEmpty()) {
            return;
        }
        Set<Long> noted = ask(
                runs,
                () -> store.payloads().intent(runs.stream().map(Run::intend).toList()));
        List<Run<?, ?, ?>> prepared = new ArrayList<>(runs.size());
        for (Run<S, ID, D> run : runs) {
            if (noted.contains(run.epoch())) {
                if (prepared.size() % batchSize == 0) {
                    run.permit(permits.poll());
                }
                prepared.add(run);
            } else {
                acknowledger.add(run, new Verdict.Wait(Duration.ZERO, false, Effect.NOT_SENT, "another run took over"));
            }
        }
        slots.add(prepared);
    }
}
