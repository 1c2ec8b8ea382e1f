package io.syncmachine.event;

import io.syncmachine.ChangeKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Why a subject was looked at: one change that concerned it. For people and dashboards to read; nothing is decided by it.
 *
 * @param kind what happened
 * @param type the declared name of the changed entity's type; {@code @name} for an event of the application's own
 * @param id the changed entity's encoded id; empty if it is not known any more, because the entity was deleted
 * @param changed the names of the changed properties; empty if all count as changed
 * @param trace the trace context of the transaction that made the change, as a W3C traceparent, if there was one
 */
public record Cause(
        ChangeKind kind,
        String type,
        String id,
        Set<String> changed,
        @Nullable String trace) {

    /** As many causes of one run are kept; further ones are only coalesced. */
    public static final int MOST = 4;

    private static final String SEPARATOR = "\u001e";
    private static final int PARTS = 5;

    /** Keeps a copy of the properties. */
    public Cause {
        changed = Set.copyOf(changed);
    }

    /** The first few of both, each once. */
    public static List<Cause> union(Collection<Cause> some, Collection<Cause> more) {
        Set<Cause> both = new LinkedHashSet<>(some);
        both.addAll(more);
        return both.stream().limit(MOST).toList();
    }

    /** A form for stores. */
    public String encoded() {
        return String.join(SEPARATOR, kind.name(), type, String.join(",", changed), trace == null ? "" : trace, id);
    }

    /** Reads what {@link #encoded()} wrote; nothing if it did not write it. */
    public static Optional<Cause> decoded(String form) {
        String[] parts = form.split(SEPARATOR, PARTS);
        if (parts.length < PARTS) {
            return Optional.empty();
        }
        Set<String> changed =
                parts[2].isEmpty() ? Set.of() : Set.copyOf(new LinkedHashSet<>(Arrays.asList(parts[2].split(","))));
        try {
            return Optional.of(new Cause(
                    ChangeKind.valueOf(parts[0]), parts[1], parts[4], changed, parts[3].isEmpty() ? null : parts[3]));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        List<String> words = new ArrayList<>(List.of(kind.name().toLowerCase(Locale.ROOT), type));
        if (!id.isEmpty()) {
            words.add(id);
        }
        if (!changed.isEmpty()) {
            words.add(new TreeSet<>(changed).toString());
        }
        return String.join(" ", words);
    }
}
