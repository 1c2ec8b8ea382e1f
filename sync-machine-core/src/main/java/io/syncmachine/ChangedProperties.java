package io.syncmachine;

import io.syncmachine.spi.IdCodec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Which properties of an entity changed since its subjects were last looked for, and which entities its references pointed
 * to before. Several changes that were folded into one run are united: a reference that went from 7 over 8 to 9 tells 7 and 8
 * (9 is on the entity). Immutable.
 */
public final class ChangedProperties {

    private static final String EVERYTHING = "*";
    private static final String CREATION = "+";
    private static final ChangedProperties ALL = new ChangedProperties(true, false, Set.of(), Map.of());
    private static final ChangedProperties CREATED = new ChangedProperties(true, true, Set.of(), Map.of());
    private static final ChangedProperties NONE = new ChangedProperties(false, false, Set.of(), Map.of());

    private final boolean all;
    private final boolean created;
    private final Set<String> names;
    private final Map<String, Set<String>> oldReferences;

    private ChangedProperties(boolean all, boolean created, Set<String> names, Map<String, Set<String>> oldReferences) {
        this.all = all;
        this.created = created;
        this.names = names;
        this.oldReferences = oldReferences;
    }

    /** Every property counts as changed: the entity was created, deleted or named by the application. */
    public static ChangedProperties all() {
        return ALL;
    }

    /** Nothing changed; the entity is only looked at. */
    public static ChangedProperties none() {
        return NONE;
    }

    /** The entity was created. */
    public static ChangedProperties created() {
        return CREATED;
    }

    /** Just these properties changed. */
    public static ChangedProperties of(Collection<String> names) {
        return new ChangedProperties(false, false, Set.copyOf(names), Map.of());
    }

    /**
     * The same, with one more old reference.
     *
     * @param property the reference's name
     * @param id the encoded id that it pointed to before
     */
    public ChangedProperties withOldReference(String property, String id) {
        Map<String, Set<String>> references = new TreeMap<>(oldReferences);
        Set<String> ids = new LinkedHashSet<>(references.getOrDefault(property, Set.of()));
        ids.add(id);
        references.put(property, ids);
        return new ChangedProperties(all, created, names, references);
    }

    /** Whether this property changed, or may have. */
    public boolean contains(String property) {
        return all || names.contains(property);
    }

    /** Whether every property counts as changed; then {@link #names()} is empty. */
    public boolean isAll() {
        return all;
    }

    /** Whether nothing changed at all. */
    public boolean isNone() {
        return !all && names.isEmpty() && oldReferences.isEmpty();
    }

    /** Whether the entity was created since; then every property counts as changed. */
    public boolean isCreated() {
        return created;
    }

    /** The changed properties; empty if {@link #isAll() all} count as changed. */
    public Set<String> names() {
        return names;
    }

    /** Whether references were set to something else, so that there are {@link #oldReferences}. */
    public boolean hasOldReferences() {
        return !oldReferences.isEmpty();
    }

    /**
     * The ids that a to-one reference pointed to before it was changed or its entity deleted; empty if it did not change.
     *
     * @throws IllegalArgumentException if the ids are not of that type
     */
    public <R> Set<R> oldReferences(String property, Class<R> idType) {
        IdCodec<R> codec = IdCodec.of(idType);
        return oldReferences.getOrDefault(property, Set.of()).stream()
                .map(codec::decode)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** Both together. */
    public ChangedProperties union(ChangedProperties other) {
        if (equals(other)) {
            return this;
        }
        Set<String> both = new LinkedHashSet<>(encoded());
        both.addAll(other.encoded());
        return decoded(both);
    }

    /**
     * A form for stores: {@code name}, {@code *} for all, {@code +} for a creation, {@code name=id} for old references; the union
     * of two forms is the form of the union.
     */
    public List<String> encoded() {
        List<String> result = new ArrayList<>();
        if (all) {
            result.add(EVERYTHING);
        } else {
            result.addAll(new TreeSet<>(names));
        }
        if (created) {
            result.add(CREATION);
        }
        oldReferences.forEach((property, ids) -> ids.forEach(id -> result.add(property + '=' + id)));
        return result;
    }

    /** Reads what {@link #encoded()} wrote, or a union of such forms. */
    public static ChangedProperties decoded(Collection<String> form) {
        boolean everything = false;
        boolean creation = false;
        Set<String> names = new TreeSet<>();
        Map<String, Set<String>> references = new TreeMap<>();
        for (String entry : form) {
            int split = entry.indexOf('=');
            if (split >= 0) {
                references
                        .computeIfAbsent(entry.substring(0, split), property -> new LinkedHashSet<>())
                        .add(entry.substring(split + 1));
            } else if (entry.equals(EVERYTHING)) {
                everything = true;
            } else if (entry.equals(CREATION)) {
                creation = true;
            } else {
                names.add(entry);
            }
        }
        if (everything && references.isEmpty()) {
            return creation ? CREATED : ALL;
        }
        return new ChangedProperties(everything, creation, everything ? Set.of() : names, references);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ChangedProperties that
                && all == that.all
                && created == that.created
                && names.equals(that.names)
                && oldReferences.equals(that.oldReferences);
    }

    @Override
    public int hashCode() {
        return names.hashCode() * 31 + oldReferences.hashCode() + (all ? 1 : 0);
    }

    @Override
    public String toString() {
        return encoded().toString();
    }
}
