package io.syncmachine.jpa;

import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.EntityTransaction;
import jakarta.persistence.TypedQuery;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.hibernate.CacheMode;
import org.hibernate.FlushMode;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.engine.spi.SessionFactoryImplementor;

/** Sessions of this source's own, one for each query that goes along paths. */
final class PathSessions implements MappedPaths.Sessions {

    private final EntityManagerFactory factory;
    private final Tenancy tenancy;
    private final Answering answering;

    /** How a query is answered in a session. */
    interface Answering {
        List<Object[]> answer(EntityManager manager, TypedQuery<Object[]> query);
    }

    PathSessions(EntityManagerFactory factory, Tenancy tenancy, Answering answering) {
        this.factory = factory;
        this.tenancy = tenancy;
        this.answering = answering;
    }

    @Override
    public List<Object[]> answer(String tenant, String query, int most, Map<String, ?> parameters) {
        try (EntityManager manager = tenancy.open(tenant)) {
            Session session = manager.unwrap(Session.class);
            session.setHibernateFlushMode(FlushMode.MANUAL);
            session.setCacheMode(CacheMode.IGNORE);
            EntityTransaction transaction = manager.getTransaction();
            transaction.begin();
            try {
                return answering.answer(manager, query(manager, query, most, parameters));
            } finally {
                transaction.rollback();
            }
        }
    }

    private static TypedQuery<Object[]> query(EntityManager manager, String text, int most, Map<String, ?> parameters) {
        TypedQuery<Object[]> query = manager.createQuery(text, Object[].class).setMaxResults(most);
        parameters.forEach(query::setParameter);
        return query;
    }

    @Override
    public List<String> statements(String query, int most, Map<String, ?> parameters) {
        List<String> statements = new ArrayList<>();
        SessionFactory sessions = factory.unwrap(SessionFactory.class);
        try (Session session = sessions.withOptions()
                .statementInspector(statement -> {
                    statements.add(statement);
                    return statement;
                })
                .openSession()) {
            query(session, query, most, parameters).getResultList();
        } catch (RuntimeException e) {
            if (statements.isEmpty()) {
                statements.add(query); // the statement cannot be told: it is none of a tenant's, say
            }
        }
        return statements;
    }

    @Override
    public void check(String query) {
        factory.unwrap(SessionFactoryImplementor.class)
                .getQueryEngine()
                .getHqlTranslator()
                .translate(query, Object[].class);
    }
}
