package io.syncmachine.exhaustive;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongUnaryOperator;

/** Replaces the tokens and epochs in what goes to a port and comes from it. */
final class Renaming {

    private record Shape(MethodHandle constructor, List<MethodHandle> parts) {}

    private static final Map<Class<?>, Shape> SHAPES = new HashMap<>();

    private Renaming() {}

    static Object rename(Object value, LongUnaryOperator names) {
        if (value instanceof Long number) {
            return names.applyAsLong(number);
        }
        if (value instanceof Record record) {
            return record(record, names);
        }
        if (value instanceof Optional<?> optional) {
            return optional.map(inner -> rename(inner, names));
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> renamed = new LinkedHashMap<>();
            map.forEach((key, inner) -> renamed.put(rename(key, names), rename(inner, names)));
            return renamed;
        }
        if (value instanceof Set<?> set) {
            Set<Object> renamed = new LinkedHashSet<>();
            set.forEach(inner -> renamed.add(rename(inner, names)));
            return renamed;
        }
        if (value instanceof Collection<?> collection) {
            List<Object> renamed = new ArrayList<>(collection.size());
            collection.forEach(inner -> renamed.add(rename(inner, names)));
            return renamed;
        }
        return value;
    }

    private static Object record(Record value, LongUnaryOperator names) {
        Shape shape = SHAPES.computeIfAbsent(value.getClass(), Renaming::shape);
        try {
            Object[] parts = new Object[shape.parts.size()];
            for (int i = 0; i < parts.length; i++) {
                parts[i] = rename(shape.parts.get(i).invoke(value), names);
            }
            return shape.constructor.invoke(parts);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static Shape shape(Class<?> type) {
        try {
            RecordComponent[] components = type.getRecordComponents();
            MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(type, MethodHandles.lookup());
            MethodHandle constructor = lookup.findConstructor(
                    type,
                    MethodType.methodType(
                            void.class,
                            Arrays.stream(components)
                                    .map(RecordComponent::getType)
                                    .toArray(Class<?>[]::new)));
            MethodHandle[] parts = new MethodHandle[components.length];
            for (int i = 0; i < parts.length; i++) {
                parts[i] = lookup.unreflect(components[i].getAccessor())
                        .asType(MethodType.methodType(Object.class, Object.class));
            }
            return new Shape(
                    constructor
                            .asSpreader(Object[].class, parts.length)
                            .asType(MethodType.methodType(Object.class, Object[].class)),
                    List.of(parts));
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }
}
