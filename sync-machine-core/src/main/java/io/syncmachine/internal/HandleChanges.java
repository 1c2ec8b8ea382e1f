package io.syncmachine.internal;

import io.syncmachine.Backoff;
import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.EntityChange;
import io.syncmachine.Events;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
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
    private static final Duration UNKNOWN_TYPE = Duration.ofMinutes(1);

    private final Handler<E> handler;
    private final EntitySource source;
    private final JobExecutor jobs;
    private final Settings settings;
    private final BiFunction<String, Object, Events> events;
    private final AdaptivePoll poll;

    HandleChanges(
            Handler<E> handler,
            EntitySource source,
            JobExecutor jobs,
            Settings settings,
            BiFunction<String, Object, Events> events,
            AdaptivePoll poll) {
        this.handler = handler;
        this.source = source;
        this.jobs = jobs;
        this.settings = settings;
        this.events = events;
        this.poll = poll;
    }

    @Override
    public Duration run() {
        List<Claim> claims = jobs.claim(
                new ClaimRequest(handler.storedName(), Stage.FIND_SUBJECTS, BATCH, settings.lease(), settings.name()));
        if (claims.isEmpty()) {
            return poll.nothing();
        }
        List<Claim> left = new ArrayList<>(claims);
        long renewed = settings.clock().nanos();
        while (!left.isEmpty()) {
            Claim claim = left.remove(0);
            if (handler.entity().names().contains(claim.key().entityType())) {
                settle(claim);
            } else {
                releaseUnknown(claim);
            }
            long now = settings.clock().nanos();
            if (now - renewed > settings.lease().toNanos() / 3 && !left.isEmpty()) {
                Set<Long> held = jobs.renew(left, settings.lease());
                left.removeIf(waiting -> !held.contains(waiting.token()));
                renewed = now;
            }
        }
        return poll.found();
    }

    private void releaseUnknown(Claim claim) {
        String type = claim.key().entityType();
        log.warn(
                "handler {} does not listen to {}: a change of it waits for a node whose handler does",
                handler.name(),
                type);
        jobs.release(List.of(new Release(claim, UNKNOWN_TYPE, false, "unknown type " + type)));
    }

    private void settle(Claim claim) {
        try {
            handle(claim, handler.entity());
        } catch (Throwable e) {
            failed(claim, e);
            return;
        }
        jobs.complete(List.of(claim));
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

    private void failed(Claim claim, Throwable failure) {
        String reason = Failures.describe(failure);
        Backoff retry = handler.definition().retry();
        if (retry.isExhausted(claim.failingFor())) {
            log.warn(
                    "handler {}: {} is given up: {}",
                    handler.name(),
                    claim.key().key(),
                    reason);
            jobs.park(List.of(new Park(claim, reason, null)));
            return;
        }
        Duration delay = retry.delayAfter(claim.attempt(), settings.random().getAsDouble());
        log.debug("handler {}: {} is tried again", handler.name(), claim.key().key(), failure);
        poll.expect(delay);
        jobs.release(List.of(new Release(claim, delay, true, reason)));
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
