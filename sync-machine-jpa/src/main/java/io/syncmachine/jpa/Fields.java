package io.syncmachine.jpa;

import jakarta.persistence.metamodel.Attribute;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Copies and changes objects by their fields. */
final class Fields {

    private static final String ENHANCED = "$$_";

    private Fields() {}

    /** Copies all fields, but for those of Hibernate's own. */
    static void copy(Object from, Object to) {
        for (Class<?> c = from.getClass(); c != null && c != Object.class; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !field.getName().startsWith(ENHANCED)) {
                    set(to, field, get(from, field));
                }
            }
        }
    }

    /** Another object with the same in it; a record is itself. */
    static Object copyOf(Object value) {
        if (value.getClass().isRecord()) {
            return value;
        }
        Object copy = make(value.getClass());
        if (copy == null) {
            throw new IllegalStateException(
                    value.getClass().getName() + " cannot be copied: it has no constructor without arguments");
        }
        copy(value, copy);
        return copy;
    }

    /** A new object with nothing in it; null if none can be made. */
    static @Nullable Object make(Class<?> type) {
        try {
            if (type.isRecord()) {
                Constructor<?> constructor = canonical(type);
                return constructor.newInstance(Arrays.stream(constructor.getParameterTypes())
                        .map(Fields::nothing)
                        .toArray());
            }
            Constructor<?> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (ReflectiveOperationException e) {
            return null;
        }
    }

    private static @Nullable Object nothing(Class<?> type) {
        return type.isPrimitive() ? java.lang.reflect.Array.get(java.lang.reflect.Array.newInstance(type, 1), 0) : null;
    }

    private static Constructor<?> canonical(Class<?> type) throws NoSuchMethodException {
        Constructor<?> constructor = type.getDeclaredConstructor(Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new));
        constructor.setAccessible(true);
        return constructor;
    }

    static <P> P place(
            Object owner,
            Attribute<?, ?> attribute,
            BiFunction<Supplier<@Nullable Object>, Consumer<@Nullable Object>, P> place) {
        Field field = field(owner.getClass(), attribute);
        return place.apply(() -> get(owner, field), value -> set(owner, field, value));
    }

    static @Nullable Object get(Object owner, Attribute<?, ?> attribute) {
        return get(owner, field(owner.getClass(), attribute));
    }

    /** The object with another value; of a record, another one. */
    static Object with(Object owner, Attribute<?, ?> attribute, @Nullable Object value) {
        Class<?> type = owner.getClass();
        if (!type.isRecord()) {
            set(owner, field(type, attribute), value);
            return owner;
        }
        try {
            return canonical(type)
                    .newInstance(Arrays.stream(type.getRecordComponents())
                            .map(component -> component.getName().equals(attribute.getName())
                                    ? value
                                    : get(owner, declared(type, component.getName())))
                            .toArray());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type.getName() + " cannot be made with another " + attribute.getName(), e);
        }
    }

    private static Field field(Class<?> type, Attribute<?, ?> attribute) {
        return attribute.getJavaMember() instanceof Field field ? field : declared(type, attribute.getName());
    }

    private static Field declared(Class<?> type, String name) {
        for (Class<?> c = type; c != null; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                if (field.getName().equals(name)) {
                    return field;
                }
            }
        }
        throw new IllegalStateException(type.getName() + " has no field for its property " + name);
    }

    private static @Nullable Object get(Object owner, Field field) {
        try {
            field.setAccessible(true);
            return field.get(owner);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(field + " cannot be read", e);
        }
    }

    private static void set(Object owner, Field field, @Nullable Object value) {
        try {
            field.setAccessible(true);
            field.set(owner, value);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(field + " cannot be varied", e);
        }
    }
}
