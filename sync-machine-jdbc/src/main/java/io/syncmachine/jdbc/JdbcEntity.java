package io.syncmachine.jdbc;

import io.syncmachine.function.CheckedBiFunction;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.IdCodec;
import io.syncmachine.spi.JsonIdCodec;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.sql.Connection;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What was declared of an entity class.
 *
 * @param type the class
 * @param name by which its changes are stored
 * @param properties the names of its properties
 * @param idType the class of its id
 * @param ids turns its ids into text
 * @param id from an entity to its id
 * @param loader from ids to entities
 * @param pages goes through all ids; null if nothing does
 * @param table null if it was not told
 */
record JdbcEntity<E, ID>(
        Class<E> type,
        String name,
        Set<String> properties,
        Class<ID> idType,
        IdCodec<ID> ids,
        Function<? super E, ? extends ID> id,
        CheckedBiFunction<? super Connection, ? super List<ID>, ? extends Collection<? extends E>> loader,
        JdbcEntities.@Nullable IdPages<ID> pages,
        @Nullable JdbcTable table) {

    /** A record's components, or the fields of any other class and its superclasses, without static and transient ones. */
    static Set<String> propertiesOf(Class<?> type) {
        Set<String> names = new TreeSet<>();
        if (type.isRecord()) {
            for (RecordComponent component : type.getRecordComponents()) {
                names.add(component.getName());
            }
            return names;
        }
        for (Class<?> c = type; c != null && c != Object.class; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                int modifiers = field.getModifiers();
                if (!Modifier.isStatic(modifiers) && !Modifier.isTransient(modifiers) && !field.isSynthetic()) {
                    names.add(field.getName());
                }
            }
        }
        return names;
    }

    /** The codec for ids of simple classes, else JSON. */
    static <ID> IdCodec<ID> codec(Class<ID> idType) {
        try {
            return IdCodec.of(idType);
        } catch (IllegalArgumentException e) {
            return new JsonIdCodec<>(idType);
        }
    }

    EntityDescription<E, ID> describe() {
        return new EntityDescription<>(type, name, Set.of(name), properties, idType, ids);
    }

    /**
     * The entity's id as text.
     *
     * @throws IllegalArgumentException if it has none
     */
    String encodedIdOf(Object entity) {
        ID value = id.apply(type.cast(entity));
        if (value == null) {
            throw new IllegalArgumentException("the " + name + " has no id");
        }
        return ids.encode(value);
    }

    /**
     * Ids that come after one.
     *
     * @throws UnsupportedOperationException if nothing was declared for that
     * @throws IllegalStateException if the declared function answers more than it was asked for, or the id that it was to go on from
     * @throws Exception what the function throws
     */
    List<ID> page(Connection connection, @Nullable ID after, int limit) throws Exception {
        if (pages == null) {
            throw new UnsupportedOperationException("the ids of all " + name
                    + " cannot be told: declare how to go through them, as in entity(…, it -> it.pages((connection, after, limit) -> …)),"
                    + " or name those that are meant");
        }
        List<ID> page = pages.after(connection, after, limit);
        if (page == null || page.size() > limit || (after != null && page.contains(after))) {
            throw new IllegalStateException(
                    "pages of " + name + " must answer at most " + limit + " ids, and those after "
                            + after + " only, but answered "
                            + (page == null
                                    ? "null"
                                    : page.size() + " from " + (page.isEmpty() ? "nothing" : page.get(0)) + " on"));
        }
        return page;
    }

    /**
     * The entities that exist, by id.
     *
     * @throws IllegalStateException if the loader answers what it was not asked for: the entity that was meant would be taken for
     *     deleted
     * @throws Exception what the loader throws
     */
    Map<ID, E> load(Connection connection, Collection<ID> asked) throws Exception {
        Set<ID> distinct = new LinkedHashSet<>(asked);
        Map<ID, E> found = new LinkedHashMap<>();
        if (distinct.isEmpty()) {
            return found;
        }
        Collection<? extends E> loaded = loader.apply(connection, List.copyOf(distinct));
        if (loaded == null) {
            throw new IllegalStateException(
                    "the loader of " + name + " answered null; it must answer a collection, empty if there is nothing");
        }
        for (E entity : loaded) {
            ID value = entity == null ? null : id.apply(entity);
            if (value == null || !distinct.contains(value)) {
                throw new IllegalStateException("the loader of " + name + " answered one with the id " + value
                        + ", which equals none of those asked for: it must answer entities with these ids only,"
                        + " and ids need equals and hashCode");
            }
            found.put(value, entity);
        }
        return found;
    }
}
