package io.syncmachine.jpa;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.jdbc.TransactionalOutbox;
import io.syncmachine.spi.ChangeListener;
import jakarta.persistence.PersistenceUnitUtil;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.hibernate.Hibernate;
import org.hibernate.HibernateException;
import org.hibernate.collection.spi.PersistentCollection;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.event.service.spi.EventListenerRegistry;
import org.hibernate.event.spi.AbstractCollectionEvent;
import org.hibernate.event.spi.EventType;
import org.hibernate.event.spi.PostCollectionRecreateEvent;
import org.hibernate.event.spi.PostCollectionRecreateEventListener;
import org.hibernate.event.spi.PostCollectionRemoveEvent;
import org.hibernate.event.spi.PostCollectionRemoveEventListener;
import org.hibernate.event.spi.PostCollectionUpdateEvent;
import org.hibernate.event.spi.PostCollectionUpdateEventListener;
import org.hibernate.event.spi.PostDeleteEvent;
import org.hibernate.event.spi.PostDeleteEventListener;
import org.hibernate.event.spi.PostInsertEvent;
import org.hibernate.event.spi.PostInsertEventListener;
import org.hibernate.event.spi.PostUpdateEvent;
import org.hibernate.event.spi.PostUpdateEventListener;
import org.hibernate.persister.entity.EntityPersister;
import org.hibernate.type.Type;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens inside Hibernate, and gathers what concerns a machine per session. Hibernate cannot take a listener out again: after
 * {@link #stop} it hears and does nothing.
 */
final class ChangeCapture
        implements PostInsertEventListener,
                PostUpdateEventListener,
                PostDeleteEventListener,
                PostCollectionRecreateEventListener,
                PostCollectionUpdateEventListener,
                PostCollectionRemoveEventListener {

    private static final long serialVersionUID = 1L;
    private static final Logger log = LoggerFactory.getLogger(ChangeCapture.class);
    private static final MethodHandle SESSION_OF_INSERT = sessionOf(PostInsertEvent.class);
    private static final MethodHandle SESSION_OF_UPDATE = sessionOf(PostUpdateEvent.class);
    private static final MethodHandle SESSION_OF_DELETE = sessionOf(PostDeleteEvent.class);

    private final transient ChangeListener listener;
    private final transient TransactionalOutbox outbox;
    private final transient Map<String, MappedEntity<?, ?>> listened;
    private final transient Map<Class<?>, MappedEntity<?, ?>> mapped;
    private final transient PersistenceUnitUtil identifiers;
    private final transient Map<SharedSessionContractImplementor, SessionChanges> sessions = new ConcurrentHashMap<>();
    private volatile boolean stopped;
    private volatile boolean warnedOfStateless;

    /**
     * Makes one.
     *
     * @param listened the entities that some machine listens to, by class name
     * @param mapped all entities by class
     * @param identifiers tells the ids of references, without loading what they point to
     */
    ChangeCapture(
            ChangeListener listener,
            TransactionalOutbox outbox,
            Map<String, MappedEntity<?, ?>> listened,
            Map<Class<?>, MappedEntity<?, ?>> mapped,
            PersistenceUnitUtil identifiers) {
        this.listener = listener;
        this.outbox = outbox;
        this.listened = listened;
        this.mapped = mapped;
        this.identifiers = identifiers;
    }

    /** Hibernate 7 changed the type that getSession answers, and so the method that a compiled call looks for. */
    private static MethodHandle sessionOf(Class<?> event) {
        try {
            return MethodHandles.publicLookup()
                    .unreflect(event.getMethod("getSession"))
                    .asType(MethodType.methodType(SharedSessionContractImplementor.class, event));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    void register(SessionFactoryImplementor factory) {
        EventListenerRegistry registry = factory.getEventEngine().getListenerRegistry();
        registry.appendListeners(EventType.POST_INSERT, this);
        registry.appendListeners(EventType.POST_UPDATE, this);
        registry.appendListeners(EventType.POST_DELETE, this);
        registry.appendListeners(EventType.POST_COLLECTION_RECREATE, this);
        registry.appendListeners(EventType.POST_COLLECTION_UPDATE, this);
        registry.appendListeners(EventType.POST_COLLECTION_REMOVE, this);
    }

    void stop() {
        stopped = true;
    }

    @Override
    public boolean requiresPostCommitHandling(EntityPersister persister) {
        return false;
    }

    @Override
    public void onPostInsert(PostInsertEvent event) {
        MappedEntity<?, ?> entity = listenedEntity(event.getPersister().getEntityName());
        if (entity != null) {
            add(
                    session(SESSION_OF_INSERT, event),
                    entity,
                    event.getId(),
                    event.getEntity(),
                    ChangeKind.CREATE,
                    ChangedProperties.all());
        }
    }

    @Override
    public void onPostUpdate(PostUpdateEvent event) {
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
        add(session(SESSION_OF_UPDATE, event), entity, event.getId(), event.getEntity(), ChangeKind.UPDATE, changed);
    }

    @Override
    public void onPostDelete(PostDeleteEvent event) {
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
        add(session(SESSION_OF_DELETE, event), entity, event.getId(), event.getEntity(), ChangeKind.DELETE, changed);
    }

    @Override
    public void onPostRecreateCollection(PostCollectionRecreateEvent event) {
        onCollection(event);
    }

    @Override
    public void onPostUpdateCollection(PostCollectionUpdateEvent event) {
        onCollection(event);
    }

    @Override
    public void onPostRemoveCollection(PostCollectionRemoveEvent event) {
        onCollection(event);
    }

    /** A changed collection is a changed property of its owner. */
    private void onCollection(AbstractCollectionEvent event) {
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

    /** The owner's property that holds the collection, from a role like com.acme.Order.address.phones. */
    private static @Nullable String property(PersistentCollection<?> collection) {
        String role = collection.getRole();
        Object owner = collection.getOwner();
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
        return stopped ? null : listened.get(className);
    }

    private static @Nullable SharedSessionContractImplementor session(MethodHandle sessionOf, Object event) {
        try {
            return (SharedSessionContractImplementor) sessionOf.invoke(event);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new HibernateException("the event's session cannot be read", e);
        }
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
        SessionChanges changes = sessions.computeIfAbsent(session, key -> {
            SessionChanges fresh = new SessionChanges(listener, outbox, key, () -> sessions.remove(key));
            key.getTransactionCoordinator().addObserver(fresh);
            return fresh;
        });
        changes.add(entity.name(), entity.encode(id), value, kind, changed);
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
