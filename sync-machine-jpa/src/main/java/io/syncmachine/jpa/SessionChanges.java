package io.syncmachine.jpa;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.jdbc.TransactionalOutbox;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.hibernate.HibernateException;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.resource.transaction.spi.TransactionObserver;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The changes of one transaction, folded per entity, and written before it completes. Used by the session's thread only. */
final class SessionChanges implements TransactionObserver {

    private static final Logger log = LoggerFactory.getLogger(SessionChanges.class);

    private final ChangeListener listener;
    private final TransactionalOutbox outbox;
    private final SharedSessionContractImplementor session;
    private final Runnable forget;
    private final Map<EntityKey, EntityChange> changes = new LinkedHashMap<>();
    private final Set<Change> told = new LinkedHashSet<>();
    private boolean written;

    private record EntityKey(String tenant, String type, String id) {}

    /** What became of an entity; the entity itself only where its finders will be asked, for there may be many. */
    private record EntityChange(@Nullable Object entity, ChangeKind kind, ChangedProperties changed) {

        /** What remains of both: a deletion or creation outlives the updates before and after it. */
        EntityChange fold(EntityChange later) {
            ChangeKind folded = later.kind == ChangeKind.UPDATE ? kind : later.kind;
            return new EntityChange(later.entity == null ? entity : later.entity, folded, changed.union(later.changed));
        }
    }

    /** A deleted entity that a machine's finder is asked about. */
    private record Deleted(String machine, EntityKey key, Object entity, ChangedProperties changed) {}

    SessionChanges(
            ChangeListener listener,
            TransactionalOutbox outbox,
            SharedSessionContractImplementor session,
            Runnable forget) {
        this.listener = listener;
        this.outbox = outbox;
        this.session = session;
        this.forget = forget;
    }

    void add(String tenant, String type, String id, Object entity, ChangeKind kind, ChangedProperties changed) {
        boolean needed =
                kind == ChangeKind.DELETE && !listener.findersOfDeleted(type).isEmpty();
        changes.merge(
                new EntityKey(tenant, type, id),
                new EntityChange(needed ? entity : null, kind, changed),
                EntityChange::fold);
    }

    /** What the application tells by itself. */
    void add(Collection<Change> told) {
        this.told.addAll(told);
    }

    /** Where there is no transaction: what the session has sent to the database counts already. */
    void writeAtOnce() {
        session.getJdbcCoordinator().executeBatch();
        beforeCompletion();
        outbox.committed();
    }

    @Override
    public void afterBegin() {}

    @Override
    public void beforeCompletion() {
        if (changes.isEmpty() && told.isEmpty()) {
            return;
        }
        Connection connection =
                session.getJdbcCoordinator().getLogicalConnection().getPhysicalConnection();
        List<Change> rows = new ArrayList<>(told);
        told.clear();
        while (!changes.isEmpty()) { // a finder may make Hibernate flush what it had not yet
            Map<EntityKey, EntityChange> gathered = new LinkedHashMap<>(changes);
            changes.clear();
            List<Deleted> deleted = new ArrayList<>();
            gathered.forEach((key, change) -> {
                rows.add(row(key, change));
                deleted.addAll(deleted(key, change));
            });
            rows.addAll(subjectsOfDeleted(connection, deleted));
        }
        try {
            outbox.append(connection, rows);
            written = true;
        } catch (SQLException e) {
            throw new HibernateException("the changes could not be written to SyncMachine's outbox", e);
        }
    }

    private Change row(EntityKey key, EntityChange change) {
        Set<String> machines =
                listener.concerned(key.type(), change.kind(), change.changed().names());
        return new Change(
                key.tenant(), key.type(), key.id(), change.kind(), change.changed(), machines, listener.trace());
    }

    private List<Deleted> deleted(EntityKey key, EntityChange change) {
        Object entity = change.entity();
        if (change.kind() != ChangeKind.DELETE || entity == null) {
            return List.of();
        }
        return listener.findersOfDeleted(key.type()).stream()
                .map(machine -> new Deleted(machine, key, entity, change.changed()))
                .toList();
    }

    /**
     * A finder that fails here must not fail the host or spoil what others find: what it did to the transaction is undone. One
     * savepoint serves for all; where one of them fails, they are asked again in halves.
     */
    private List<Change> subjectsOfDeleted(Connection connection, List<Deleted> deleted) {
        if (deleted.isEmpty()) {
            return List.of();
        }
        try {
            Savepoint savepoint = connection.getAutoCommit() ? null : connection.setSavepoint();
            try {
                List<Change> subjects = find(deleted);
                if (savepoint != null) {
                    connection.releaseSavepoint(savepoint);
                }
                return subjects;
            } catch (Exception e) {
                if (savepoint != null) {
                    connection.rollback(savepoint);
                }
                if (deleted.size() == 1) {
                    warn(deleted.get(0), e);
                    return List.of();
                }
            }
        } catch (SQLException e) {
            throw new HibernateException("a savepoint could not be used", e);
        }
        int half = deleted.size() / 2;
        List<Change> subjects = new ArrayList<>(subjectsOfDeleted(connection, deleted.subList(0, half)));
        subjects.addAll(subjectsOfDeleted(connection, deleted.subList(half, deleted.size())));
        return subjects;
    }

    private List<Change> find(List<Deleted> deleted) throws Exception {
        List<Change> subjects = new ArrayList<>();
        for (Deleted one : deleted) {
            subjects.addAll(listener.subjectsOfDeleted(
                    one.machine(), one.key().tenant(), one.key().type(), one.entity(), one.changed()));
        }
        return subjects;
    }

    private static void warn(Deleted deleted, Exception failure) {
        log.warn(
                "machine {}: the subjects of the deleted {} {} could not be found, and are not published anew: its finder must"
                        + " manage with what was loaded when it was deleted",
                deleted.machine(),
                deleted.key().type(),
                deleted.key().id(),
                failure);
    }

    @Override
    public void afterCompletion(boolean successful, boolean delayed) {
        forget.run();
        session.getTransactionCoordinator().removeObserver(this);
        if (successful && written) {
            outbox.committed();
        }
    }
}
