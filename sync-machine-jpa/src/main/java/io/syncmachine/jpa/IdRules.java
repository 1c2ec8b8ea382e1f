package io.syncmachine.jpa;

import io.syncmachine.spi.JsonIdCodec;
import jakarta.persistence.metamodel.ManagedType;
import jakarta.persistence.metamodel.Metamodel;
import jakarta.persistence.metamodel.Type.PersistenceType;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Ids travel as text, and are compared with those that are read: what that needs of their class. */
final class IdRules {

    private final Map<Class<?>, ManagedType<?>> managed = new HashMap<>();
    private final Set<Class<?>> visited = new HashSet<>();

    private IdRules(Metamodel metamodel) {
        metamodel.getManagedTypes().stream()
                .filter(type -> type.getJavaType() != null)
                .forEach(type -> managed.put(type.getJavaType(), type));
    }

    /**
     * Checks an entity's id class.
     *
     * @throws IllegalArgumentException if it is not fit
     */
    static void check(MappedEntity<?, ?> entity, Metamodel metamodel) {
        String objection = new IdRules(metamodel).objection(entity);
        if (objection != null) {
            throw new IllegalArgumentException(
                    "the id of " + entity.name() + " is of " + entity.idType().getTypeName() + ", " + objection);
        }
    }

    private @Nullable String objection(MappedEntity<?, ?> entity) {
        Class<?> type = entity.idType();
        if (type.isArray()) {
            return "and arrays are not equal by what is in them; use a String or an @EmbeddedId";
        }
        Field association = association(type);
        if (association != null) {
            return "whose field '" + association.getName()
                    + "' is an entity; let it hold that entity's id, and map the association"
                    + " beside the id with @MapsId";
        }
        if (!comparesByValue(type)) {
            return "which does not compare by value; give it equals and hashCode, or make it a record";
        }
        String unreadable = entity.ids() instanceof JsonIdCodec<?> json ? json.objection() : null;
        return unreadable == null
                ? null
                : "which cannot be made from its fields; give it a constructor without arguments, private if you like, or make it"
                        + " a record (" + unreadable + ")";
    }

    private @Nullable Field association(Class<?> type) {
        if (!visited.add(type) || type.getName().startsWith("java.")) {
            return null;
        }
        for (Class<?> holder = type; holder != null && holder != Object.class; holder = holder.getSuperclass()) {
            for (Field field : holder.getDeclaredFields()) {
                Field found = Modifier.isStatic(field.getModifiers()) ? null : association(field);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private @Nullable Field association(Field field) {
        ManagedType<?> type = managed.get(field.getType());
        if (type == null) {
            return null;
        }
        return type.getPersistenceType() == PersistenceType.EMBEDDABLE ? association(field.getType()) : field;
    }

    private static boolean comparesByValue(Class<?> type) {
        try {
            return type.isInterface()
                    || (type.getMethod("equals", Object.class).getDeclaringClass() != Object.class
                            && type.getMethod("hashCode").getDeclaringClass() != Object.class);
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("every class has them", e);
        }
    }
}
