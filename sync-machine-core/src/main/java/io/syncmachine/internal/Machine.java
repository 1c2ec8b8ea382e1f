package io.syncmachine.internal;

import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.DerivedPaths;
import io.syncmachine.spi.DerivedPaths.Edge;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.IdCodec;
import io.syncmachine.spi.Listener;
import io.syncmachine.spi.MachineDefinition;
import io.syncmachine.spi.Settle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A machine's definition, checked against and bound to the entities of a source. */
final class Machine<S, ID, D> implements Interest {

    private static final String EVENT = "@";

    final MachineDefinition<S, ID, D> definition;
    final IdCodec<ID> subjectIds;
    private final String subjectName;
    private final Set<String> subjectTypes;
    private final Map<String, BoundListener<?, ID>> listenersByType = new HashMap<>();
    private final Map<String, List<Edge>> edgesByType = new HashMap<>();
    private final @Nullable DerivedPaths<ID> paths;
    private @Nullable Traffic traffic;

    /** A listener and what the source knows of its entity. */
    record BoundListener<E, ID>(Listener<E, ID> listener, EntityDescription<E, ?> entity) {

        boolean concerns(Iterable<String> properties) {
            return Machine.concerns(listener.properties(), properties);
        }

        boolean concerns(ChangedProperties changed) {
            return changed.isAll() || concerns(changed.names());
        }
    }

    /**
     * Checks and binds.
     *
     * @throws IllegalArgumentException if the definition does not fit the entities, naming machine, property and cure
     */
    @SuppressWarnings("unchecked") // the id type is compared before
    Machine(MachineDefinition<S, ID, D> definition, EntitySource source) {
        this.definition = definition;
        EntityDescription<S, ?> subject = describe(source, definition.subject());
        if (!subject.idType().equals(definition.idType())) {
            throw new IllegalArgumentException("machine '" + name() + "': the id of "
                    + definition.subject().getSimpleName() + " is of "
                    + subject.idType().getName() + ", but the machine says "
                    + definition.idType().getName() + "; say define(\"" + name() + "\", "
                    + definition.subject().getSimpleName() + ".class, "
                    + subject.idType().getSimpleName() + ".class)");
        }
        this.subjectIds = (IdCodec<ID>) subject.ids();
        this.subjectTypes = subject.names();
        this.subjectName = subject.name();
        definition.listeners().forEach(listener -> bind(source, listener));
        definition.events().forEach((event, listener) -> bind(source, event, listener));
        this.paths = definition.reads().isEmpty() ? null : derive(source);
        if (paths != null) {
            paths.edges().forEach(this::bind);
        }
    }

    @SuppressWarnings("unchecked") // subjects have the ids that were compared before
    private DerivedPaths<ID> derive(EntitySource source) {
        try {
            return (DerivedPaths<ID>) source.derive(definition.subject(), definition.reads());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("machine '" + name() + "': " + e.getMessage(), e);
        }
    }

    private void bind(Edge edge) {
        for (String type : edge.entity().names()) {
            edgesByType.computeIfAbsent(type, key -> new ArrayList<>()).add(edge);
        }
    }

    private <E> EntityDescription<E, ?> describe(EntitySource source, Class<E> type) {
        return describe("machine '" + name() + "'", source, type);
    }

    static <E> EntityDescription<E, ?> describe(String who, EntitySource source, Class<E> type) {
        try {
            return source.describe(type);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(who + ": " + e.getMessage(), e);
        }
    }

    /** Checks that an entity has the properties that are listened to. */
    static void checkProperties(String who, Set<String> properties, EntityDescription<?, ?> entity) {
        Set<String> unknown = new TreeSet<>(properties);
        unknown.removeAll(entity.properties());
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(who + " listens to " + unknown + " of "
                    + entity.type().getSimpleName() + ", which has only " + new TreeSet<>(entity.properties())
                    + Nearest.suggestion(unknown, entity.properties()));
        }
    }

    /** Whether one of the properties is listened to; none means all. */
    static boolean concerns(Set<String> listened, Iterable<String> properties) {
        if (listened.isEmpty()) {
            return true;
        }
        for (String property : properties) {
            if (listened.contains(property)) {
                return true;
            }
        }
        return false;
    }

    private <E> void bind(EntitySource source, Listener<E, ID> listener) {
        EntityDescription<E, ?> entity = describe(source, listener.entity());
        checkProperties("machine '" + name() + "'", listener.properties(), entity);
        for (String type : entity.names()) {
            if (listenersByType.putIfAbsent(type, new BoundListener<>(listener, entity)) != null) {
                throw new IllegalArgumentException("machine '" + name() + "' listens to " + type
                        + " twice, by its class and by a superclass; listen to one of them");
            }
        }
    }

    private <E> void bind(EntitySource source, String event, Listener<E, ID> listener) {
        listenersByType.put(eventType(event), new BoundListener<>(listener, describe(source, listener.entity())));
    }

    /** As what an event's changes are stored: no entity's type begins like this. */
    static String eventType(String event) {
        return EVENT + event;
    }

    /** For people to read. */
    @Override
    public String name() {
        return definition.name();
    }

    @Override
    public String storedName() {
        return definition.storedName();
    }

    /** Binds it to what holds for its destination; before it runs. */
    void sendsBy(Traffic traffic) {
        this.traffic = traffic;
    }

    Traffic traffic() {
        return Objects.requireNonNull(traffic);
    }

    Optional<Settle> settle() {
        return definition.policy().settle();
    }

    int builderVersion() {
        return definition.policy().builderVersion();
    }

    /** The declared name of the subject's type. */
    String subjectName() {
        return subjectName;
    }

    @Override
    public Set<String> types() {
        Set<String> types = new TreeSet<>(listenersByType.keySet());
        types.addAll(edgesByType.keySet());
        return types;
    }

    /** What was derived from its declared paths; null if it declares none. */
    @Nullable
    DerivedPaths<ID> paths() {
        return paths;
    }

    /** Whether a function of the application's finds the subjects of entities of the type. */
    boolean hasFinder(String type) {
        BoundListener<?, ID> bound = listenersByType.get(type);
        return bound != null && bound.listener().finder() != null;
    }

    /** Whether subjects may be found along the edges of declared paths from an entity of the type, which may be a subject itself. */
    boolean hasEdges(String type) {
        return edges(type).stream().anyMatch(edge -> !edge.isSubject());
    }

    /** The edges, other than the subject's own, along which a change of an entity of the type concerns subjects. */
    List<Edge> edges(String type, ChangedProperties changed) {
        return edges(type).stream()
                .filter(edge -> !edge.isSubject() && edge.concerns(changed).isPresent())
                .toList();
    }

    private List<Edge> edges(String type) {
        return edgesByType.getOrDefault(type, List.of());
    }

    @Nullable
    BoundListener<?, ID> listener(String type) {
        return listenersByType.get(type);
    }

    @Override
    public boolean concerns(String type, Iterable<String> properties) {
        BoundListener<?, ID> bound = listenersByType.get(type);
        return (bound != null && bound.concerns(properties))
                || edges(type).stream()
                        .anyMatch(edge -> edge.concerns(properties).isPresent());
    }

    /** Whether it has something to do with the type, be it as the subject without being listened to. */
    boolean concerns(String type) {
        return listenersByType.containsKey(type) || edgesByType.containsKey(type) || subjectTypes.contains(type);
    }

    /** Whether an entity of the type is itself the subject. */
    boolean isSubject(String type) {
        BoundListener<?, ID> bound = listenersByType.get(type);
        return bound == null ? subjectTypes.contains(type) : bound.listener().finder() == null;
    }

    /** Whether a change concerns the entity as a subject, besides or instead of others. */
    boolean concernsItself(String type, ChangedProperties changed) {
        BoundListener<?, ID> bound = listenersByType.get(type);
        if (bound != null && bound.listener().finder() == null && bound.concerns(changed)) {
            return true;
        }
        List<Edge> edges = edges(type);
        return edges.stream()
                        .anyMatch(edge ->
                                edge.isSubject() && edge.concerns(changed).isPresent())
                || (bound == null
                        && subjectTypes.contains(type)
                        && edges.stream().noneMatch(Edge::isSubject));
    }

    /**
     * What a finder answered, as text.
     *
     * @throws IllegalArgumentException if an id is not of the machine's id type, or cannot be stored
     */
    String encode(Object subjectId) {
        if (!definition.idType().isInstance(subjectId)) {
            throw new IllegalArgumentException("machine '" + name() + "': subject ids must be of "
                    + definition.idType().getName() + ", but a finder answered one of "
                    + subjectId.getClass().getName());
        }
        return StorableId.check(subjectIds.encode(definition.idType().cast(subjectId)));
    }
}
