package io.syncmachine.annotation;

import java.lang.reflect.Array;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the type variables of a class's superclasses and interfaces stand for. Immutable. */
final class TypeVariables {

    private final Map<TypeVariable<?>, Type> meanings;

    private TypeVariables(Map<TypeVariable<?>, Type> meanings) {
        this.meanings = meanings;
    }

    static TypeVariables in(Class<?> type) {
        return new TypeVariables(Map.of()).and(type);
    }

    private TypeVariables and(Type type) {
        Map<TypeVariable<?>, Type> more = new HashMap<>(meanings);
        read(type, more);
        return new TypeVariables(more);
    }

    private static void read(@Nullable Type type, Map<TypeVariable<?>, Type> meanings) {
        if (type instanceof ParameterizedType parameterized) {
            Class<?> raw = (Class<?>) parameterized.getRawType();
            TypeVariable<?>[] variables = raw.getTypeParameters();
            for (int i = 0; i < variables.length; i++) {
                Type argument = parameterized.getActualTypeArguments()[i];
                if (!argument.equals(variables[i])) {
                    meanings.put(variables[i], argument);
                }
            }
            read(raw, meanings);
        } else if (type instanceof Class<?> plain) {
            read(plain.getGenericSuperclass(), meanings);
            for (Type implemented : plain.getGenericInterfaces()) {
                read(implemented, meanings);
            }
        }
    }

    /** The class that is left of a type when its arguments are dropped. */
    Class<?> erase(Type type) {
        if (type instanceof Class<?> plain) {
            return plain;
        } else if (type instanceof ParameterizedType parameterized) {
            return (Class<?>) parameterized.getRawType();
        } else if (type instanceof GenericArrayType array) {
            return Array.newInstance(erase(array.getGenericComponentType()), 0).getClass();
        } else if (type instanceof WildcardType wildcard) {
            return erase(wildcard.getUpperBounds()[0]);
        }
        Type meaning = meaning(type);
        return erase(meaning instanceof TypeVariable<?> unknown ? unknown.getBounds()[0] : meaning);
    }

    /** What a type says for a type parameter of one of its superclasses, interfaces or itself; null if it says nothing. */
    @Nullable
    Class<?> argument(Type type, Class<?> generic, int index) {
        TypeVariables all = and(meaning(type));
        Type argument = all.meaning(generic.getTypeParameters()[index]);
        return argument instanceof TypeVariable<?> ? null : all.erase(argument);
    }

    private Type meaning(Type type) {
        Type meaning = type;
        while (meaning instanceof TypeVariable<?> variable && meanings.containsKey(variable)) {
            meaning = meanings.get(variable);
        }
        return meaning;
    }
}
