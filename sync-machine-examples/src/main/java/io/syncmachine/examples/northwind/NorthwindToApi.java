package io.syncmachine.examples.northwind;

import io.syncmachine.Policy;
import io.syncmachine.SubjectIds;
import io.syncmachine.SyncMachine;
import io.syncmachine.SyncMachine.Listening;
import io.syncmachine.examples.support.HttpApi;
import io.syncmachine.jpa.JpaEntities;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** Keeps an API in step with Northwind's orders. */
final class NorthwindToApi {

    private static final String WITH_ALL_OF_IT = """
            select o from Order o
            left join fetch o.customer left join fetch o.employee left join fetch o.shipper
            left join fetch o.lines line left join fetch line.product
            where o.orderId in :ids
            """;

    private static final String OF_PRODUCT = "select line.id.orderId from OrderLine line where line.product = :it";
    private static final String OF_CUSTOMER = "select o.orderId from Order o where o.customer = :it";
    private static final String OF_EMPLOYEE = "select o.orderId from Order o where o.employee = :it";
    private static final String OF_SHIPPER = "select o.orderId from Order o where o.shipper = :it";

    private final EntityManagerFactory factory;

    NorthwindToApi(EntityManagerFactory factory) {
        this.factory = factory;
    }

    /** The same by paths: which changes concern an order is derived from the mapping. */
    static SyncMachine<Order, Short> declared(HttpApi api) {
        return publishing(
                SyncMachine.define("northwind-order", Order.class, Short.class)
                        .reads("orderDate", "requiredDate", "shippedDate", "freight")
                        .reads("shipName", "shipAddress", "shipCity", "shipRegion", "shipPostalCode", "shipCountry")
                        .reads("customer.companyName", "employee.firstName", "employee.lastName")
                        .reads("shipper.companyName")
                        .reads("lines.unitPrice", "lines.quantity", "lines.discount", "lines.product.productName"),
                api);
    }

    SyncMachine<Order, Short> machine(HttpApi api) {
        return publishing(
                SyncMachine.define("northwind-order", Order.class, Short.class)
                        .listenTo(Order.class)
                        .listenTo(
                                OrderLine.class,
                                SubjectIds.one(line -> line.getId().orderId()))
                        .listenTo(Product.class, Set.of("productName"), product -> orderIds(OF_PRODUCT, product))
                        .listenTo(Customer.class, Set.of("companyName"), customer -> orderIds(OF_CUSTOMER, customer))
                        .listenTo(
                                Employee.class,
                                Set.of("firstName", "lastName"),
                                employee -> orderIds(OF_EMPLOYEE, employee))
                        .listenTo(Shipper.class, Set.of("companyName"), shipper -> orderIds(OF_SHIPPER, shipper)),
                api);
    }

    private static SyncMachine<Order, Short> publishing(Listening<Order, Short> listening, HttpApi api) {
        return listening
                .build(OrderDocument::of)
                .publish(publication -> api.put("/orders/" + publication.id(), publication))
                .onDeletePublication(publication -> api.delete("/orders/" + publication.id(), publication))
                .policy(Policy.defaults().deadline(Duration.ofSeconds(2)))
                .done();
    }

    private List<Short> orderIds(String query, Object entity) {
        try (EntityManager entities = factory.createEntityManager()) {
            return entities.createQuery(query, Short.class)
                    .setParameter("it", entity)
                    .getResultList();
        }
    }

    /** Where orders are read from: those of a batch by one query, with all that their documents tell. */
    JpaEntities entities() {
        return JpaEntities.of(factory).loading(Order.class, WITH_ALL_OF_IT);
    }
}
