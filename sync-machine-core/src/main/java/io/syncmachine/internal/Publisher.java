package io.syncmachine.internal;

import io.syncmachine.Backoff;
import io.syncmachine.BatchRefusedException;
import io.syncmachine.Destination;
import io.syncmachine.FailureKind;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.event.Hook;
import io.syncmachine.event.HookCall;
import io.syncmachine.internal.Slots.Slot;
import io.syncmachine.internal.Traffic.Permit;
import io.syncmachine.internal.Verdict.Effect;
import io.syncmachine.spi.EngineThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what was prepared, and watches over deadlines: a call that is not back in time is answered as in doubt and interrupted;
 * what it answers later is dropped.
 */
final class Publisher implements EngineThreads.Step {

    private static final Duration IDLE_CHECK = Duration.ofMillis(250);
    private static final Duration CLOSED = Duration.ofSeconds(1);
    private static final Verdict TOO_LATE = notSent(Duration.ZERO, "too little of the lease left");
    private static final Logger log = LoggerFactory.getLogger(Publisher.class);

    private final Settings settings;
    private final Function<Machine<?, ?, ?>, @Nullable String> gates;
    private final BiConsumer<Run<?, ?, ?>, Verdict> verdicts;
    private final BiConsumer<Machine<?, ?, ?>, String> unauthorized;
    /** The calls in flight by their epochs, so that those whose deadlines have passed are given up in the order of their openings. */
    private final Map<Long, Run<?, ?, ?>> calling = new ConcurrentSkipListMap<>();

    /**
     * Makes one.
     *
     * @param gates tells why a machine may not publish here, or null if it may
     * @param unauthorized told that a machine is not let in, and why
     */
    Publisher(
            Settings settings,
            BiConsumer<Run<?, ?, ?>, Verdict> verdicts,
            Function<Machine<?, ?, ?>, @Nullable String> gates,
            BiConsumer<Machine<?, ?, ?>, String> unauthorized) {
        this.unauthorized = unauthorized;
        this.settings = settings;
        this.gates = gates;
        this.verdicts = verdicts;
    }

    /** Begins to send some of one machine, and gives their verdicts. Frees the slot when all have ended. Never throws. */
    @SuppressWarnings("unchecked") // that they are of one machine says that their types agree
    void publish(List<Run<?, ?, ?>> runs, Slot slot) {
        List<Run<Object, Object, Object>> all = (List<Run<Object, Object, Object>>) (List<?>) runs;
        sendParts(Batches.of(all.get(0).machine.definition.destination(), all, Publisher::sort), slot);
    }

    private static Batches.Sort sort(Run<?, ?, ?> run) {
        return new Batches.Sort(run.message().intent().kind(), run.known().inDoubt());
    }

    private <S, ID, D> void sendParts(Queue<List<Run<S, ID, D>>> parts, Slot slot) {
        List<Run<S, ID, D>> first = parts.remove();
        send(first, parts.isEmpty() ? slot : slot.then(() -> sendParts(parts, slot)));
    }

    private <S, ID, D> void send(List<Run<S, ID, D>> runs, Slot slot) {
        List<Run<S, ID, D>> begun = new ArrayList<>(runs.size());
        List<Publication<S, ID, D>> publications = new ArrayList<>(runs.size());
        Traffic traffic = runs.get(0).machine.traffic();
        String closed = gates.apply(runs.get(0).machine);
        Traffic.Start start = closed == null ? traffic.begin(permit(runs)) : new Traffic.Start(null, CLOSED, closed);
        if (start.permit() == null) {
            runs.forEach(run -> verdicts.accept(run, notSent(start.delay(), start.reason())));
            slot.free();
            return;
        }
        for (Run<S, ID, D> run : runs) {
            Publication<S, ID, D> publication = run.call(settings.grace());
            if (publication != null) {
                begun.add(run);
                publications.add(publication);
            } else {
                verdicts.accept(run, TOO_LATE);
            }
        }
        if (begun.isEmpty()) {
            traffic.notMade(start.permit());
            slot.free();
            return;
        }
        begun.forEach(run -> calling.put(run.epoch(), run));
        Flight<S, ID, D> flight = new Flight<>(begun, slot, start.permit());
        List<? extends CompletionStage<PublishResult>> stages = call(begun, publications);
        begun.forEach(Run::returned);
        for (int i = 0; i < stages.size(); i++) {
            flight.follow(begun.get(i), stages.get(i));
        }
    }

    /** That of one of them; the others give theirs back with their verdicts. */
    private static Traffic.@Nullable Permit permit(List<? extends Run<?, ?, ?>> runs) {
        for (Run<?, ?, ?> run : runs) {
            Traffic.Permit permit = run.takePermit();
            if (permit != null) {
                return permit;
            }
        }
        return null;
    }

    private static Verdict notSent(Duration delay, String reason) {
        return new Verdict.Wait(delay, false, Effect.NOT_SENT, reason);
    }

    private <S, ID, D> List<? extends CompletionStage<PublishResult>> call(
            List<Run<S, ID, D>> runs, List<Publication<S, ID, D>> publications) {
        Destination<? super S, ? super ID, ? super D> destination =
                runs.get(0).machine.definition.destination();
        List<Supplier<HookCall>> calls = new ArrayList<>(runs.size());
        for (Run<S, ID, D> run : runs) {
            boolean delete = run.message().intent().kind() == PublicationKind.DELETE;
            calls.add(run.describe().of(delete ? Hook.ON_DELETE : Hook.PUBLISH));
        }
        Throwable failure;
        try {
            List<? extends CompletionStage<PublishResult>> stages = settings.hooks()
                    .callAll(
                            calls,
                            () -> publications.size() == 1
                                    ? Collections.singletonList(destination.send(publications.get(0)))
                                    : destination.sendAll(publications));
            if (stages != null && stages.size() == runs.size() && !stages.contains(null)) {
                return stages;
            }
            failure = new IllegalStateException("destination '" + destination.name() + "' answered "
                    + (stages == null ? "null" : stages.size() + " stages, or null among them,") + " to " + runs.size()
                    + " publications; answer a stage for each");
        } catch (Throwable e) {
            failure = e;
        }
        return Collections.nCopies(runs.size(), CompletableFuture.failedFuture(failure));
    }

    /** What is sent by one call. */
    private final class Flight<S, ID, D> {

        private final Slot slot;
        private final Permit permit;
        private final Traffic traffic;
        private final int size;
        private final AtomicInteger underWay;
        /** Whether a call was not back in time; it may still be in flight then, until the limiter forgets it. */
        private volatile boolean isExpired;

        private final Queue<Run<S, ID, D>> refused = new ConcurrentLinkedQueue<>();

        Flight(List<Run<S, ID, D>> runs, Slot slot, Permit permit) {
            this.slot = slot;
            this.permit = permit;
            this.traffic = runs.get(0).machine.traffic();
            this.size = runs.size();
            this.underWay = new AtomicInteger(size);
        }

        void follow(Run<S, ID, D> run, CompletionStage<PublishResult> stage) {
            AtomicBoolean ended = new AtomicBoolean();
            run.underWay(() -> {
                isExpired = true;
                cancel(stage);
                end(ended);
            });
            stage.handle((result, failure) -> {
                land(run, result, failure);
                end(ended);
                return ended;
            });
        }

        private void cancel(CompletionStage<PublishResult> stage) {
            try {
                stage.toCompletableFuture().cancel(true);
            } catch (RuntimeException e) {
                log.debug("a call that got no answer cannot be cancelled", e);
            }
        }

        private void land(Run<S, ID, D> run, @Nullable PublishResult result, @Nullable Throwable failure) {
            calling.remove(run.epoch(), run);
            Throwable cause = failure == null ? null : Failures.unwrapped(failure);
            if (cause instanceof BatchRefusedException && size > 1 && !run.isAnswered()) {
                refused.add(run);
            } else if (run.answer()) {
                verdicts.accept(run, cause == null ? judged(run, result) : judge(run, cause));
            }
        }

        private Verdict judged(Run<S, ID, D> run, @Nullable PublishResult result) {
            return result == null
                    ? judge(run, new IllegalStateException("publish answered null; answer PublishResult.done()"))
                    : judge(run, result);
        }

        private void end(AtomicBoolean ended) {
            if (ended.compareAndSet(false, true) && underWay.decrementAndGet() == 0) {
                if (!isExpired) {
                    traffic.ended(permit);
                }
                List<Run<S, ID, D>> again = List.copyOf(refused);
                if (again.isEmpty()) {
                    slot.free();
                } else {
                    slot.run(() -> sendInHalves(again, slot));
                }
            }
        }
    }

    private <S, ID, D> void sendInHalves(List<Run<S, ID, D>> runs, Slot slot) {
        int half = (runs.size() + 1) / 2;
        Slot rest = half == runs.size() ? slot : slot.then(() -> send(runs.subList(half, runs.size()), slot));
        send(runs.subList(0, half), rest);
    }

    private Verdict judge(Run<?, ?, ?> run, PublishResult result) {
        if (!result.pause().isZero()) {
            run.machine.traffic().pause(result.pause());
        }
        if (!result.accepted()) {
            run.machine.traffic().answered(run.key);
            String reason = Failures.cut("not accepted: " + result.reason());
            return verdict(run, FailureKind.notAccepted(), Effect.NOT_APPLIED, reason, settings);
        }
        boolean remoteIds = run.machine.definition.remoteIdsFromApi();
        if (result.remoteId() != null && !remoteIds) {
            return judge(
                    run,
                    new IllegalStateException("publish answered a remote id, but machine '" + run.machine.name()
                            + "' does not declare remoteIdsFromApi()"));
        }
        if (remoteIds
                && result.remoteId() == null
                && run.message().intent().kind() == PublicationKind.CREATE
                && run.known().remoteId() == null) {
            return judge(
                    run,
                    new IllegalStateException("machine '" + run.machine.name()
                            + "' declares remoteIdsFromApi(), but a create was answered without one"));
        }
        run.machine.traffic().answered(null);
        return new Verdict.Acknowledged(result.remoteId(), run.message().repetition());
    }

    private Verdict judge(Run<?, ?, ?> run, Throwable failure) {
        FailureKind kind = kind(run, failure);
        Traffic traffic = run.machine.traffic();
        boolean failed = kind.isUnknown() || kind.equals(FailureKind.notAccepted());
        traffic.answered(failed ? run.key : null);
        if (kind.isThrottled()) {
            traffic.pause(kind.delay());
        } else if (kind.isUnauthorized()) {
            unauthorized.accept(run.machine, Failures.describe(failure));
        }
        if (kind.isRejected() && run.message().repetition()) {
            // What is refused is an older document than the subject's: that one is still to be sent.
            return new Verdict.Wait(Duration.ZERO, false, Effect.REPETITION_REFUSED, Failures.describe(failure));
        }
        Effect effect = kind.isUnknown() ? Effect.unknown(run.callLeft().plus(settings.grace())) : Effect.NOT_APPLIED;
        return verdict(run, kind, effect, Failures.describe(failure), settings);
    }

    private static FailureKind kind(Run<?, ?, ?> run, Throwable failure) {
        return Setback.kind(failure, run.machine.definition.policy().classifier());
    }

    /** After a failure before anything was sent. */
    static Verdict beforeSending(Run<?, ?, ?> run, Throwable failure, Settings settings) {
        return verdict(run, kind(run, failure), Effect.NOT_SENT, Failures.describe(failure), settings);
    }

    /** Another attempt, not before the call can no longer take effect, or the end of them. */
    private static Verdict verdict(
            Run<?, ?, ?> run, FailureKind kind, Effect effect, String reason, Settings settings) {
        Backoff retry = run.machine.definition.policy().retry();
        Setback setback = Setback.of(kind, run.claim, retry, settings);
        if (setback.end()) {
            return new Verdict.GiveUp(effect, reason);
        }
        Duration waitOut = effect.waitOut() == null ? Duration.ZERO : effect.waitOut();
        Duration delay = setback.delay().compareTo(waitOut) > 0 ? setback.delay() : waitOut;
        return new Verdict.Wait(delay, setback.attempt(), effect, reason);
    }

    /** The watch over deadlines. */
    @Override
    public Duration run() {
        Duration rest = IDLE_CHECK;
        for (Run<?, ?, ?> run : calling.values()) {
            Duration left = run.callLeft();
            if (left.isZero()) {
                expire(run);
            } else if (left.compareTo(rest) < 0) {
                rest = left;
            }
        }
        return rest;
    }

    private void expire(Run<?, ?, ?> run) {
        if (calling.remove(run.epoch(), run) && run.answer()) {
            run.machine.traffic().answered(run.key);
            Effect effect = Effect.unknown(settings.grace());
            verdicts.accept(
                    run, verdict(run, FailureKind.unknown(), effect, "no answer within the deadline", settings));
            run.giveUp();
        }
    }
}
