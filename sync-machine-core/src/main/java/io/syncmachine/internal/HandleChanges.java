package io.syncmachine.internal;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.EntityChange;
import io.syncmachine.Events;
import io.syncmachine.FailureKind;
import io.syncmachine.event.Hook;
import io.syncmachine.event.HookCall;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands changed entities to a handler, each in a transaction of its own. A job is complete only after that is committed; a crash in
 * between hands the entity over again. They are jobs of the stage that finds subjects, so that a node that does not know the
 * handler, and cannot tell whether it is one, relays them rightly.
 */
final class HandleChanges<E> implements EngineThreads.Step {

    private static final Logger log = LoggerFactory.getLogger(HandleChanges.class);
    private static final int BATCH = 20;
    private static final Duration AWAY = Duration.ofSeconds(1);
    private static final Duration UNKNOWN_TYPE = Duration.ofMinutes(1);

    private final Handler<E> handler;
    private final EntitySource source;
    private final JobExecutor jobs;
    private final Predicate<Throwable> isAway;
    private final Settings settings;
    private final Heartbeat heartbeat;
    private final BiFunction<String, Object, Events> events;
    private final AdaptivePoll poll;
    private final Deque<HeldClaim> waiting = new ArrayDeque<>();
    /** What is to be written of the change that was handled last, as long as the store does not answer. */
    private @Nullable Runnable ending;

    HandleChanges(
            Handler<E> handler,
            EntitySource source,
            Store store,
            Settings settings,
            Heartbeat heartbeat,
            BiFunction<String, Object, Events> events,
            AdaptivePoll poll) {
        this.handler = handler;
        this.source = source;
        this.jobs = store.jobs();
        this.isAway = store::isAway;
        this.settings = settings;
        this.heartbeat = heartbeat;
        this.events = events;
        this.poll = poll;
    }

    @Override
    public Duration run() {
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
        for (Claim claim : jobs.claim(new ClaimRequest(
                handler.storedName(), Stage.FIND_SUBJECTS, BATCH, settings.lease(), settings.name()))) {
            waiting.add(heartbeat.hold(claim, since));
        }
    }

    /** Does what is to be done, and answers what is to be written then. */
    private Runnable settle(Claim claim) {
        if (!handler.entity().names().contains(claim.key().entityType())) {
            return unknown(claim);
        }
        try {
            handle(claim, handler.entity());
        } catch (Throwable e) {
            return failed(claim, e);
        }
        return () -> jobs.complete(List.of(claim));
    }

    private Runnable unknown(Claim claim) {
        String type = claim.key().entityType();
        log.warn(
                "handler {} does not listen to {}: a change of it waits for a node whose handler does",
                handler.name(),
                type);
        return release(new Release(claim, UNKNOWN_TYPE, false, "unknown type " + type));
    }

    private <ID> void handle(Claim claim, EntityDescription<E, ID> entity) throws Exception {
        JobKey key = claim.key();
        ID id = entity.ids().decode(key.entityId());
        source.write(
                key.tenant(),
                entity.type(),
                id,
                (found, transaction) -> settings.hooks()
                        .call(
                                () -> new HookCall(
                                        Hook.HANDLE_CHANGE,
                                        handler.name(),
                                        key.tenant(),
                                        key.entityType(),
                                        key.entityId(),
                                        claim.causes()),
                                () -> {
                                    handler.definition()
                                            .handler()
                                            .accept(new View<>(
                                                    claim,
                                                    id,
                                                    found,
                                                    transaction,
                                                    events.apply(key.tenant(), transaction)));
                                    return null;
                                }));
    }

    private Runnable release(Release release) {
        return () -> jobs.release(List.of(release));
    }

    private Runnable failed(Claim claim, Throwable failure) {
        String reason = Failures.describe(failure);
        FailureKind kind = Setback.kind(failure, other -> FailureKind.unknown());
        if (kind.isUnknown() && isAway.test(failure)) {
            return release(new Release(claim, AWAY, false, reason));
        }
        Setback setback = Setback.of(kind, claim, handler.definition().retry(), settings);
        if (setback.end()) {
            log.warn(
                    "handler {}: {} is given up: {}",
                    handler.name(),
                    claim.key().key(),
                    reason);
            return () -> jobs.park(List.of(new Park(claim, reason, null)));
        }
        log.debug("handler {}: {} is tried again", handler.name(), claim.key().key(), failure);
        poll.expect(setback.delay());
        return release(new Release(claim, setback.delay(), setback.attempt(), reason));
    }

    /** What a handler sees. */
    private record View<E>(
            Claim claim, Object entityId, @Nullable E found, Object work, Events events) implements EntityChange<E> {

        @Override
        public ChangeKind kind() {
            if (found == null) {
                return ChangeKind.DELETE;
            }
            return claim.changed().isCreated() ? ChangeKind.CREATE : ChangeKind.UPDATE;
        }

        @Override
        public String type() {
            return claim.key().entityType();
        }

        @Override
        public <I> I id(Class<I> idType) {
            return idType.cast(entityId);
        }

        @Override
        public Optional<E> entity() {
            return Optional.ofNullable(found);
        }

        @Override
        public ChangedProperties changed() {
            return claim.changed();
        }

        @Override
        public String tenant() {
            return claim.key().tenant();
        }

        @Override
        public int attempt() {
            return claim.attempt();
        }

        @Override
        public <T> T transaction(Class<T> type) {
            return type.cast(work);
        }
    }
}
