package io.syncmachine.spi;

import io.syncmachine.ChangedProperties;
import io.syncmachine.ReadPolicy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a source derives from the paths that a machine's documents read: which changes concern its subjects, and how these are found.
 * Safe for use by several threads.
 *
 * @param <ID> the class of the subjects' ids
 */
public interface DerivedPaths<ID> {

    /** The edges that the paths go along, the subject's own first. What is only ignored has none. */
    List<Edge> edges();

    /**
     * Finds the subjects that changes concern: those that the entity reaches as it is committed now, and those that it reached by its old
     * references. Each page is read in a short transaction of its own, begun after this call, ordered by the subject's id; no entity is
     * made of what is read. A subject may come more than once.
     *
     * @param tenant whose they are
     * @param edge one of {@link #edges}, and not the subject's own
     * @param changed what changed, by the encoded ids of entities of the edge, which may be gone
     * @param pages takes the pages as they come, outside of the transactions
     * @throws IllegalArgumentException if an id cannot be decoded
     * @throws Exception what {@code pages} throws, or why reading failed
     */
    void find(String tenant, Edge edge, Map<String, ChangedProperties> changed, Pages<? super ID> pages)
            throws Exception;

    /** The statements by which subjects are found along an edge; none for the subject's own. For people to read. */
    List<Statement> statements(Edge edge);

    /** Counts the entities of an edge, and the subjects of the one that has most. Reads whole tables. */
    Count count(String tenant, Edge edge);

    /**
     * What some paths have in common: the entities that a part of them leads to, and what is read of these.
     *
     * @param path from the subject, as {@code lines.product}; empty for the subject itself
     * @param entity the entities that it leads to
     * @param properties what is read of them, and the references that tie them to the entity before; with how soon a change counts
     * @param policy how soon it counts that an entity is created or deleted
     */
    record Edge(String path, EntityDescription<?, ?> entity, Map<String, ReadPolicy> properties, ReadPolicy policy) {

        /** Keeps a copy of the properties. */
        public Edge {
            properties = Map.copyOf(properties);
        }

        /** Whether it is the subject's own. */
        public boolean isSubject() {
            return path.isEmpty();
        }

        /** How soon an update of these properties counts; empty if it does not. */
        public Optional<ReadPolicy> concerns(Iterable<String> changed) {
            ReadPolicy soonest = null;
            for (String property : changed) {
                ReadPolicy policy = properties.get(property);
                if (policy != null) {
                    soonest = soonest == null ? policy : soonest.or(policy);
                }
            }
            return Optional.ofNullable(soonest);
        }

        /** How soon a change counts; empty if it does not. */
        public Optional<ReadPolicy> concerns(ChangedProperties changed) {
            return changed.isAll() ? Optional.of(policy) : concerns(changed.names());
        }

        /** The properties, sorted. */
        public Map<String, ReadPolicy> sortedProperties() {
            return new TreeMap<>(properties);
        }
    }

    /** Takes subjects. */
    @FunctionalInterface
    interface Pages<ID> {
        /** Called for each page. */
        void take(List<? extends Found<? extends ID>> page) throws Exception;
    }

    /**
     * A subject.
     *
     * @param subject its id
     * @param changed the encoded id of the changed entity that concerns it
     */
    record Found<ID>(ID subject, String changed) {}

    /**
     * How subjects are found.
     *
     * @param use what it is for
     * @param text as the database gets it
     */
    record Statement(String use, String text) {}

    /**
     * How many.
     *
     * @param rows entities
     * @param mostSubjects the largest number of subjects that one of them concerns, or a little more
     * @param busiest the encoded id of that one; null if none concerns any
     */
    record Count(long rows, long mostSubjects, @Nullable String busiest) {}
}
