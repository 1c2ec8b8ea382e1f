package io.syncmachine.internal;

import io.syncmachine.Explanation;
import io.syncmachine.Explanation.Action;
import io.syncmachine.Explanation.Difference;
import io.syncmachine.Explanation.Known;
import io.syncmachine.Explanation.Next;
import io.syncmachine.PublicationKind;
import io.syncmachine.event.JournalEntry;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.internal.Comparison.Decision;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.PayloadStore.State;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells all that is known of one subject. Reads only. */
final class Explainer<S, ID, D> {

    private static final int LONGEST_TIMELINE = 100;

    private final Machine<S, ID, D> machine;
    private final EntitySource source;
    private final Store store;
    private final Settings settings;

    Explainer(Machine<S, ID, D> machine, EntitySource source, Store store, Settings settings) {
        this.machine = machine;
        this.source = source;
        this.store = store;
        this.settings = settings;
    }

    Explanation explain(String tenant, Object id, @Nullable String closed) {
        String encoded = machine.encode(id);
        SubjectKey key = new SubjectKey(tenant, machine.storedName(), encoded);
        Optional<PayloadRecord> payload = store.payloads().find(key);
        Optional<Known> known = payload.map(this::known);
        Next next = next(key, machine.definition.idType().cast(id), payload.orElse(NOTHING_KNOWN));
        return new Explanation(
                machine.name(),
                tenant,
                encoded,
                Optional.ofNullable(closed),
                store.jobs().find(JobKey.ensurePublication(tenant, machine.storedName(), encoded)),
                known,
                next,
                differences(known.flatMap(Known::json), next),
                timeline(store, key, machine.name()));
    }

    /** The latest entries of a subject, newest first, with the machine's name for people. */
    static List<JournalEntry> timeline(Store store, SubjectKey key, String machine) {
        return store.journal().read(key, LONGEST_TIMELINE).stream()
                .map(entry -> new JournalEntry(
                        entry.at(), entry.node(), entry.outcome().ofMachine(machine)))
                .toList();
    }

    private static final PayloadRecord NOTHING_KNOWN = new PayloadRecord(State.NEVER, null, null, null, false, null, 0);

    private Known known(PayloadRecord payload) {
        return new Known(
                payload.state(),
                payload.inDoubt(),
                Optional.ofNullable(payload.remoteId()),
                Optional.ofNullable(payload.body()).map(settings.codec()::decode),
                payload.builderVersion());
    }

    private Next next(SubjectKey key, ID id, PayloadRecord known) {
        try {
            return Objects.requireNonNull(source.read(
                    key.tenant(), machine.definition.subject(), List.of(id), found -> next(key, id, known, found)));
        } catch (Exception e) {
            return new Next(Action.FAIL, Optional.empty(), Optional.of(Failures.describe(e)));
        }
    }

    private Next next(SubjectKey key, ID id, PayloadRecord known, Map<ID, S> found) throws Exception {
        SubjectCall call = new SubjectCall(machine, key, List.of());
        Decision<S, D> decision = new Comparison<>(machine, settings).compare(known, true, found.get(id), call);
        if (decision instanceof Decision.Send<S, D> send) {
            return next(action(send.kind()), send.json());
        }
        if (decision instanceof Decision.Repeat<S, D> repeat) {
            return next(Action.REPEAT_CREATE, repeat.json());
        }
        if (decision instanceof Decision.Nothing<S, D> nothing && nothing.result() == Result.UNCHANGED) {
            return next(
                    Action.NOTHING_UNCHANGED,
                    known.body() == null ? null : settings.codec().decode(known.body()));
        }
        return next(
                decision instanceof Decision.LeaveToNewer<S, D>
                        ? Action.NOTHING_NEWER_BUILDER
                        : Action.NOTHING_NOT_PUBLISHABLE,
                null);
    }

    private static Next next(Action action, @Nullable String json) {
        return new Next(action, Optional.ofNullable(json), Optional.empty());
    }

    private static Action action(PublicationKind kind) {
        return switch (kind) {
            case CREATE -> Action.CREATE;
            case UPDATE -> Action.UPDATE;
            case DELETE -> Action.DELETE;
        };
    }

    private static List<Difference> differences(Optional<String> before, Next next) {
        if (before.isEmpty() || next.json().isEmpty()) {
            return List.of();
        }
        return JsonDifference.between(
                Engine.JSON.tree(before.get()), Engine.JSON.tree(next.json().get()));
    }
}
