package io.syncmachine.examples.orders;

import io.syncmachine.Backoff;
import io.syncmachine.Policy;
import io.syncmachine.SubjectIds;
import io.syncmachine.SyncMachine;
import io.syncmachine.examples.support.HttpApi;
import io.syncmachine.jpa.JpaEntities;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Stream;

/** Keeps an API in step with the orders. */
final class OrderToApi {

    static final Policy POLICY = Policy.defaults()
            .deadline(Duration.ofSeconds(2))
            .retry(Backoff.exponential(Duration.ofMillis(200), Duration.ofSeconds(5)));

    private OrderToApi() {}

    static SyncMachine<Order, Long> machine(HttpApi api, EntityManagerFactory factory) {
        return SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class, "status", "customer")
                .listenTo(
                        Customer.class,
                        Set.of("firstName", "lastName"),
                        SubjectIds.stream(customer -> orderIds(factory, customer)))
                .build(order ->
                        new OrderDocument(order.getId(), order.getCustomer().getFullName(), order.getStatus()))
                .publish(publication -> api.put("/orders/" + publication.id(), publication))
                .onDeletePublication(publication -> api.delete("/orders/" + publication.id(), publication))
                .policy(POLICY)
                .done();
    }

    /** The ids of a customer's orders, however many: no order is read for it. */
    static Stream<Long> orderIds(EntityManagerFactory factory, Customer customer) {
        EntityManager entities = factory.createEntityManager();
        return entities.createQuery("select o.id from Order o where o.customer.id = :id", Long.class)
                .setParameter("id", customer.getId())
                .getResultStream()
                .onClose(entities::close);
    }

    /** Where orders are read from: those of a batch by one query, each with its customer. */
    static JpaEntities entities(EntityManagerFactory factory) {
        return JpaEntities.of(factory)
                .loading(Order.class, "select o from Order o join fetch o.customer where o.id in :ids");
    }
}
