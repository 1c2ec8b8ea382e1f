package io.syncmachine.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.mongodb.client.ClientSession;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import de.bwaldvogel.mongo.MongoServer;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.bson.Document;
import org.bson.codecs.pojo.annotations.BsonId;
import org.bson.types.ObjectId;
import org.junit.jupiter.api.Test;

/** The snippets of the page on MongoDB. */
class MongoSnippetsTest {

    public record Address(String street, String city) {}

    public record Customer(@BsonId ObjectId id, String name, Address address) {}

    public record Order(@BsonId Long id, ObjectId customerId, String status) {}

    record OrderDocument(Long id, String customer, String status) {}

    record Article(String id, String title) {
        static Article of(Document document) {
            return new Article(document.getString("_id"), document.getString("title"));
        }
    }

    static SyncMachine<Order, Long> orderToApi(
            MongoCollection<Order> orders, MongoCollection<Customer> customers, Map<Long, OrderDocument> api) {
        return SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class, "status", "customerId")
                .listenTo(
                        Customer.class,
                        Set.of("name", "address.city"),
                        customer -> MongoEntities.find(orders, Filters.eq("customerId", customer.id()))
                                .map(Order::id))
                .build(order -> new OrderDocument(order.id(), customerOf(customers, order), order.status()))
                .publish((order, document) -> api.put(document.id(), document))
                .onDelete(id -> api.remove(id))
                .done();
    }

    private static String customerOf(MongoCollection<Customer> customers, Order order) {
        Customer customer = MongoEntities.find(customers, Filters.eq("_id", order.customerId()))
                .first();
        return customer == null
                ? "?"
                : customer.name() + ", " + customer.address().city();
    }

    private static SyncEngine start(MongoClient client, SyncMachine<Order, Long> orderToApi) {
        MongoDatabase database = client.getDatabase("shop");
        MongoEntities entities = MongoEntities.builder(client, database)
                .entity(Order.class, Long.class, "orders", Order::id)
                .entity(Customer.class, ObjectId.class, "customers", Customer::id)
                .build();
        SyncEngine engine = SyncEngine.builder()
                .machines(orderToApi)
                .entities(entities)
                .store(MongoStore.of(database))
                .start();
        return engine;
    }

    private static MongoEntities articles(MongoEntities.Builder entities) {
        entities.entity(
                Article.class,
                String.class,
                "articles",
                Article::id,
                article -> article.from(Article::of).properties("title", "price", "price.amount"));
        return entities.build();
    }

    /** Compiled; transactions are for real servers. */
    @SuppressWarnings("unused")
    private static void tell(
            MongoClient client, MongoCollection<Order> orders, SyncEngine engine, MongoEntities entities) {
        try (ClientSession session = client.startSession()) {
            session.startTransaction();
            orders.updateOne(session, Filters.eq("_id", 7L), Updates.set("reviewed", true));
            engine.in(session).changed(Order.class, List.of(7L));
            session.commitTransaction();
        }
        entities.committed();
    }

    @Test
    void work() {
        MongoServer server = TestMongo.startStandIn();
        Map<Long, OrderDocument> api = new ConcurrentHashMap<>();
        try (MongoClient client = TestMongo.client(server.getConnectionString())) {
            MongoDatabase database = client.getDatabase("shop");
            MongoCollection<Order> orders = database.getCollection("orders", Order.class);
            MongoCollection<Customer> customers = database.getCollection("customers", Customer.class);
            try (SyncEngine engine = start(client, orderToApi(orders, customers, api))) {
                ObjectId ada = new ObjectId();
                customers.insertOne(new Customer(ada, "Ada", new Address("1 Main Street", "London")));
                orders.insertOne(new Order(7L, ada, "paid"));

                await().atMost(Duration.ofSeconds(30))
                        .untilAsserted(
                                () -> assertThat(api).containsEntry(7L, new OrderDocument(7L, "Ada, London", "paid")));
                assertThat(engine.deadLetters().count()).isZero();
            }
            assertThat(articles(MongoEntities.builder(client, database))
                            .describe(Article.class)
                            .properties())
                    .contains("price.amount");
        } finally {
            server.shutdownNow();
        }
    }
}
