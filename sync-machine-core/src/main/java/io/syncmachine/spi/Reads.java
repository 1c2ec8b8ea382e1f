package io.syncmachine.spi;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an outcome of some entities depends on.
 *
 * @param attributes those that it depends on
 * @param notSeen associations that it depends on, and of which no entity had any, with what they would have led to
 * @param queries the queries that ran meanwhile, as they were written
 */
public record Reads(List<Attribute> attributes, List<Attribute> notSeen, List<String> queries) {

    /** Keeps copies. */
    public Reads {
        attributes = List.copyOf(attributes);
        notSeen = List.copyOf(notSeen);
        queries = List.copyOf(queries);
    }

    /**
     * An attribute that was read.
     *
     * @param path from the entity that was asked for
     * @param type the declared name of the entity that has it
     * @param property its name there
     * @param tiedBy where its changes are those of other entities, which refer to this one; null if they are its own
     */
    public record Attribute(
            String path,
            String type,
            String property,
            @Nullable Tie tiedBy) {

        /** Where its changes are those of other entities. */
        public Optional<Tie> tie() {
            return Optional.ofNullable(tiedBy);
        }
    }

    /**
     * A reference from the other side.
     *
     * @param types the declared names of the entities that have it
     * @param property its name there
     */
    public record Tie(Set<String> types, String property) {}
}
