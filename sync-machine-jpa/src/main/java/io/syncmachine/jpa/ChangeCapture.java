package io.syncmachine.jpa;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.jdbc.TransactionalOutbox;
import io.syncmachine.jpa.TracedReferences.Column;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import jakarta.persistence.PersistenceUnitUtil;
import jakarta.persistence.TypedQuery;
import java.lang.ref.WeakReference;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import org.hibernate.Hibernate;
import org.hibernate.HibernateException;
import org.hibernate.collection.spi.PersistentCollection;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.event.spi.AbstractCollectionEvent;
import org.hibernate.event.spi.PostDeleteEvent;
import org.hibernate.event.spi.PostInsertEvent;
import org.hibernate.event.spi.PostUpdateEvent;
import org.hibernate.event.spi.PostUpsertEvent;
import org.hibernate.event.spi.PreDeleteEvent;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gathers the changes of one session factory that concern a machine, per session. */
final class ChangeCapture {

    private static final Logger log = LoggerFactory.getLogger(ChangeCapture.class);

    private final ChangeListener listener;
    private final TransactionalOutbox outbox;
    private final Map<String, MappedEntity<?, ?>> listened;
    private final Map<String, MappedEntity<?, ?>> mapped;
    private final Set<String> triggered;
    private final PersistenceUnitUtil identifiers;
    private final Tenancy tenancy;
    private final TracedReferences traced;
    /** Weak on both sides: a session's transaction keeps its changes; a session that is closed within it tells nobody. */
    private final Map<SharedSessionContractImplementor, WeakReference<SessionChanges>> sessions =
            Collections.synchronizedMap(new WeakHashMap<>());

    private volatile boolean warnedOfStateless;
    private volatile boolean warnedOfMissingTransaction;

    /**
     * Makes one.
     *
     * @param listened the entities that some machine listens to, by class name
     * @param mapped all entities by class name
     * @param triggered the names of those whose changes are told by triggers
     * @param identifiers tells the ids of references, without loading what they point to
     * @param tenancy tells whose entities are
     * @param traced what to tell besides properties
     */
    ChangeCapture(
            ChangeListener listener,
            TransactionalOutbox outbox,
            Map<String, MappedEntity<?, ?>> listened,
            Map<String, MappedEntity<?, ?>> mapped,
            Set<String> triggered,
            PersistenceUnitUtil identifiers,
            Tenancy tenancy,
            TracedReferences traced) {
        this.listener = listener;
        this.outbox = outbox;
        this.listened = listened;
        this.mapped = mapped;
        this.triggered = triggered;
        this.identifiers = identifiers;
        this.tenancy = tenancy;
        this.traced = traced;
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
        UpdatedState updated = state(event.getPersister(), session)
                .update(event.getDirtyProperties(), event.getOldState(), event.getState());
        if (!listener.concerned(entity.name(), ChangeKind.UPDATE, updated.names())
                .isEmpty()) {
            ChangedProperties changed = updated.withOldReferences(ChangedProperties.of(updated.names()));
            add(session, entity, event.getId(), event.getEntity(), ChangeKind.UPDATE, changed);
        }
    }

    /** Only a stateless session does this, and does not know itself whether it created the entity. */
    void upserted(PostUpsertEvent event, @Nullable SharedSessionContractImplementor session) {
        MappedEntity<?, ?> entity = listenedEntity(event.getPersister().getEntityName());
        if (entity != null) {
            add(session, entity, event.getId(), event.getEntity(), ChangeKind.CREATE, ChangedProperties.all());
        }
    }

    /** A stateless session knows no state but that of the object that it is given. */
    void deleted(PostDeleteEvent event, @Nullable SharedSessionContractImplementor session) {
        EntityPersister persister = event.getPersister();
        MappedEntity<?, ?> entity = listenedEntity(persister.getEntityName());
        if (entity == null) {
            return;
        }
        Object[] known = event.getDeletedState();
        Object[] deleted = known == null ? persister.getValues(event.getEntity()) : known;
        ChangedProperties changed = state(persister, session)
                .delete(deleted)
                .deleteId(event.getEntity())
                .withOldReferences(ChangedProperties.all());
        add(session, entity, event.getId(), event.getEntity(), ChangeKind.DELETE, changed);
    }

    private UpdatedState state(EntityPersister persister, @Nullable SharedSessionContractImplementor session) {
        return new UpdatedState(persister, session, mapped, identifiers);
    }

    /**
     * A changed collection is a changed property of its owner. A stateless session, which only Hibernate 7 tells of, writes the
     * collections of an entity with the entity, all of whose properties count then.
     */
    void collectionChanged(AbstractCollectionEvent event) {
        String ownerName = event.getAffectedOwnerEntityName();
        MappedEntity<?, ?> owner = ownerName == null ? null : listenedEntity(ownerName);
        Object id = event.getAffectedOwnerIdOrNull();
        Object value = event.getAffectedOwnerOrNull();
        SharedSessionContractImplementor session = session(event);
        List<String> changed = properties(event.getCollection());
        if (owner == null || id == null || value == null || session == null || changed.isEmpty()) {
            return;
        }
        if (!listener.concerned(owner.name(), ChangeKind.UPDATE, changed).isEmpty()) {
            add(session, owner, id, value, ChangeKind.UPDATE, ChangedProperties.of(changed));
        }
    }

    /** Who holds an entity that is about to be deleted, where no property of it tells. */
    void deleting(PreDeleteEvent event, @Nullable SharedSessionContractImplementor session) {
        List<Column> holding = traced.holding(event.getEntity());
        MappedEntity<?, ?> entity = listenedEntity(event.getPersister().getEntityName());
        if (holding.isEmpty() || entity == null || session == null) {
            return;
        }
        ChangedProperties changed = ChangedProperties.none();
        for (Column column : holding) {
            for (Object[] owner : TracedReferences.ask(session, column.ownersOf(), List.of(event.getId()))) {
                changed = changed.withOldReference(column.told(), column.owner().encode(owner[0]));
            }
        }
        if (!changed.isNone()) {
            add(session, entity, event.getId(), event.getEntity(), ChangeKind.UPDATE, changed);
        }
    }

    /** What comes to a collection and goes from it, where its elements are not told by a property of theirs. */
    void collectionChanging(AbstractCollectionEvent event, ChangingCollection.Came came) {
        PersistentCollection<?> collection = event.getCollection();
        String role = collection == null ? null : collection.getRole();
        if (collection == null || role == null) {
            return;
        }
        List<Column> columns = came == ChangingCollection.Came.NONE ? List.of() : traced.columns(role);
        boolean told = traced.tellsOf(role);
        SharedSessionContractImplementor session = told || !columns.isEmpty() ? session(event) : null;
        Object ownerId = event.getAffectedOwnerIdOrNull();
        if (session == null || ownerId == null) {
            return;
        }
        ChangingCollection changing = new ChangingCollection(session, collection, role, ownerId, came, identifiers);
        if (told) {
            tellElements(event, changing, session, ownerId);
        }
        columns.forEach(column -> tellFormerOwners(column, changing, session, ownerId));
    }

    private void tellElements(
            AbstractCollectionEvent event,
            ChangingCollection changing,
            SharedSessionContractImplementor session,
            Object ownerId) {
        String ownerName = event.getAffectedOwnerEntityName();
        MappedEntity<?, ?> owner = ownerName == null ? null : listenedEntity(ownerName);
        MappedEntity<?, ?> element = mapped.get(changing.elementName());
        Object value = event.getAffectedOwnerOrNull();
        List<String> properties = properties(event.getCollection());
        if (owner == null || element == null || value == null || properties.isEmpty()) {
            return;
        }
        List<String> form = new ArrayList<>(properties);
        String property = properties.get(properties.size() - 1);
        changing.cameAndWent().forEach(id -> form.add(property + '=' + element.encode(id)));
        add(session, owner, ownerId, value, ChangeKind.UPDATE, ChangedProperties.decoded(form));
    }

    /** Elements that come from another collection change that one, too, which need not be loaded. */
    private void tellFormerOwners(
            Column column, ChangingCollection changing, SharedSessionContractImplementor session, Object ownerId) {
        List<Object> came = changing.came();
        if (came.isEmpty()
                || listener.concerned(column.owner().name(), ChangeKind.UPDATE, List.of(column.property()))
                        .isEmpty()) {
            return;
        }
        for (Object[] former : TracedReferences.ask(session, column.ownersOf(), came)) {
            if (!former[0].equals(ownerId)) {
                changes(session)
                        .add(
                                tenancy.of(session),
                                column.owner().name(),
                                column.owner().encode(former[0]),
                                null,
                                ChangeKind.UPDATE,
                                ChangedProperties.of(List.of(column.property())));
            }
        }
    }

    /** Null if it is stateless: Hibernate has no other way to say it than to fail. */
    private static @Nullable SharedSessionContractImplementor session(AbstractCollectionEvent event) {
        try {
            return event.getSession();
        } catch (NullPointerException e) {
            return null;
        }
    }

    /**
     * The owner's properties that hold the collection, from a role like com.acme.Order.address.phones: the embeddable and the collection
     * in it. There is no collection where a detached owner comes back with another one; then the owner itself is updated, and all its
     * properties count.
     */
    private static List<String> properties(@Nullable PersistentCollection<?> collection) {
        String role = collection == null ? null : collection.getRole();
        Object owner = collection == null ? null : collection.getOwner();
        if (role == null || owner == null) {
            return List.of();
        }
        for (Class<?> type = Hibernate.getClass(owner); type != null; type = type.getSuperclass()) {
            if (role.startsWith(type.getName() + '.')) {
                return paths(role.substring(type.getName().length() + 1));
            }
        }
        return List.of();
    }

    private static List<String> paths(String path) {
        List<String> paths = new ArrayList<>();
        for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
            paths.add(path.substring(0, dot));
        }
        paths.add(path);
        return paths;
    }

    private @Nullable MappedEntity<?, ?> listenedEntity(String className) {
        return listened.get(className);
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
        if (session.isTransactionInProgress()) {
            changes(session).add(tenant, entity.name(), entity.encode(id), value, kind, changed);
        } else {
            warnOfMissingTransaction(entity);
            SessionChanges alone = new SessionChanges(listener, outbox, triggered, session, () -> {});
            alone.add(tenant, entity.name(), entity.encode(id), value, kind, changed);
            alone.writeAtOnce();
        }
    }

    /** What the application tells by itself, at once. */
    void append(Collection<Change> told) {
        outbox.append(told);
    }

    /** Answers a query by a plan that is made for it. */
    <E> List<E> replanning(Connection connection, TypedQuery<E> query) throws SQLException {
        try (TransactionalOutbox.Replanning replanning = outbox.replanning(connection)) {
            return query.getResultList();
        }
    }

    /** The same, in the session's transaction. */
    void append(SharedSessionContractImplementor session, Collection<Change> told) {
        if (!session.isTransactionInProgress()) {
            throw new IllegalStateException("the session or entity manager has no active transaction to join");
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
            changes = new SessionChanges(listener, outbox, triggered, session, () -> sessions.remove(session));
            session.getTransactionCoordinator().addObserver(changes);
            sessions.put(session, new WeakReference<>(changes));
        }
        return changes;
    }

    private void warnOfStateless(MappedEntity<?, ?> entity) {
        if (!warnedOfStateless) {
            warnedOfStateless = true;
            log.warn(
                    "{} was changed in a StatelessSession that this version of Hibernate does not let listeners know: such changes"
                            + " are not captured. Tell them with engine.in(session).changed(…), or use Hibernate 7",
                    entity.name());
        }
    }

    private void warnOfMissingTransaction(MappedEntity<?, ?> entity) {
        if (!warnedOfMissingTransaction) {
            warnedOfMissingTransaction = true;
            log.warn(
                    "{} was changed without a transaction: a crash just after it loses the change. Begin a transaction",
                    entity.name());
        }
    }
}
