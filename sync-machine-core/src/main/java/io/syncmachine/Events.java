package io.syncmachine;

import java.util.Collection;

/**
 * What an application tells by itself: that a subject is to be looked at, although no captured change says so. No property filter
 * applies, and the entity need not have changed. Whether the API gets a call is decided as always: only if the document differs.
 */
public interface Events {

    /**
     * The same for entities of a tenant. Needed where the tenant can be told neither from the entity nor from the transaction, nor
     * from what the current thread does.
     */
    Events ofTenant(String tenant);

    /**
     * The entity counts as changed for every machine that listens to it or publishes it.
     *
     * @throws IllegalArgumentException if it is no entity, has no id, or concerns no machine
     */
    void changed(Object entity);

    /**
     * The entities count as changed, as in {@link #changed(Object)}; they need not be loaded, and may be of subclasses. A subject
     * that is gone by now is deleted at the API. For another entity that is gone, no finder can be called any more: tell its subjects
     * instead.
     *
     * @throws IllegalArgumentException if the class is no entity or concerns no machine, or an id is of the wrong class
     */
    void changed(Class<?> type, Collection<?> ids);

    /**
     * The entity counts as changed for one machine; it is the machine's subject or an entity that it listens to.
     *
     * @throws IllegalArgumentException if it is neither, has no id, or this engine does not run the machine
     */
    void changed(SyncMachine<?, ?> machine, Object entity);

    /**
     * Tells the machines that listen to a named event.
     *
     * @throws IllegalArgumentException if no machine listens to it, or one expects another entity
     */
    void signal(String event, Object entity);
}
