package io.syncmachine.jpa;

import jakarta.persistence.metamodel.EntityType;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.hibernate.FlushMode;
import org.hibernate.Session;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.jspecify.annotations.Nullable;

/**
 * References whose changes no property of an entity's tells, and that declared paths need all the same. Filled as paths are derived; safe
 * for use by several threads.
 */
final class TracedReferences {

    private final Set<String> collections = ConcurrentHashMap.newKeySet();
    private final List<Column> columns = new CopyOnWriteArrayList<>();

    /**
     * A collection whose key is a column in its elements' table, which is no property there.
     *
     * @param owner who has the collection
     * @param role the collection
     * @param elements the class of what it holds
     * @param told what a change of an element has instead of a property
     * @param ownersOf a query for the ids of those that hold one of {@code :elements}
     */
    record Column(
            MappedEntity<?, ?> owner, String role, Class<?> elements, String told, String property, String ownersOf) {}

    /** A collection of which it must be told what came and went. */
    void addCollection(String role) {
        collections.add(role);
    }

    /** Adds a {@link Column}, and answers what a change of an element has. */
    String addColumn(
            MappedEntity<?, ?> owner,
            String property,
            @Nullable EntityType<?> subclass,
            Class<?> elements,
            String role) {
        String entity = subclass == null ? owner.name() : subclass.getName();
        String told = entity + '.' + property;
        if (columns.stream().noneMatch(column -> column.told().equals(told))) {
            columns.add(new Column(
                    owner,
                    role,
                    elements,
                    told,
                    property,
                    "select distinct id(o), id(e) from " + entity + " o join o." + property
                            + " e where id(e) in (:elements)"));
        }
        return told;
    }

    /**
     * Asks the database within a session's transaction, beside the session, which may be writing.
     *
     * @return nothing where the session is stateless
     */
    static List<Object[]> ask(SharedSessionContractImplementor session, String query, Collection<?> elements) {
        if (!(session instanceof Session host)) {
            return List.of();
        }
        try (Session beside = host.sessionWithOptions()
                .connection()
                .flushMode(FlushMode.MANUAL)
                .openSession()) {
            return beside.createQuery(query, Object[].class)
                    .setParameter("elements", elements)
                    .getResultList();
        }
    }

    boolean tellsOf(String role) {
        return collections.contains(role);
    }

    /** The columns by which an entity may be held. */
    List<Column> holding(Object entity) {
        return columns.stream()
                .filter(column -> column.elements().isInstance(entity))
                .toList();
    }

    /** The columns of a collection: one for each class that it was declared of. */
    List<Column> columns(String role) {
        return columns.stream().filter(column -> column.role().equals(role)).toList();
    }
}
