package io.syncmachine;

import java.util.Optional;

/**
 * A change of an entity, as a {@link ChangeHandler} sees it: all that was committed since the handler saw the entity last. For the
 * thread and the time of the call.
 *
 * @param <E> the entity's class
 */
public interface EntityChange<E> {

    /**
     * What happened: a delete if the entity does not exist now, else a create if it was created since, else an update. What the
     * application told by itself is an update, too.
     */
    ChangeKind kind();

    /** The declared name of the entity's type; that of a subclass where the entity is of one. */
    String type();

    /**
     * The entity's id.
     *
     * @throws ClassCastException if it is of another class
     */
    <I> I id(Class<I> idType);

    /** The entity as it is now, in the handler's transaction; empty if it does not exist. */
    Optional<E> entity();

    /** Which properties changed, and what references pointed to before. */
    ChangedProperties changed();

    /** The tenant that the entity belongs to. */
    String tenant();

    /** The number of this attempt, counted from 1. */
    int attempt();

    /**
     * The transaction that the handler works in, committed when it returns: an {@code EntityManager} where entities are JPA's, a
     * {@code Connection} where they are read by plain JDBC.
     *
     * @throws ClassCastException if it is of another class
     */
    <T> T transaction(Class<T> type);

    /** The application's own events, committed with the handler's transaction. */
    Events events();
}
