package io.syncmachine.jpa;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.jdbc.TransactionalOutbox;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import jakarta.persistence.PersistenceUnitUtil;
import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.hibernate.Hibernate;
import org.hibernate.HibernateException;
import org.hibernate.collection.spi.PersistentCollection;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.event.spi.AbstractCollectionEvent;
import org.hibernate.event.spi.PostDeleteEvent;
import org.hibernate.event.spi.PostInsertEvent;
import org.hibernate.event.spi.PostUpdateEvent;
import org.hibernate.persister.entity.EntityPersister;
import org.hibernate.type.Type;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gathers the changes of one session factory that concern a machine, per session. */
final class ChangeCapture {

    private static final Logger log = LoggerFactory.getLogger(ChangeCapture.class);

    private final ChangeListener listener;
    private final TransactionalOutbox outbox;
    private final Map<String, MappedEntity<?, ?>> listened;
    private final Map<Class<?>, MappedEntity<?, ?>> mapped;
    private final PersistenceUnitUtil identifiers;
    private final Tenancy tenancy;
    /** Weak on both sides: a session's transaction keeps its changes; a session that is closed within it tells nobody. */
    private final Map<SharedSessionContractImplementor, WeakReference<SessionChanges>> sessions =
            Collections.synchronizedMap(new WeakHashMap<>());

    private volatile boolean warnedOfStateless;

    /**
     * Makes one.
     *
     * @param listened the entities that some machine listens to, by class name
     * @param mapped all entities by class
     * @param identifiers tells the ids of references, without loading what they point to
     * @param tenancy tells whose entities are
     */
    ChangeCapture(
            ChangeListener listener,
            TransactionalOutbox outbox,
            Map<String, MappedEntity<?, ?>> listened,
            Map<Class<?>, MappedEntity<?, ?>> mapped,
            PersistenceUnitUtil identifiers,
            Tenancy tenancy) {
        this.listener = listener;
        this.outbox = outbox;
        this.listened = listened;
        this.mapped = mapped;
        this.identifiers = identifiers;
        this.tenancy = tenancy;
    }

    void inserted(PostInsertEvent event, @Nullable SharedSessionContractImplementor session) {
        MappedEntity<?, ?> entity = listenedEntity(event.getPersister().getEntityName());
        if (entity != null) {
            add(session, entity, event.getId(), event.getEntity(), ChangeKind.CREATE, ChangedProperties.created());
        }
    }

    void updated(PostUpdateEvent event, @Nullable SharedSessionContractImplementor session) {
        MappedEntity<?, ?> entity = listenedEntity(event.getPersister().getEntityName());
        if (entity == null) {
            return;
        }
        EntityPersister persister = event.getPersister();
        int[] dirty = event.getDirtyProperties();
        Object[] oldState = event.getOldState();
        String[] names = persister.getPropertyNames();
        List<String> changedNames = dirty == null
                ? List.of(names)
                : Arrays.stream(dirty).mapToObj(i -> names[i]).toList();
        if (listener.concerned(entity.name(), ChangeKind.UPDATE, changedNames).isEmpty()) {
            return;
        }
        ChangedProperties changed = ChangedProperties.of(changedNames);
        if (oldState != null && dirty != null) {
            for (int i : dirty) {
                changed = withOldReference(changed, persister, i, oldState[i]);
            }
        }
        add(session, entity, event.getId(), event.getEntity(), ChangeKind.UPDATE, changed);
    }

    void deleted(PostDeleteEvent event, @Nullable SharedSessionContractImplementor session) {
        MappedEntity<?, ?> entity = listenedEntity(event.getPersister().getEntityName());
        if (entity == null) {
            return;
        }
        ChangedProperties changed = ChangedProperties.all();
        Object[] deleted = event.getDeletedState();
        if (deleted != null) {
            for (int i = 0; i < deleted.length; i++) {
                changed = withOldReference(changed, event.getPersister(), i, deleted[i]);
            }
        }
        add(session, entity, event.getId(), event.getEntity(), ChangeKind.DELETE, changed);
    }

    /** A changed collection is a changed property of its owner. */
    void collectionChanged(AbstractCollectionEvent event) {
        String ownerName = event.getAffectedOwnerEntityName();
        MappedEntity<?, ?> owner = ownerName == null ? null : listenedEntity(ownerName);
        Object id = event.getAffectedOwnerIdOrNull();
        Object value = event.getAffectedOwnerOrNull();
        String property = property(event.getCollection());
        if (owner == null || id == null || value == null || property == null) {
            return;
        }
        List<String> changed = List.of(property);
        if (!listener.concerned(owner.name(), ChangeKind.UPDATE, changed).isEmpty()) {
            add(event.getSession(), owner, id, value, ChangeKind.UPDATE, ChangedProperties.of(changed));
        }
    }

    /**
     * The owner's property that holds the collection, from a role like com.acme.Order.address.phones. There is no collection where a
     * detached owner comes back with another one; then the owner itself is updated, and all its properties count.
     */
    private static @Nullable String property(@Nullable PersistentCollection<?> collection) {
        String role = collection == null ? null : collection.getRole();
        Object owner = collection == null ? null : collection.getOwner();
        if (role == null || owner == null) {
            return null;
        }
        for (Class<?> type = Hibernate.getClass(owner); type != null; type = type.getSuperclass()) {
            if (role.startsWith(type.getName() + '.')) {
                String path = role.substring(type.getName().length() + 1);
                int dot = path.indexOf('.');
                return dot < 0 ? path : path.substring(0, dot);
            }
        }
        return null;
    }

    private @Nullable MappedEntity<?, ?> listenedEntity(String className) {
        return listened.get(className);
    }

    private ChangedProperties withOldReference(
            ChangedProperties changed, EntityPersister persister, int property, @Nullable Object value) {
        Type type = persister.getPropertyTypes()[property];
        if (value == null || !type.isEntityType()) {
            return changed;
        }
        MappedEntity<?, ?> target = mapped.get(type.getReturnedClass());
        Object id = identifiers.getIdentifier(value);
        return target == null || id == null
                ? changed
                : changed.withOldReference(persister.getPropertyNames()[property], target.encode(id));
    }

    private void add(
            @Nullable SharedSessionContractImplementor session,
            MappedEntity<?, ?> entity,
            Object id,
            Object value,
            ChangeKind kind,
            ChangedProperties changed) {
        if (session == null) {
            warnOfStateless(entity);
            return;
        }
        String tenant = tenancy.of(session, entity.type(), value);
        changes(session).add(tenant, entity.name(), entity.encode(id), value, kind, changed);
    }

    /** What the application tells by itself, at once. */
    void append(Collection<Change> told) {
        outbox.append(told);
    }

    /** The same, in the session's transaction. */
    void append(SharedSessionContractImplementor session, Collection<Change> told) {
        if (!session.isTransactionInProgress()) {
            throw new IllegalStateException("the entity manager has no active transaction to join");
        }
        changes(session).add(told);
    }

    /** The same, in the connection's transaction. */
    void append(Connection connection, Collection<Change> told) {
        try {
            if (connection.getAutoCommit()) {
                throw new IllegalStateException(
                        "the connection is in auto-commit mode: there is no transaction to join");
            }
            outbox.append(connection, told);
        } catch (SQLException e) {
            throw new HibernateException("the changes could not be written to SyncMachine's outbox", e);
        }
    }

    private SessionChanges changes(SharedSessionContractImplementor session) {
        WeakReference<SessionChanges> known = sessions.get(session);
        SessionChanges changes = known == null ? null : known.get();
        if (changes == null) {
            changes = new SessionChanges(listener, outbox, session, () -> sessions.remove(session));
            session.getTransactionCoordinator().addObserver(changes);
            sessions.put(session, new WeakReference<>(changes));
        }
        return changes;
    }

    private void warnOfStateless(MappedEntity<?, ?> entity) {
        if (!warnedOfStateless) {
            warnedOfStateless = true;
            log.warn(
                    "{} was changed in a StatelessSession, which this version of Hibernate does not let listeners see:"
                            + " such changes are not captured",
                    entity.name());
        }
    }
}
