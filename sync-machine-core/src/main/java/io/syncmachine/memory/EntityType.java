package io.syncmachine.memory;

import io.syncmachine.spi.IdCodec;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A registered class and the entities of it. Guarded by the lock of its {@link InMemoryEntities}. */
final class EntityType<E, ID> {

    final Class<E> type;
    final Class<ID> idType;
    final IdCodec<ID> ids;
    private final Function<? super E, ? extends ID> idOf;
    private final List<Field> fields;
    private final Map<Object, Row<E>> rows = new HashMap<>();

    /** An entity, and its properties as they were when it was saved. */
    record Row<E>(E entity, Map<String, @Nullable Object> properties) {

        /** The names of the properties that are different in the other one. */
        Set<String> differences(Row<?> other) {
            Set<String> names = new TreeSet<>(properties.keySet());
            names.removeIf(name ->
                    Objects.deepEquals(properties.get(name), other.properties().get(name)));
            return names;
        }
    }

    EntityType(Class<E> type, Class<ID> idType, Function<? super E, ? extends ID> idOf) {
        this.type = type;
        this.idType = idType;
        this.ids = IdCodec.of(idType);
        this.idOf = idOf;
        this.fields = fields(type);
    }

    private static List<Field> fields(Class<?> type) {
        List<Field> fields = new ArrayList<>();
        for (Class<?> c = type; c != null && c != Object.class; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())
                        && !Modifier.isTransient(field.getModifiers())
                        && !field.isSynthetic()) {
                    fields.add(accessible(field));
                }
            }
        }
        return fields;
    }

    private static Field accessible(Field field) {
        try {
            field.setAccessible(true);
            return field;
        } catch (InaccessibleObjectException e) {
            throw new IllegalArgumentException(
                    "fields of " + field.getDeclaringClass().getName()
                            + " cannot be read; open its package to reflection",
                    e);
        }
    }

    /** Its declared name. */
    String name() {
        return type.getSimpleName();
    }

    Set<String> properties() {
        Set<String> names = new TreeSet<>();
        fields.forEach(field -> names.add(field.getName()));
        return names;
    }

    ID idOf(Object entity) {
        ID id = idOf.apply(type.cast(entity));
        if (id == null) {
            throw new IllegalArgumentException("a " + name() + " must have an id, but has none: " + entity);
        }
        return id;
    }

    /**
     * The id's text.
     *
     * @throws IllegalArgumentException if it is of another type
     */
    String encode(Object id) {
        if (!idType.isInstance(id)) {
            throw new IllegalArgumentException("the id of a " + name() + " must be of " + idType.getName()
                    + ", but is of " + id.getClass().getName());
        }
        return ids.encode(idType.cast(id));
    }

    Row<E> row(Object entity) {
        Map<String, @Nullable Object> properties = new TreeMap<>();
        for (Field field : fields) {
            try {
                properties.put(field.getName(), field.get(entity));
            } catch (IllegalAccessException e) {
                throw new IllegalStateException("the field was made accessible before", e);
            }
        }
        return new Row<>(type.cast(entity), properties);
    }

    @Nullable
    Row<E> find(Object id) {
        return rows.get(id);
    }

    List<E> all() {
        return rows.values().stream().map(Row::entity).toList();
    }

    void put(Object entity) {
        rows.put(idOf(entity), row(entity));
    }

    void remove(Object id) {
        rows.remove(id);
    }
}
