package io.syncmachine;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A publication as a shadow is given it: under a key of its own, and with the remote id that the shadow gave, if it is known.
 *
 * @param original what the other destination is given
 */
record ShadowPublication<S, ID, D>(
        Publication<? extends S, ? extends ID, ? extends D> original, Optional<String> remoteId)
        implements Publication<S, ID, D> {

    private static final String SUFFIX = "-shadow";

    /** An update of what the shadow holds under an id of its own is not made a second subject. */
    @Override
    public PublicationKind kind() {
        return original.kind() == PublicationKind.CREATE && remoteId.isPresent()
                ? PublicationKind.UPDATE
                : original.kind();
    }

    @Override
    public ID id() {
        return original.id();
    }

    @Override
    public @Nullable S subject() {
        return original.subject();
    }

    @Override
    public D document() {
        return original.document();
    }

    @Override
    public Optional<String> json() {
        return original.json();
    }

    @Override
    public Optional<StoredDocument> previous() {
        return original.previous();
    }

    @Override
    public String idempotencyKey() {
        return original.idempotencyKey() + SUFFIX;
    }

    @Override
    public boolean isInDoubt() {
        return original.isInDoubt();
    }

    @Override
    public long version() {
        return original.version();
    }

    @Override
    public int attempt() {
        return original.attempt();
    }

    @Override
    public Instant deadline() {
        return original.deadline();
    }

    @Override
    public Duration timeLeft() {
        return original.timeLeft();
    }

    @Override
    public String tenant() {
        return original.tenant();
    }
}
