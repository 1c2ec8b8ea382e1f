package io.syncmachine.annotation;

import io.syncmachine.ChangedProperties;
import io.syncmachine.SubjectIds;
import io.syncmachine.SyncMachine.Listening;
import io.syncmachine.function.CheckedBiFunction;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Hooks that answer the ids of the subjects that an entity concerns. */
final class Finders {

    private Finders() {}

    /** What a finder is called with. */
    static Class<?> entity(Hook<?> finder) {
        if (finder.isCalledOnSubject()) {
            throw finder.wrong("is called on a subject, but a finder is static there; "
                    + "to listen to a property of the subject, annotate the field or name it on the class");
        }
        boolean isEvent = finder.annotation() instanceof ListenToEvent;
        int count = finder.parameterCount();
        boolean changes = count == 2 && finder.parameter(1) == ChangedProperties.class;
        if (isEvent ? count != 1 : count != 1 && !changes) {
            throw finder.mustTake(
                    isEvent ? "an entity and nothing else" : "an entity, or an entity and ChangedProperties");
        }
        return finder.parameter(0);
    }

    static <E, ID> void listenTo(Listening<?, ID> listening, Class<ID> idType, Hook<ListenTo> finder, Class<E> entity) {
        CheckedBiFunction<E, ChangedProperties, Iterable<ID>> function = finder(finder, idType);
        Set<String> properties = new LinkedHashSet<>(List.of(finder.annotation().value()));
        if (properties.isEmpty()) {
            listening.listenTo(entity, function);
        } else {
            listening.listenTo(entity, properties, function);
        }
    }

    static <E, ID> void listenToEvents(
            Listening<?, ID> listening, Class<ID> idType, Hook<ListenToEvent> finder, Class<E> entity) {
        CheckedBiFunction<E, ChangedProperties, Iterable<ID>> function = finder(finder, idType);
        for (ListenToEvent event : finder.annotations()) {
            listening.listenToEvent(event.value(), entity, value -> function.apply(value, ChangedProperties.all()));
        }
    }

    private static <E, ID> CheckedBiFunction<E, ChangedProperties, Iterable<ID>> finder(
            Hook<?> finder, Class<ID> idType) {
        Class<?> found = foundIds(finder);
        if (found != null && !idType.isAssignableFrom(found)) {
            throw finder.mustAnswer(
                    "one " + HookSource.name(idType) + ", or a collection, other Iterable or Stream of them");
        }
        boolean alone = finder.parameterCount() == 1;
        if (Stream.class.isAssignableFrom(finder.result())) {
            return SubjectIds.stream((E entity, ChangedProperties changed) ->
                    alone ? finder.<Stream<ID>>call(entity) : finder.<Stream<ID>>call(entity, changed));
        }
        if (Iterable.class.isAssignableFrom(finder.result())) {
            return (entity, changed) -> alone ? finder.call(entity) : finder.call(entity, changed);
        }
        return SubjectIds.one((E entity, ChangedProperties changed) ->
                alone ? finder.<ID>call(entity) : finder.<ID>call(entity, changed));
    }

    /** The class of the ids that a finder answers; null if it does not say. */
    static @Nullable Class<?> foundIds(Hook<?> finder) {
        Class<?> result = finder.result();
        if (Stream.class.isAssignableFrom(result)) {
            return finder.ofResult(Stream.class, 0);
        }
        return Iterable.class.isAssignableFrom(result) ? finder.ofResult(Iterable.class, 0) : result;
    }
}
