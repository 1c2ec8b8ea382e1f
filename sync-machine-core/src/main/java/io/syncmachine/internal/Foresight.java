package io.syncmachine.internal;

import io.syncmachine.Explanation.Action;
import io.syncmachine.Explanation.Difference;
import io.syncmachine.Explanation.Next;
import io.syncmachine.PublicationKind;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.internal.Comparison.Decision;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.PayloadStore.State;
import io.syncmachine.spi.SubjectKey;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells what a run would do about a subject. Changes nothing. */
final class Foresight<S, ID, D> {

    static final PayloadRecord NOTHING_KNOWN = new PayloadRecord(State.NEVER, null, null, null, false, null, 0);

    private final Machine<S, ID, D> machine;
    private final Settings settings;
    private final Comparison<S, ID, D> comparison;

    Foresight(Machine<S, ID, D> machine, Settings settings) {
        this.machine = machine;
        this.settings = settings;
        this.comparison = new Comparison<>(machine, settings);
    }

    /**
     * What a run would do.
     *
     * @param subject as it is committed; null if it does not exist
     * @throws Exception what a hook throws
     */
    Next next(SubjectKey key, PayloadRecord known, @Nullable S subject) throws Exception {
        Decision<S, D> decision = comparison.compare(known, true, subject, new SubjectCall(machine, key, List.of()));
        if (decision instanceof Decision.Send<S, D> send) {
            return next(action(send.kind()), send.json());
        }
        if (decision instanceof Decision.Repeat<S, D> repeat) {
            return next(Action.REPEAT_CREATE, repeat.json());
        }
        if (decision instanceof Decision.LeaveToNewer<S, D>) {
            return next(Action.NOTHING_NEWER_BUILDER, null);
        }
        boolean unchanged = decision instanceof Decision.Nothing<S, D> nothing && nothing.result() == Result.UNCHANGED;
        return next(unchanged ? Action.NOTHING_UNCHANGED : Action.NOTHING_NOT_PUBLISHABLE, null);
    }

    private static Next next(Action action, @Nullable String json) {
        return new Next(action, Optional.ofNullable(json), Optional.empty());
    }

    static Next failure(Throwable failure) {
        return new Next(Action.FAIL, Optional.empty(), Optional.of(Failures.describe(failure)));
    }

    private static Action action(PublicationKind kind) {
        return switch (kind) {
            case CREATE -> Action.CREATE;
            case UPDATE -> Action.UPDATE;
            case DELETE -> Action.DELETE;
        };
    }

    /** The document that was acknowledged last, if it is kept. */
    Optional<String> document(PayloadRecord known) {
        return Optional.ofNullable(known.body()).map(settings.codec()::decode);
    }

    /** From the document that was acknowledged last to the one that would be sent; none where either is unknown. */
    static List<Difference> differences(Optional<String> before, Next next) {
        if (before.isEmpty() || next.json().isEmpty()) {
            return List.of();
        }
        return JsonDifference.between(
                Engine.JSON.tree(before.get()), Engine.JSON.tree(next.json().get()));
    }
}
