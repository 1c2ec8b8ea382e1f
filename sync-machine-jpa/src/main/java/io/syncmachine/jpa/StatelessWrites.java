package io.syncmachine.jpa;

import java.lang.ref.WeakReference;
import java.util.Map;
import org.hibernate.StatelessSession;
import org.hibernate.boot.registry.StandardServiceInitiator;
import org.hibernate.boot.registry.StandardServiceRegistryBuilder;
import org.hibernate.engine.jdbc.mutation.MutationExecutor;
import org.hibernate.engine.jdbc.mutation.internal.MutationExecutorServiceInitiator;
import org.hibernate.engine.jdbc.mutation.spi.BatchKeyAccess;
import org.hibernate.engine.jdbc.mutation.spi.MutationExecutorService;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.event.spi.EventSource;
import org.hibernate.event.spi.PostInsertEvent;
import org.hibernate.service.spi.ServiceContributor;
import org.hibernate.service.spi.ServiceRegistryImplementor;
import org.hibernate.sql.model.MutationOperationGroup;
import org.jspecify.annotations.Nullable;

/**
 * Which stateless session the current thread writes with. Hibernate 6 tells listeners what such a session wrote, but not the session;
 * it does tell it to the service that executes the statement just before, in the same thread. So that service is wrapped, by Hibernate's
 * own way for that; it is left alone from Hibernate 7 on, whose events know their session.
 */
final class StatelessWrites {

    private static final ThreadLocal<@Nullable WeakReference<SharedSessionContractImplementor>> WRITING =
            new ThreadLocal<>();

    private StatelessWrites() {}

    /** Public for Hibernate to find it. */
    public static final class Contributor implements ServiceContributor {

        /** For Hibernate. */
        public Contributor() {}

        @Override
        public void contribute(StandardServiceRegistryBuilder registry) {
            if (!eventsKnowStatelessSessions()) {
                registry.addInitiator(new Initiator());
            }
        }
    }

    private static boolean eventsKnowStatelessSessions() {
        try {
            return PostInsertEvent.class.getMethod("getSession").getReturnType() != EventSource.class;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException("this version of Hibernate is not known", e);
        }
    }

    /** The session of the event that is being told; null if it is not known, or closed. */
    static @Nullable SharedSessionContractImplementor session() {
        WeakReference<SharedSessionContractImplementor> writing = WRITING.get();
        SharedSessionContractImplementor session = writing == null ? null : writing.get();
        WRITING.remove();
        return session == null || session.isClosed() ? null : session;
    }

    private static void writes(SharedSessionContractImplementor session) {
        if (session instanceof StatelessSession) {
            WRITING.set(new WeakReference<>(session));
        } else {
            WRITING.remove();
        }
    }

    /** Makes the service that the settings say, wrapped. */
    private static final class Initiator implements StandardServiceInitiator<MutationExecutorService> {

        private static final long serialVersionUID = 1L;

        @Override
        public Class<MutationExecutorService> getServiceInitiated() {
            return MutationExecutorService.class;
        }

        @Override
        public MutationExecutorService initiateService(
                Map<String, Object> settings, ServiceRegistryImplementor registry) {
            return new Watched(MutationExecutorServiceInitiator.INSTANCE.initiateService(settings, registry));
        }
    }

    /** Notes the session, and leaves the rest to the other. */
    private record Watched(MutationExecutorService service) implements MutationExecutorService {

        private static final long serialVersionUID = 1L;

        @Override
        public MutationExecutor createExecutor(
                BatchKeyAccess batchKey, MutationOperationGroup operations, SharedSessionContractImplementor session) {
            writes(session);
            return service.createExecutor(batchKey, operations, session);
        }
    }
}
