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
    /** The finders of so many entities whose references change are asked within a transaction; their jobs ask the others'. */
    private static final int MOST_UPDATES = 1_000;

    private final ChangeListener listener;
    private final TransactionalOutbox outbox;
    private final Set<String> triggered;
    private final SharedSessionContractImplementor session;
    private final Runnable forget;
    private final Map<EntityKey, EntityChange> changes = new LinkedHashMap<>();
    private final Set<Change> told = new LinkedHashSet<>();
    private boolean written;
    private int asked;

    private record EntityKey(String tenant, String type, String id) {}

    /** What became of an entity; the entity itself only where its finders will be asked, for there may be many. */
    private record EntityChange(@Nullable Object entity, ChangeKind kind, ChangedProperties changed) {

        /** What remains of both: a deletion or creation outlives the updates before and after it. */
        EntityChange fold(EntityChange later) {
            ChangeKind folded = later.kind == ChangeKind.UPDATE ? kind : later.kind;
            return new EntityChange(later.entity == null ? entity : later.entity, folded, changed.union(later.changed));
        }
    }

    /** What a machine's finder is asked about within the transaction. */
    private record Question(String machine, EntityKey key, ChangeKind kind, Object entity, ChangedProperties changed) {}

    /**
     * Makes one.
     *
     * @param triggered the types whose changes triggers in the database tell; only the finders of what is deleted are asked here
     */
    SessionChanges(
            ChangeListener listener,
            TransactionalOutbox outbox,
            Set<String> triggered,
            SharedSessionContractImplementor session,
            Runnable forget) {
        this.listener = listener;
        this.outbox = outbox;
        this.triggered = triggered;
        this.session = session;
        this.forget = forget;
    }

    /** A change of an entity, which need not be known where it is only referred to. */
    void add(
            String tenant,
            String type,
            String id,
            @Nullable Object entity,
            ChangeKind kind,
            ChangedProperties changed) {
        boolean needed = mayBeGone(type, kind, changed)
                && !listener.findersOf(type).isEmpty()
                && (kind == ChangeKind.DELETE || asked++ < MOST_UPDATES);
        changes.merge(
                new EntityKey(tenant, type, id),
                new EntityChange(needed ? entity : null, kind, changed),
                EntityChange::fold);
    }

    /**
     * Whether nobody could ask the entity when its change has become a job: it is deleted, or may be by then, with nobody to tell what it
     * referred to before; triggers tell that themselves.
     */
    private boolean mayBeGone(String type, ChangeKind kind, ChangedProperties changed) {
        return kind == ChangeKind.DELETE
                || (kind == ChangeKind.UPDATE && changed.hasOldReferences() && !triggered.contains(type));
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
        Set<Change> rows = new LinkedHashSet<>(told);
        told.clear();
        while (!changes.isEmpty()) { // a finder may make Hibernate flush what it had not yet
            Map<EntityKey, EntityChange> gathered = new LinkedHashMap<>(changes);
            changes.clear();
            List<Question> questions = new ArrayList<>();
            gathered.forEach((key, change) -> {
                Change row = row(key, change);
                if (!triggered.contains(key.type())) {
                    rows.add(row);
                }
                questions.addAll(questions(key, change, row.machines()));
            });
            rows.addAll(answers(connection, questions));
        }
        write(connection, rows);
        written = true;
    }

    private void write(Connection connection, Collection<Change> rows) {
        if (rows.isEmpty() || CommitWrites.add(session, outbox, rows)) {
            return;
        }
        try {
            outbox.append(connection, rows);
        } catch (SQLException e) {
            throw notWritten(e);
        }
    }

    static HibernateException notWritten(@Nullable Throwable cause) {
        return new HibernateException("the changes could not be written to SyncMachine's outbox", cause);
    }

    private Change row(EntityKey key, EntityChange change) {
        Set<String> machines =
                listener.concerned(key.type(), change.kind(), change.changed().names());
        return new Change(
                key.tenant(), key.type(), key.id(), change.kind(), change.changed(), machines, listener.trace());
    }

    private List<Question> questions(EntityKey key, EntityChange change, Set<String> concerned) {
        Object entity = change.entity();
        if (entity == null || !mayBeGone(key.type(), change.kind(), change.changed())) {
            return List.of();
        }
        return listener.findersOf(key.type()).stream()
                .filter(concerned::contains)
                .map(machine -> new Question(machine, key, change.kind(), entity, change.changed()))
                .toList();
    }

    /**
     * A finder that fails here must not fail the host or spoil what others find: what it did to the transaction is undone. One
     * savepoint serves for all; where one of them fails, they are asked again in halves.
     */
    private List<Change> answers(Connection connection, List<Question> questions) {
        if (questions.isEmpty()) {
            return List.of();
        }
        try {
            Savepoint savepoint = connection.getAutoCommit() ? null : connection.setSavepoint();
            try {
                List<Change> subjects = ask(questions);
                if (savepoint != null) {
                    connection.releaseSavepoint(savepoint);
                }
                return subjects;
            } catch (Throwable e) {
                if (savepoint != null) {
                    connection.rollback(savepoint);
                }
                if (questions.size() == 1) {
                    return instead(questions.get(0), e);
                }
            }
        } catch (SQLException e) {
            throw new HibernateException("a savepoint could not be used", e);
        }
        int half = questions.size() / 2;
        List<Change> subjects = new ArrayList<>(answers(connection, questions.subList(0, half)));
        subjects.addAll(answers(connection, questions.subList(half, questions.size())));
        return subjects;
    }

    private List<Change> ask(List<Question> questions) throws Exception {
        List<Change> subjects = new ArrayList<>();
        for (Question one : questions) {
            subjects.addAll(listener.subjectsOf(
                    one.machine(), one.key().tenant(), one.key().type(), one.kind(), one.entity(), one.changed()));
        }
        return subjects;
    }

    /** The job of an update asks the finder again; of a deleted entity nobody can be asked any more, and any subject may be concerned. */
    private List<Change> instead(Question question, Throwable failure) {
        if (question.kind() != ChangeKind.DELETE) {
            log.debug("machine {}: the finder of {} failed", question.machine(), question.key(), failure);
            return List.of();
        }
        log.warn(
                "machine {}: the subjects of the deleted {} {} could not be found; the machine goes through all of them instead. Its"
                        + " finder must manage with what was loaded when it was deleted",
                question.machine(),
                question.key().type(),
                question.key().id(),
                failure);
        return List.of(Change.resync(question.key().tenant(), Set.of(question.machine()), listener.trace()));
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
