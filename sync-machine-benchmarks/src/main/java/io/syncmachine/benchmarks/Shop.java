package io.syncmachine.benchmarks;

import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.hibernate.Session;

/** The application: what it does to orders and customers, one transaction each. */
final class Shop {

    private final EntityManagerFactory factory;
    private final Peer peer;

    Shop(EntityManagerFactory factory, Peer peer) {
        this.factory = factory;
        this.peer = peer;
    }

    void create(Stock stock, List<Long> orders) {
        inTransaction((entities, changed) -> {
            for (Long id : orders) {
                Order order = new Order(id, entities.getReference(Customer.class, stock.customerOf(id)));
                entities.persist(order);
                changed.add(new Changed(id, order.getRevision(), 0));
            }
        });
    }

    void nextStatus(Long order) {
        inTransaction((entities, changed) -> advance(entities.find(Order.class, order), changed));
    }

    void nextStatuses(List<Long> orders) {
        inTransaction(
                (entities, changed) -> entities.createQuery("select o from Order o where o.id in :ids", Order.class)
                        .setParameter("ids", orders)
                        .getResultList()
                        .forEach(order -> advance(order, changed)));
    }

    private static void advance(Order order, List<Changed> changed) {
        order.nextStatus();
        changed.add(new Changed(order.getId(), order.getRevision(), -1));
    }

    void rename(Long customer, String name) {
        inTransaction((entities, changed) -> {
            Customer renamed = entities.find(Customer.class, customer);
            renamed.rename(name);
            if (peer.wantsToBeTold()) {
                entities.createQuery(
                                "select o.id, o.revision from Order o where o.customer = :customer", Object[].class)
                        .setParameter("customer", renamed)
                        .getResultList()
                        .forEach(row ->
                                changed.add(new Changed((Long) row[0], (Integer) row[1], renamed.getRevision())));
            }
        });
    }

    /** Concerns no document. */
    void move(Long order, String warehouse) {
        inTransaction((entities, changed) -> entities.find(Order.class, order).moveTo(warehouse));
    }

    private void inTransaction(BiConsumer<EntityManager, List<Changed>> work) {
        EntityManager entities = factory.createEntityManager();
        List<Changed> changed = new ArrayList<>();
        try {
            entities.getTransaction().begin();
            work.accept(entities, changed);
            boolean tell = peer.wantsToBeTold() && !changed.isEmpty();
            if (tell) {
                entities.unwrap(Session.class).doWork(connection -> peer.changing(connection, changed));
            }
            entities.getTransaction().commit();
            if (tell) {
                peer.changed(changed);
            }
        } finally {
            if (entities.getTransaction().isActive()) {
                entities.getTransaction().rollback();
            }
            entities.close();
        }
    }
}
