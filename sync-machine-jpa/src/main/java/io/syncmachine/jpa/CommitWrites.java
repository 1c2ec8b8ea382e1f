package io.syncmachine.jpa;

import io.syncmachine.jdbc.JdbcStoreException;
import io.syncmachine.jdbc.TransactionalOutbox;
import io.syncmachine.spi.Change;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.hibernate.HibernateException;
import org.hibernate.TransactionException;
import org.hibernate.boot.registry.StandardServiceInitiator;
import org.hibernate.boot.registry.StandardServiceRegistryBuilder;
import org.hibernate.engine.jdbc.spi.JdbcCoordinator;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.resource.jdbc.spi.JdbcSessionOwner;
import org.hibernate.resource.jdbc.spi.PhysicalConnectionHandlingMode;
import org.hibernate.resource.transaction.backend.jdbc.spi.JdbcResourceTransaction;
import org.hibernate.resource.transaction.backend.jdbc.spi.JdbcResourceTransactionAccess;
import org.hibernate.resource.transaction.internal.TransactionCoordinatorBuilderInitiator;
import org.hibernate.resource.transaction.spi.DdlTransactionIsolator;
import org.hibernate.resource.transaction.spi.TransactionCoordinator;
import org.hibernate.resource.transaction.spi.TransactionCoordinatorBuilder;
import org.hibernate.resource.transaction.spi.TransactionCoordinatorOwner;
import org.hibernate.resource.transaction.spi.TransactionStatus;
import org.hibernate.service.spi.ServiceContributor;
import org.hibernate.service.spi.ServiceRegistryImplementor;
import org.hibernate.tool.schema.internal.exec.JdbcContext;
import org.jspecify.annotations.Nullable;

/**
 * Writes a transaction's changes in the very moment in which Hibernate commits on the connection, after everybody who may still prevent
 * that, so that both can be one round trip. For this, the service that makes Hibernate's transaction coordinators is wrapped, by
 * Hibernate's own way for that; with JTA it is left alone.
 */
final class CommitWrites implements TransactionCoordinatorOwner, JdbcResourceTransactionAccess {

    /** Whose transaction is about to be committed on this thread, within those that are about to be as well. */
    private static final ThreadLocal<@Nullable CommitWrites> COMMITTING = new ThreadLocal<>();

    private final JdbcCoordinator session;
    private final List<Write> writes = new ArrayList<>();
    private @Nullable CommitWrites outer;
    private boolean failed;

    private record Write(TransactionalOutbox outbox, Collection<Change> changes) {}

    private CommitWrites(JdbcCoordinator session) {
        this.session = session;
    }

    /** Public for Hibernate to find it. */
    public static final class Contributor implements ServiceContributor {

        /** For Hibernate. */
        public Contributor() {}

        @Override
        public void contribute(StandardServiceRegistryBuilder registry) {
            registry.addInitiator(new Initiator());
        }
    }

    /**
     * Takes changes to be written with the commit that the session is about to do.
     *
     * @return false if they are to be written now, for no such commit is known to follow
     */
    static boolean add(
            SharedSessionContractImplementor session, TransactionalOutbox outbox, Collection<Change> changes) {
        CommitWrites committing = COMMITTING.get();
        if (committing == null || committing.session != session.getJdbcCoordinator()) {
            return false;
        }
        committing.writes.add(new Write(outbox, changes));
        return true;
    }

    @Override
    public JdbcResourceTransaction getResourceLocalTransaction() {
        return new WritingTransaction(session.getResourceLocalTransaction());
    }

    @Override
    public void beforeTransactionCompletion() {
        session.beforeTransactionCompletion();
        outer = COMMITTING.get();
        COMMITTING.set(this);
    }

    /** To be called as often as you like. */
    private void end() {
        writes.clear();
        if (COMMITTING.get() != this) {
            return;
        }
        if (outer == null) {
            COMMITTING.remove();
        } else {
            COMMITTING.set(outer);
        }
        outer = null;
    }

    private List<Write> takeAll() {
        List<Write> all = List.copyOf(writes);
        end();
        return all;
    }

    /** All on the session's connection; the last one may commit. */
    private void write(List<Write> all) {
        Connection connection = session.getLogicalConnection().getPhysicalConnection();
        try {
            for (Write write : all.subList(0, all.size() - 1)) {
                write.outbox().append(connection, write.changes());
            }
        } catch (SQLException e) {
            throw SessionChanges.notWritten(e);
        }
        Write last = all.get(all.size() - 1);
        try {
            last.outbox().appendForCommit(connection, last.changes());
        } catch (JdbcStoreException e) {
            throw SessionChanges.notWritten(e.getCause());
        } catch (SQLException e) {
            throw new TransactionException("Unable to commit against JDBC Connection", e);
        }
    }

    @Override
    public boolean isActive() {
        return session.isActive();
    }

    @Override
    public void startTransactionBoundary() {
        session.startTransactionBoundary();
    }

    @Override
    public void afterTransactionBegin() {
        session.afterTransactionBegin();
    }

    @Override
    public void afterTransactionCompletion(boolean successful, boolean delayed) {
        failed = false;
        end();
        session.afterTransactionCompletion(successful, delayed);
    }

    @Override
    public JdbcSessionOwner getJdbcSessionOwner() {
        return session.getJdbcSessionOwner();
    }

    @Override
    public void setTransactionTimeOut(int seconds) {
        session.setTransactionTimeOut(seconds);
    }

    @Override
    public void flushBeforeTransactionCompletion() {
        session.flushBeforeTransactionCompletion();
    }

    /** What newer versions of Hibernate have in {@link JdbcResourceTransaction}. */
    interface Markable {
        void markRollbackOnly();
    }

    /** The session's transaction on its connection. */
    private final class WritingTransaction implements JdbcResourceTransaction, Markable {

        private static final @Nullable MethodHandle MARK_ROLLBACK_ONLY = markingRollbackOnly();

        private final JdbcResourceTransaction transaction;

        WritingTransaction(JdbcResourceTransaction transaction) {
            this.transaction = transaction;
        }

        @Override
        public void begin() {
            transaction.begin();
        }

        /**
         * Hibernate commits in any case; where that was done, the driver sends nothing more. After a failure, older versions of
         * Hibernate roll back what still looks active, and newer ones take for granted that this has been done.
         */
        @Override
        public void commit() {
            List<Write> all = takeAll();
            if (!all.isEmpty()) {
                try {
                    write(all);
                } catch (RuntimeException e) {
                    undo(e);
                    throw e;
                }
            }
            transaction.commit();
        }

        private void undo(RuntimeException failure) {
            failed = true;
            try {
                transaction.rollback();
            } catch (RuntimeException e) {
                failure.addSuppressed(e);
            }
        }

        @Override
        public void rollback() {
            end();
            if (!failed) {
                transaction.rollback();
            }
            failed = false;
        }

        @Override
        public TransactionStatus getStatus() {
            return failed ? TransactionStatus.ACTIVE : transaction.getStatus();
        }

        @Override
        public void markRollbackOnly() {
            try {
                Objects.requireNonNull(MARK_ROLLBACK_ONLY).invoke(transaction);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new HibernateException("the transaction cannot be marked", e);
            }
        }

        private static @Nullable MethodHandle markingRollbackOnly() {
            try {
                return MethodHandles.publicLookup()
                        .findVirtual(
                                JdbcResourceTransaction.class, "markRollbackOnly", MethodType.methodType(void.class));
            } catch (NoSuchMethodException e) {
                return null;
            } catch (IllegalAccessException e) {
                throw new IllegalStateException("this version of Hibernate is not known", e);
            }
        }
    }

    /** Makes the service that the settings say, wrapped. */
    private static final class Initiator implements StandardServiceInitiator<TransactionCoordinatorBuilder> {

        private static final long serialVersionUID = 1L;

        @Override
        public Class<TransactionCoordinatorBuilder> getServiceInitiated() {
            return TransactionCoordinatorBuilder.class;
        }

        @Override
        public TransactionCoordinatorBuilder initiateService(
                Map<String, Object> settings, ServiceRegistryImplementor registry) {
            TransactionCoordinatorBuilder service =
                    TransactionCoordinatorBuilderInitiator.INSTANCE.initiateService(settings, registry);
            return service.isJta() ? service : new Builder(service);
        }
    }

    /** Tells the session's coordinator of a session that writes in its commit, and leaves the rest to the other. */
    private record Builder(TransactionCoordinatorBuilder service) implements TransactionCoordinatorBuilder {

        private static final long serialVersionUID = 1L;

        @Override
        public TransactionCoordinator buildTransactionCoordinator(TransactionCoordinatorOwner owner, Options options) {
            return service.buildTransactionCoordinator(
                    owner instanceof JdbcCoordinator session ? new CommitWrites(session) : owner, options);
        }

        @Override
        public boolean isJta() {
            return service.isJta();
        }

        @Override
        public PhysicalConnectionHandlingMode getDefaultConnectionHandlingMode() {
            return service.getDefaultConnectionHandlingMode();
        }

        @Override
        public DdlTransactionIsolator buildDdlTransactionIsolator(JdbcContext context) {
            return service.buildDdlTransactionIsolator(context);
        }
    }
}
