package io.syncmachine.mongo;

import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.bson.BsonDocument;
import org.bson.BsonValue;
import org.bson.codecs.pojo.annotations.BsonId;
import org.bson.codecs.pojo.annotations.BsonIgnore;
import org.bson.codecs.pojo.annotations.BsonProperty;
import org.jspecify.annotations.Nullable;

/** Paths of fields: {@code address.city}; of a field within an array's elements without the position: {@code lines.quantity}. */
final class Paths {

    private static final int DEEPEST = 5;
    private static final Pattern POSITIONS = Pattern.compile("\\.(\\d+|\\$\\[.*?])(?=\\.|$)");

    private Paths() {}

    /**
     * The paths of a class as it is written to documents: its fields by their names in the document, and those of embedded classes; not the id.
     */
    static Set<String> of(Class<?> type) {
        Set<String> paths = new TreeSet<>();
        if (!isLeaf(type)) {
            add(paths, "", type, 1);
        }
        return paths;
    }

    private static void add(Set<String> paths, String prefix, Class<?> type, int depth) {
        for (Class<?> c = type; c != null && c != Object.class; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                int modifiers = field.getModifiers();
                if (Modifier.isStatic(modifiers)
                        || Modifier.isTransient(modifiers)
                        || field.isSynthetic()
                        || field.isAnnotationPresent(BsonIgnore.class)
                        || (depth == 1 && isId(field))) {
                    continue;
                }
                BsonProperty named = field.getAnnotation(BsonProperty.class);
                String name = named == null || named.value().isEmpty() ? field.getName() : named.value();
                paths.add(prefix + name);
                Class<?> embedded = embedded(field.getGenericType());
                if (!isLeaf(embedded) && depth < DEEPEST) {
                    add(paths, prefix + name + '.', embedded, depth + 1);
                }
            }
        }
    }

    private static boolean isId(Field field) {
        return field.isAnnotationPresent(BsonId.class)
                || field.getName().equals("id")
                || field.getName().equals("_id");
    }

    /** The class of a field, or of the elements of an array or collection. */
    private static Class<?> embedded(Type type) {
        if (type instanceof Class<?> c) {
            return c.isArray() ? c.getComponentType() : c;
        }
        if (type instanceof GenericArrayType array) {
            return embedded(array.getGenericComponentType());
        }
        if (type instanceof ParameterizedType generic && generic.getRawType() instanceof Class<?> raw) {
            return Collection.class.isAssignableFrom(raw) ? embedded(generic.getActualTypeArguments()[0]) : raw;
        }
        return Object.class;
    }

    private static boolean isLeaf(Class<?> type) {
        return type.isPrimitive()
                || type.isEnum()
                || type.isInterface()
                || type.isArray()
                || type.getName().startsWith("java.")
                || type.getName().startsWith("org.bson.");
    }

    /** Adds what counts as changed if a path was: itself, what it is within, and what is within it. */
    static void addChanged(Set<String> changed, String path, Set<String> declared) {
        String plain = POSITIONS.matcher(path).replaceAll("");
        changed.add(plain);
        for (int dot = plain.indexOf('.'); dot >= 0; dot = plain.indexOf('.', dot + 1)) {
            changed.add(plain.substring(0, dot));
        }
        String within = plain + '.';
        declared.stream().filter(other -> other.startsWith(within)).forEach(changed::add);
    }

    /** The paths in which two documents differ; of arrays, the array as a whole. */
    static Set<String> differences(BsonDocument before, BsonDocument after, Set<String> declared) {
        Set<String> changed = new TreeSet<>();
        addDifferences(changed, "", before, after, declared);
        return changed;
    }

    private static void addDifferences(
            Set<String> changed, String prefix, BsonDocument before, BsonDocument after, Set<String> declared) {
        Set<String> names = new TreeSet<>(before.keySet());
        names.addAll(after.keySet());
        for (String name : names) {
            BsonValue old = before.get(name);
            BsonValue now = after.get(name);
            if (old != null && now != null && old.isDocument() && now.isDocument()) {
                addDifferences(changed, prefix + name + '.', old.asDocument(), now.asDocument(), declared);
            } else if (old == null || !old.equals(now)) {
                addChanged(changed, prefix + name, declared);
            }
        }
    }

    /** A document's value at a path; null if there is none. */
    static @Nullable BsonValue value(BsonDocument document, String path) {
        @Nullable BsonValue value = document;
        for (String name : path.split("\\.", -1)) {
            value = value != null && value.isDocument() ? value.asDocument().get(name) : null;
        }
        return value;
    }
}
