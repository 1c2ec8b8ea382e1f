package io.syncmachine.internal;

import io.syncmachine.ChangedProperties;
import io.syncmachine.FollowUp;
import io.syncmachine.FollowUp.What;
import io.syncmachine.StoredDocument;
import io.syncmachine.event.Hook;
import io.syncmachine.function.CheckedConsumer;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Tells a machine's durable listener what became of subjects: a job for each, which coalesces like all others. */
final class FollowUps<S, ID, D> extends JobLoop {

    private final Machine<S, ID, D> machine;
    private final Store store;
    private final Settings settings;
    private final CheckedConsumer<? super FollowUp<ID>> listener;

    FollowUps(Machine<S, ID, D> machine, Store store, Settings settings, Heartbeat heartbeat, AdaptivePoll poll) {
        super(
                "machine " + machine.name() + ", follow-up",
                machine.storedName(),
                Stage.FOLLOW_UP,
                machine.definition.policy().retry(),
                store,
                settings,
                heartbeat,
                poll);
        this.machine = machine;
        this.store = store;
        this.settings = settings;
        this.listener = Objects.requireNonNull(machine.definition.told().followUp());
    }

    /** The job that tells it. */
    static JobRequest request(Run<?, ?, ?> run, What what) {
        return new JobRequest(
                JobKey.followUp(run.key.tenant(), run.key.machine(), run.key.id()),
                ChangedProperties.of(List.of(what.name().toLowerCase(Locale.ROOT))),
                Lane.LIVE,
                run.claim.causes());
    }

    @Override
    @Nullable
    Release work(Claim claim) throws Exception {
        SubjectKey key = new SubjectKey(
                claim.key().tenant(), claim.key().machine(), claim.key().key());
        Optional<PayloadRecord> known = store.payloads().find(key);
        FollowUp<ID> followUp = new FollowUp<>(
                key.tenant(),
                machine.subjectIds.decode(key.id()),
                what(claim.changed()),
                known.map(PayloadRecord::body)
                        .map(body -> new StoredDocument(settings.codec().decode(body), Engine.JSON)),
                known.map(PayloadRecord::remoteId),
                claim.attempt());
        settings.hooks().call(new SubjectCall(machine, key, claim.causes()).of(Hook.FOLLOW_UP), () -> {
            listener.accept(followUp);
            return null;
        });
        return null;
    }

    private static Set<What> what(ChangedProperties changed) {
        return changed.names().stream()
                .map(name -> What.valueOf(name.toUpperCase(Locale.ROOT)))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
