package io.syncmachine.spi;

import io.syncmachine.ReadPolicy;
import io.syncmachine.function.CheckedFunction;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where entities live: sees their changes or is told of them, and reads them. Safe for use by several threads.
 */
public interface EntitySource extends AutoCloseable {

    /** How many ids are read at a time where they are counted one by one. */
    int COUNTED_AT_ONCE = 10_000;

    /**
     * Describes a class that a machine listens to or publishes.
     *
     * @throws IllegalArgumentException if it is not an entity of this source, naming those that are
     */
    <E> EntityDescription<E, ?> describe(Class<E> type);

    /**
     * Starts capturing: from now on every committed change that the listener is concerned with is appended to the store's outbox,
     * atomically with the change itself; a source that sees no changes by itself appends only those that it is {@linkplain #append
     * told}. Called once.
     *
     * @throws IllegalArgumentException if changes cannot be captured into this kind of store
     */
    void capture(ChangeListener listener, Store store);

    /**
     * Which entity an object is; the object may be detached.
     *
     * @param transaction what it is told with; null for nothing
     * @throws IllegalArgumentException if it is not an entity of this source, or has no id
     */
    EntityReference refer(@Nullable Object transaction, Object entity);

    /**
     * Derives from the mapping which changes concern the documents that read some paths.
     *
     * @param subject the class whose documents they are
     * @param paths from the subject, as {@code lines.product.name}, and how soon a change of each counts. Where paths share an edge, the
     *     soonest counts there.
     * @throws IllegalArgumentException if a path cannot be derived, naming path, hop, reason and cure
     */
    default <S> DerivedPaths<?> derive(Class<S> subject, Map<String, ReadPolicy> paths) {
        throw new IllegalArgumentException("reads(" + String.join(", ", paths.keySet()) + ") cannot be derived by "
                + getClass().getSimpleName() + ", which knows no associations; listen to each entity instead, with a"
                + " function to the ids of the " + subject.getSimpleName() + " that show it: listenTo(…)");
    }

    /**
     * Finds out what an outcome of entities depends on: what they hold is varied, in memory and not in the database, and the outcome looked
     * at again. For tests.
     *
     * @param tenant whose they are
     * @param ids of entities of that class; what none of them has cannot be looked at
     * @param outcome of an entity, depending on nothing but what is committed; called very often, in one transaction
     * @throws UnsupportedOperationException if this source cannot do it
     * @throws IllegalStateException if it cannot be told for these entities
     * @throws Exception why reading failed
     */
    default <E, ID> Reads probe(
            String tenant, Class<E> type, Collection<ID> ids, CheckedFunction<? super E, String> outcome)
            throws Exception {
        throw new UnsupportedOperationException(
                getClass().getSimpleName() + " cannot tell what is read of its entities");
    }

    /** The tenant that a transaction belongs to, or what the current thread does if it is null. */
    default String tenant(@Nullable Object transaction) {
        return Change.DEFAULT_TENANT;
    }

    /**
     * Appends changes that the application tells by itself to the outbox that is captured into.
     *
     * @param transaction what the changes are to be committed with, of a kind that this source knows; null for at once
     * @throws IllegalArgumentException if it is of no such kind
     * @throws IllegalStateException if it is not active, or nothing is captured
     */
    void append(@Nullable Object transaction, Collection<Change> changes);

    /**
     * Reads committed entities, all in one transaction that is not marked read-only (so that it goes to the primary), begun after
     * this call.
     *
     * @param tenant whose they are
     * @param ids of entities of that class
     * @param action given the entities that exist, by id; runs inside the transaction and may follow lazy associations. What it
     *     changes is not written.
     * @return what the action answers
     * @throws Exception what the action throws, or why reading failed
     */
    <E, ID, R> @Nullable R read(
            String tenant, Class<E> type, Collection<ID> ids, CheckedFunction<? super Map<ID, E>, ? extends R> action)
            throws Exception;

    /**
     * Ids of committed entities, in an order of the source's own that never changes, so that all can be gone through in pages: an
     * entity that exists all the while is in one of them. By default this source cannot tell.
     *
     * @param tenant whose they are
     * @param type of that class and its mapped subclasses
     * @param after those that come after this one, which need not exist any more; null for the first
     * @param limit at most so many, at least one; fewer only where there are no more
     * @throws UnsupportedOperationException if it cannot tell, saying what can be done
     * @throws Exception why reading failed
     */
    default <E, ID> List<ID> ids(String tenant, Class<E> type, @Nullable ID after, int limit) throws Exception {
        throw new UnsupportedOperationException(
                "the ids of all " + type.getSimpleName() + " cannot be told by this source; name those that are meant");
    }

    /**
     * About how many ids there are to be {@linkplain #ids told}; counts them one by one by default.
     *
     * @throws UnsupportedOperationException if it cannot tell
     * @throws Exception why reading failed
     */
    default <E, ID> long count(String tenant, Class<E> type) throws Exception {
        long count = 0;
        ID last = null;
        List<ID> page;
        do {
            page = ids(tenant, type, last, COUNTED_AT_ONCE);
            count += page.size();
            last = page.isEmpty() ? last : page.get(page.size() - 1);
        } while (page.size() == COUNTED_AT_ONCE);
        return count;
    }

    /**
     * Reads one entity and runs an action that may change anything, in one transaction that is committed afterwards, and captured
     * like any other by a source that sees changes by itself; or rolled back if the action fails.
     *
     * @param tenant whose it is
     * @throws Exception what the action throws, or why reading or writing failed
     */
    <E, ID> void write(String tenant, Class<E> type, ID id, Writing<? super E> action) throws Exception;

    /** What is done in a transaction that may change entities. */
    @FunctionalInterface
    interface Writing<E> {

        /**
         * Called once.
         *
         * @param entity the entity, as the transaction sees it; null if it does not exist
         * @param transaction the transaction, of a kind that {@link #append} takes
         */
        void run(@Nullable E entity, Object transaction) throws Exception;
    }

    /** Ends capturing. */
    @Override
    void close();
}
