package io.syncmachine;

import io.syncmachine.SyncMachine.Finishing;
import io.syncmachine.SyncMachine.Listening;
import io.syncmachine.SyncMachine.Publishing;
import io.syncmachine.function.CheckedBiConsumer;
import io.syncmachine.function.CheckedBiFunction;
import io.syncmachine.function.CheckedConsumer;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.function.CheckedPredicate;
import io.syncmachine.spi.Listener;
import io.syncmachine.spi.MachineDefinition;
import io.syncmachine.spi.OutcomeListeners;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The stages of a declaration. Not safe for use by several threads. */
final class MachineBuilder<S, ID> implements Listening<S, ID> {

    private static final Pattern PATH = Pattern.compile("\\p{javaJavaIdentifierStart}\\p{javaJavaIdentifierPart}*(\\."
            + "\\p{javaJavaIdentifierStart}\\p{javaJavaIdentifierPart}*)*");

    private final String name;
    private final Class<S> subject;
    private final Class<ID> idType;
    private final List<Listener<?, ID>> listeners = new ArrayList<>();
    private final Map<String, Listener<?, ID>> events = new LinkedHashMap<>();
    private final Map<String, ReadPolicy> reads = new LinkedHashMap<>();
    private @Nullable String formerly;
    private @Nullable CheckedPredicate<? super S> publishable;

    MachineBuilder(String name, Class<S> subject, Class<ID> idType) {
        Names.check("name", name);
        if (idType.isPrimitive()) {
            throw new IllegalArgumentException("machine '" + name + "': idType must be a class and not the primitive "
                    + idType + "; say Long.class for long");
        }
        this.name = name;
        this.subject = subject;
        this.idType = idType;
    }

    @Override
    public Listening<S, ID> formerly(String oldName) {
        once("formerly", formerly);
        Names.check("machine '" + name + "': former name", oldName);
        formerly = oldName;
        return this;
    }

    @Override
    public Listening<S, ID> listenTo(Class<S> subject, String... properties) {
        if (!this.subject.isAssignableFrom(subject)) {
            throw new IllegalArgumentException("machine '" + name + "' listens to " + subject.getSimpleName()
                    + " without a way to its subjects; say listenTo(" + subject.getSimpleName()
                    + ".class, entity -> the ids of the " + this.subject.getSimpleName() + " that show it)");
        }
        return add(new Listener<S, ID>(subject, properties(subject, List.of(properties)), null));
    }

    @Override
    public <E> Listening<S, ID> listenTo(Class<E> entity, CheckedFunction<E, ? extends Iterable<? extends ID>> finder) {
        return listenTo(entity, (value, changed) -> finder.apply(value));
    }

    @Override
    public <E> Listening<S, ID> listenTo(
            Class<E> entity, CheckedBiFunction<E, ChangedProperties, ? extends Iterable<? extends ID>> finder) {
        return add(new Listener<E, ID>(entity, Set.of(), finder));
    }

    @Override
    public <E> Listening<S, ID> listenTo(
            Class<E> entity, Set<String> properties, CheckedFunction<E, ? extends Iterable<? extends ID>> finder) {
        return listenTo(entity, properties, (value, changed) -> finder.apply(value));
    }

    @Override
    public <E> Listening<S, ID> listenTo(
            Class<E> entity,
            Set<String> properties,
            CheckedBiFunction<E, ChangedProperties, ? extends Iterable<? extends ID>> finder) {
        if (properties.isEmpty()) {
            throw new IllegalArgumentException("machine '" + name + "': properties of " + entity.getSimpleName()
                    + " must not be empty; leave them out to listen to all");
        }
        return add(new Listener<E, ID>(entity, properties(entity, properties), finder));
    }

    private Set<String> properties(Class<?> entity, Iterable<String> properties) {
        Set<String> result = new LinkedHashSet<>();
        for (String property : properties) {
            if (property.isBlank() || !result.add(property)) {
                throw new IllegalArgumentException("machine '" + name + "': properties of " + entity.getSimpleName()
                        + " must be different names, but hold '" + property + "' "
                        + (property.isBlank() ? "" : "twice"));
            }
        }
        return result;
    }

    private Listening<S, ID> add(Listener<?, ID> listener) {
        if (listeners.stream().anyMatch(known -> known.entity().equals(listener.entity()))) {
            throw new IllegalArgumentException("machine '" + name + "' listens to "
                    + listener.entity().getSimpleName() + " already; name all its properties in one listenTo");
        }
        listeners.add(listener);
        return this;
    }

    @Override
    public Listening<S, ID> reads(String... paths) {
        return reads(ReadPolicy.NOW, paths);
    }

    @Override
    public Listening<S, ID> reads(ReadPolicy policy, String... paths) {
        Objects.requireNonNull(policy, "policy");
        for (String path : paths) {
            if (!PATH.matcher(path).matches()) {
                throw new IllegalArgumentException("machine '" + name
                        + "': a path must be names joined by dots, as customer.firstName, but is '" + path + "'");
            }
            if (reads.putIfAbsent(path, policy) != null) {
                throw new IllegalArgumentException("machine '" + name + "' reads '" + path + "' already");
            }
        }
        return this;
    }

    @Override
    public Listening<S, ID> listenToEvent(String event) {
        return addEvent(event, new Listener<S, ID>(subject, Set.of(), null));
    }

    @Override
    public <E> Listening<S, ID> listenToEvent(
            String event, Class<E> entity, CheckedFunction<E, ? extends Iterable<? extends ID>> finder) {
        return addEvent(event, new Listener<E, ID>(entity, Set.of(), (value, changed) -> finder.apply(value)));
    }

    private Listening<S, ID> addEvent(String event, Listener<?, ID> listener) {
        Names.check("machine '" + name + "': event", event);
        if (events.putIfAbsent(event, listener) != null) {
            throw new IllegalArgumentException("machine '" + name + "' listens to the event '" + event + "' already");
        }
        return this;
    }

    @Override
    public Listening<S, ID> publishWhen(CheckedPredicate<? super S> publishable) {
        once("publishWhen", this.publishable);
        this.publishable = publishable;
        return this;
    }

    @Override
    public <D> Publishing<S, ID, D> build(CheckedFunction<? super S, ? extends D> builder) {
        return new Stages<>(null, builder);
    }

    @Override
    public <D> Publishing<S, ID, D> build(Class<D> documentType, CheckedFunction<? super S, ? extends D> builder) {
        return new Stages<>(documentType, builder);
    }

    private static final CompletionStage<PublishResult> DONE = CompletableFuture.completedFuture(PublishResult.done());

    private void once(String what, @Nullable Object before) {
        if (before != null) {
            throw new IllegalStateException("machine '" + name + "': " + what + " is said twice");
        }
    }

    private final class Stages<D> implements Publishing<S, ID, D>, Finishing<S, ID, D> {

        private final @Nullable Class<D> documentType;
        private final CheckedFunction<? super S, ? extends D> builder;
        private @Nullable Destination<? super S, ? super ID, ? super D> destination;
        private @Nullable CheckedFunction<? super Publication<S, ID, D>, ? extends CompletionStage<PublishResult>>
                publisher;
        private @Nullable CheckedConsumer<? super Publication<S, ID, D>> deleter;
        private @Nullable CheckedBiConsumer<? super S, ? super D> afterPublish;
        private @Nullable CheckedConsumer<? super ID> afterDelete;
        private @Nullable CheckedBiConsumer<? super ID, ? super String> onDeadLetter;
        private @Nullable CheckedConsumer<? super FollowUp<ID>> followUp;
        private @Nullable Policy policy;
        private boolean remoteIdsFromApi;
        private boolean answersResult;

        Stages(@Nullable Class<D> documentType, CheckedFunction<? super S, ? extends D> builder) {
            this.documentType = documentType;
            this.builder = builder;
        }

        @Override
        public Finishing<S, ID, D> publish(CheckedBiConsumer<? super S, ? super D> publisher) {
            return publish(publication -> {
                // Only the repetition of a create has no subject, and that needs publishWithResult.
                publisher.accept(Objects.requireNonNull(publication.subject()), publication.document());
            });
        }

        @Override
        public Finishing<S, ID, D> publish(CheckedConsumer<? super Publication<S, ID, D>> publisher) {
            this.publisher = publication -> {
                publisher.accept(publication);
                return DONE;
            };
            return this;
        }

        @Override
        public Finishing<S, ID, D> publishWithResult(
                CheckedFunction<? super Publication<S, ID, D>, PublishResult> publisher) {
            this.publisher = publication -> CompletableFuture.completedFuture(publisher.apply(publication));
            answersResult = true;
            return this;
        }

        @Override
        public Finishing<S, ID, D> publishLater(
                CheckedFunction<? super Publication<S, ID, D>, ? extends CompletionStage<PublishResult>> publisher) {
            this.publisher = publisher;
            answersResult = true;
            return this;
        }

        @Override
        public Finishing<S, ID, D> publish(Destination<? super S, ? super ID, ? super D> destination) {
            Names.check("machine '" + name + "': destination", destination.name());
            this.destination = destination;
            answersResult = true;
            return destination.givesRemoteIds() ? remoteIdsFromApi() : this;
        }

        @Override
        public Finishing<S, ID, D> onDelete(CheckedConsumer<? super ID> deleter) {
            return onDeletePublication(publication -> deleter.accept(publication.id()));
        }

        @Override
        public Finishing<S, ID, D> onDelete(CheckedBiConsumer<? super ID, ? super Optional<StoredDocument>> deleter) {
            return onDeletePublication(publication -> deleter.accept(publication.id(), publication.previous()));
        }

        @Override
        public Finishing<S, ID, D> onDeletePublication(CheckedConsumer<? super Publication<S, ID, D>> deleter) {
            once("onDelete", this.deleter);
            this.deleter = deleter;
            return this;
        }

        @Override
        public Finishing<S, ID, D> afterPublish(CheckedBiConsumer<? super S, ? super D> listener) {
            once("afterPublish", afterPublish);
            afterPublish = listener;
            return this;
        }

        @Override
        public Finishing<S, ID, D> afterDelete(CheckedConsumer<? super ID> listener) {
            once("afterDelete", afterDelete);
            afterDelete = listener;
            return this;
        }

        @Override
        public Finishing<S, ID, D> onDeadLetter(CheckedBiConsumer<? super ID, ? super String> listener) {
            once("onDeadLetter", onDeadLetter);
            onDeadLetter = listener;
            return this;
        }

        @Override
        public Finishing<S, ID, D> followUp(CheckedConsumer<? super FollowUp<ID>> listener) {
            once("followUp", followUp);
            followUp = listener;
            return this;
        }

        @Override
        public Finishing<S, ID, D> remoteIdsFromApi() {
            if (documentType == null) {
                throw new IllegalStateException(
                        "machine '" + name
                                + "': remoteIdsFromApi() needs build(Document.class, …), so that an unanswered create can be repeated");
            }
            remoteIdsFromApi = true;
            return this;
        }

        @Override
        public Finishing<S, ID, D> policy(Policy policy) {
            once("policy", this.policy);
            this.policy = policy;
            return this;
        }

        @Override
        public SyncMachine<S, ID> done() {
            Destination<? super S, ? super ID, ? super D> destination = destination();
            if (remoteIdsFromApi && !answersResult) {
                throw new IllegalStateException(
                        "machine '" + name
                                + "': remoteIdsFromApi() needs publishWithResult(…), which answers the API's id, and not publish(…)");
            }
            Policy effective = policy == null ? Policy.defaults() : policy;
            if (!destination.limits().equals(Limits.none())) {
                if (!effective.limits().equals(Limits.none())) {
                    throw new IllegalStateException(
                            "machine '" + name + "': the policy says limits, but the destination '" + destination.name()
                                    + "' has its own; say one of both");
                }
                effective = effective.limits(destination.limits());
            }
            return new SyncMachine<>(Variant.checked(new MachineDefinition<>(
                    name,
                    formerly == null ? name : formerly,
                    subject,
                    idType,
                    List.copyOf(listeners),
                    Map.copyOf(events),
                    Collections.unmodifiableMap(new LinkedHashMap<>(reads)),
                    publishable,
                    null,
                    documentType,
                    builder,
                    destination,
                    new OutcomeListeners<>(afterPublish, afterDelete, onDeadLetter, followUp),
                    effective,
                    remoteIdsFromApi)));
        }

        private Destination<? super S, ? super ID, ? super D> destination() {
            if (destination != null && deleter != null) {
                throw new IllegalStateException("machine '" + name + "': onDelete is said, but the destination '"
                        + destination.name() + "' has the deletes; say one of both");
            }
            if (destination != null) {
                return destination;
            }
            if (publisher == null) {
                throw new IllegalStateException("machine '" + name + "' has no publish; say publish(…) after build(…)");
            }
            return new HookDestination<>(name, publisher, deleter);
        }
    }
}
