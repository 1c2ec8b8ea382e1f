package io.syncmachine.mongo;

import static org.awaitility.Awaitility.await;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import io.syncmachine.Policy;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.bson.codecs.pojo.annotations.BsonId;
import org.bson.types.ObjectId;

/** Orders and customers in MongoDB, and an API that holds what was published of the orders: an application without SQL. */
final class Shop implements AutoCloseable {

    static final Duration PATIENCE = Duration.ofSeconds(60);

    public record Address(String street, String city) {}

    public record Customer(@BsonId ObjectId id, String name, Address address) {}

    public record Order(@BsonId Long id, ObjectId customerId, String status) {}

    public record OrderDocument(long id, String customer, String city, String status) {}

    private final MongoClient client = TestMongo.client();
    private final MongoDatabase database = TestMongo.newDatabase();
    final MongoCollection<Order> orders = database.getCollection("orders", Order.class);
    final MongoCollection<Customer> customers = database.getCollection("customers", Customer.class);
    final Map<Long, OrderDocument> api = new ConcurrentHashMap<>();
    final AtomicInteger calls = new AtomicInteger();
    private final List<SyncEngine> engines = new ArrayList<>();

    final SyncMachine<Order, Long> orderToApi = SyncMachine.define("order-to-api", Order.class, Long.class)
            .listenTo(Order.class, "status", "customerId")
            .listenTo(
                    Customer.class,
                    Set.of("name", "address.city"),
                    customer -> MongoEntities.find(orders(), Filters.eq("customerId", customer.id()))
                            .map(Order::id))
            .build(this::document)
            .publish((order, document) -> put(document))
            .onDelete(this::delete)
            .policy(Policy.defaults().deadline(Duration.ofSeconds(5)))
            .done();

    private MongoCollection<Order> orders() {
        return orders;
    }

    OrderDocument document(Order order) {
        Customer customer = MongoEntities.find(customers, Filters.eq("_id", order.customerId()))
                .first();
        return document(
                order, customer == null ? new Customer(order.customerId(), "?", new Address("?", "?")) : customer);
    }

    private static OrderDocument document(Order order, Customer customer) {
        return new OrderDocument(order.id(), customer.name(), customer.address().city(), order.status());
    }

    private void put(OrderDocument document) {
        calls.incrementAndGet();
        api.put(document.id(), document);
    }

    private void delete(Long id) {
        calls.incrementAndGet();
        api.remove(id);
    }

    MongoEntities.Builder entities() {
        return MongoEntities.builder(client, database)
                .entity(Order.class, Long.class, "orders", Order::id)
                .entity(Customer.class, ObjectId.class, "customers", Customer::id);
    }

    MongoStore.Builder store() {
        return MongoStore.builder(database);
    }

    MongoDatabase database() {
        return database;
    }

    SyncEngine start(String name, boolean works) {
        return start(name, works, streams -> streams);
    }

    SyncEngine start(String name, boolean works, Function<Streams, Streams> streams) {
        SyncEngine engine = SyncEngine.builder()
                .machines(orderToApi)
                .entities(entities().build(streams))
                .store(store().build())
                .name(name)
                .works(works)
                .lease(Duration.ofSeconds(12))
                .start();
        engines.add(engine);
        return engine;
    }

    ObjectId createCustomer(String name, String city) {
        ObjectId id = new ObjectId();
        customers.insertOne(new Customer(id, name, new Address("1 Main Street", city)));
        return id;
    }

    void createOrder(long id, ObjectId customer, String status) {
        orders.insertOne(new Order(id, customer, status));
    }

    void changeStatus(long id, String status) {
        orders.updateOne(Filters.eq("_id", id), Updates.set("status", status));
    }

    void move(ObjectId customer, String city) {
        customers.updateOne(Filters.eq("_id", customer), Updates.set("address.city", city));
    }

    /** What the API must hold. */
    Map<Long, OrderDocument> committed() {
        Map<ObjectId, Customer> known = new TreeMap<>();
        customers.find().forEach(customer -> known.put(customer.id(), customer));
        Map<Long, OrderDocument> documents = new TreeMap<>();
        orders.find()
                .forEach(order -> documents.put(
                        order.id(), document(order, Objects.requireNonNull(known.get(order.customerId())))));
        return documents;
    }

    void awaitInStep() {
        await().atMost(PATIENCE).until(() -> new TreeMap<>(api).equals(committed()));
    }

    @Override
    public void close() {
        engines.forEach(SyncEngine::close);
        database.drop();
    }
}
