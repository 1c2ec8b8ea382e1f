package io.syncmachine.internal;

import io.syncmachine.Explanation;
import io.syncmachine.Explanation.Action;
import io.syncmachine.Explanation.Known;
import io.syncmachine.Explanation.Next;
import io.syncmachine.event.JournalEntry;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells all that is known of one subject. Reads only. */
final class Explainer<S, ID, D> {

    private static final int LONGEST_TIMELINE = 100;

    private final Machine<S, ID, D> machine;
    private final EntitySource source;
    private final Store store;
    private final Foresight<S, ID, D> foresight;

    Explainer(Machine<S, ID, D> machine, EntitySource source, Store store, Settings settings) {
        this.machine = machine;
        this.source = source;
        this.store = store;
        this.foresight = new Foresight<>(machine, settings);
    }

    Explanation explain(String tenant, Object id, @Nullable String closed) {
        String encoded = machine.encode(id);
        SubjectKey key = new SubjectKey(tenant, machine.storedName(), encoded);
        Optional<PayloadRecord> payload = store.payloads().find(key);
        Optional<Known> known = payload.map(this::known);
        Next next = next(key, machine.definition.idType().cast(id), payload.orElse(Foresight.NOTHING_KNOWN));
        Optional<String> kept = known.flatMap(Known::json);
        return new Explanation(
                machine.name(),
                tenant,
                encoded,
                Optional.ofNullable(closed),
                store.jobs().find(JobKey.ensurePublication(tenant, machine.storedName(), encoded)),
                known,
                next.action() == Action.NOTHING_UNCHANGED ? new Next(next.action(), kept, Optional.empty()) : next,
                Foresight.differences(kept, next),
                timeline(store, key, machine.name()));
    }

    /** The latest entries of a subject, newest first, with the machine's name for people. */
    static List<JournalEntry> timeline(Store store, SubjectKey key, String machine) {
        return store.journal().read(key, LONGEST_TIMELINE).stream()
                .map(entry -> new JournalEntry(
                        entry.at(), entry.node(), entry.outcome().ofMachine(machine)))
                .toList();
    }

    private Known known(PayloadRecord payload) {
        return new Known(
                payload.state(),
                payload.inDoubt(),
                Optional.ofNullable(payload.remoteId()),
                foresight.document(payload),
                payload.builderVersion());
    }

    private Next next(SubjectKey key, ID id, PayloadRecord payload) {
        try {
            return Objects.requireNonNull(source.read(
                    key.tenant(),
                    machine.definition.subject(),
                    List.of(id),
                    found -> foresight.next(key, payload, found.get(id))));
        } catch (Exception e) {
            return Foresight.failure(e);
        }
    }
}
