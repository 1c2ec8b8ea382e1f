package io.syncmachine.internal;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.EntityChange;
import io.syncmachine.Events;
import io.syncmachine.event.Hook;
import io.syncmachine.event.HookCall;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands changed entities to a handler, each in a transaction of its own. A job is complete only after that is committed; a crash in
 * between hands the entity over again. They are jobs of the stage that finds subjects, so that a node that does not know the
 * handler, and cannot tell whether it is one, relays them rightly.
 */
final class HandleChanges<E> extends JobLoop {

    private static final Logger log = LoggerFactory.getLogger(HandleChanges.class);
    private static final Duration UNKNOWN_TYPE = Duration.ofMinutes(1);

    private final Handler<E> handler;
    private final EntitySource source;
    private final Settings settings;
    private final BiFunction<String, Object, Events> events;

    HandleChanges(
            Handler<E> handler,
            EntitySource source,
            Store store,
            Settings settings,
            Heartbeat heartbeat,
            BiFunction<String, Object, Events> events,
            AdaptivePoll poll) {
        super(
                "handler " + handler.name(),
                handler.storedName(),
                Stage.FIND_SUBJECTS,
                handler.definition().retry(),
                store,
                settings,
                heartbeat,
                poll);
        this.handler = handler;
        this.source = source;
        this.settings = settings;
        this.events = events;
    }

    @Override
    @Nullable
    Release work(Claim claim) throws Exception {
        String type = claim.key().entityType();
        if (handler.entity().names().contains(type)) {
            handle(claim, handler.entity());
            return null;
        }
        if (type.equals(Change.RESYNC_TYPE)) {
            log.warn("handler {} was asked for a resync, which only machines have; that does nothing", handler.name());
            return null;
        }
        log.warn(
                "handler {} does not listen to {}: a change of it waits for a node whose handler does",
                handler.name(),
                type);
        return new Release(claim, UNKNOWN_TYPE, false, "unknown type " + type);
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
