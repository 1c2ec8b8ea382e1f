package io.syncmachine.examples.ordersmongo;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import io.syncmachine.Backoff;
import io.syncmachine.Policy;
import io.syncmachine.SyncMachine;
import io.syncmachine.examples.support.HttpApi;
import io.syncmachine.mongo.MongoEntities;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.bson.types.ObjectId;

/** Keeps an API in step with the orders. */
final class OrderToApi {

    private static final Policy POLICY = Policy.defaults()
            .deadline(Duration.ofSeconds(2))
            .retry(Backoff.exponential(Duration.ofMillis(200), Duration.ofSeconds(5)));

    private OrderToApi() {}

    static SyncMachine<Order, Long> machine(HttpApi api, MongoDatabase database) {
        MongoCollection<Order> orders = database.getCollection("orders", Order.class);
        MongoCollection<Customer> customers = database.getCollection("customers", Customer.class);
        return SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class, "status", "customerId")
                .listenTo(
                        Customer.class,
                        Set.of("name", "address.city"),
                        customer -> MongoEntities.find(orders, Filters.eq("customerId", customer.id()))
                                .map(Order::id))
                .build(order -> document(order, customer(customers, order)))
                .publish(publication -> api.put("/orders/" + publication.id(), publication))
                .onDeletePublication(publication -> api.delete("/orders/" + publication.id(), publication))
                .policy(POLICY)
                .done();
    }

    private static Customer customer(MongoCollection<Customer> customers, Order order) {
        return Objects.requireNonNull(
                MongoEntities.find(customers, Filters.eq(order.customerId())).first());
    }

    static OrderDocument document(Order order, Customer customer) {
        return new OrderDocument(order.id(), customer.name(), customer.address().city(), order.status());
    }

    static MongoEntities entities(MongoClient client, MongoDatabase database) {
        return MongoEntities.builder(client, database)
                .entity(Order.class, Long.class, "orders", Order::id)
                .entity(Customer.class, ObjectId.class, "customers", Customer::id)
                .build();
    }
}
