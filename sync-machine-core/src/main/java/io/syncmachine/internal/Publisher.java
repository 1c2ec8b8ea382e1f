package io.syncmachine.internal;

import io.syncmachine.Backoff;
import io.syncmachine.FailureKind;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.event.Hook;
import io.syncmachine.function.CheckedConsumer;
import io.syncmachine.internal.Verdict.Effect;
import io.syncmachine.spi.EngineThreads;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Sends what was prepared, and watches over deadlines: a call that is not back in time is answered as in doubt and interrupted;
 * what it answers later is dropped.
 */
final class Publisher implements EngineThreads.Step {

    private static final Duration IDLE_CHECK = Duration.ofMillis(250);
    private static final Duration CLOSED = Duration.ofSeconds(1);

    private final Settings settings;
    private final Function<Machine<?, ?, ?>, @Nullable String> gates;
    private final BiConsumer<Run<?, ?, ?>, Verdict> verdicts;
    /** The calls in flight by their epochs, so that those whose deadlines have passed are given up in the order of their openings. */
    private final Map<Long, Run<?, ?, ?>> calling = new ConcurrentSkipListMap<>();

    /**
     * Makes one.
     *
     * @param gates tells why a machine may not publish here, or null if it may
     */
    Publisher(
            Settings settings,
            BiConsumer<Run<?, ?, ?>, Verdict> verdicts,
            Function<Machine<?, ?, ?>, @Nullable String> gates) {
        this.settings = settings;
        this.gates = gates;
        this.verdicts = verdicts;
    }

    /** Sends one, and gives its verdict. Never throws. */
    <S, ID, D> void publish(Run<S, ID, D> run) {
        String closed = gates.apply(run.machine);
        if (closed != null) {
            verdicts.accept(run, new Verdict.Wait(CLOSED, false, Effect.NOT_SENT, closed));
            return;
        }
        Publication<S, ID, D> publication = run.call(settings.grace());
        if (publication == null) {
            verdicts.accept(
                    run, new Verdict.Wait(Duration.ZERO, false, Effect.NOT_SENT, "too little of the lease left"));
            return;
        }
        calling.put(run.epoch(), run);
        Verdict verdict;
        try {
            verdict = judge(run, call(run, publication));
        } catch (Throwable e) {
            verdict = judge(run, e);
        } finally {
            run.returned();
            calling.remove(run.epoch());
        }
        if (run.answer()) {
            verdicts.accept(run, verdict);
        }
    }

    private <S, ID, D> PublishResult call(Run<S, ID, D> run, Publication<S, ID, D> publication) throws Exception {
        if (publication.kind() != PublicationKind.DELETE) {
            PublishResult result = settings.hooks()
                    .call(
                            run.describe().of(Hook.PUBLISH),
                            () -> run.machine.definition.publisher().apply(publication));
            if (result == null) {
                throw new IllegalStateException("publishWithResult answered null; answer PublishResult.done()");
            }
            return result;
        }
        CheckedConsumer<? super Publication<S, ID, D>> deleter =
                Objects.requireNonNull(run.machine.definition.deleter());
        settings.hooks().call(run.describe().of(Hook.ON_DELETE), () -> {
            deleter.accept(publication);
            return null;
        });
        return PublishResult.done();
    }

    private Verdict judge(Run<?, ?, ?> run, PublishResult result) {
        if (!result.accepted()) {
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
        return new Verdict.Acknowledged(result.remoteId(), run.message().repetition());
    }

    private Verdict judge(Run<?, ?, ?> run, Throwable failure) {
        FailureKind kind = kind(run, failure);
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
            run.interrupt();
            Effect effect = Effect.unknown(settings.grace());
            verdicts.accept(
                    run, verdict(run, FailureKind.unknown(), effect, "no answer within the deadline", settings));
        }
    }
}
