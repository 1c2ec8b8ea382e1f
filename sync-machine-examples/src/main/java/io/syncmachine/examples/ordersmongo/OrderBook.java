package io.syncmachine.examples.ordersmongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.UpdateOneModel;
import com.mongodb.client.model.Updates;
import com.mongodb.client.model.WriteModel;
import io.syncmachine.examples.support.Trial.SingleChange;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.bson.conversions.Bson;
import org.bson.types.ObjectId;

/** What the application does with its customers and orders. For one thread. */
final class OrderBook {

    private static final List<String> STATUSES = List.of("new", "paid", "packed", "shipped", "delivered", "returned");
    private static final List<String> CITIES = List.of("London", "Paris", "Rome", "Vienna", "Lisbon", "Oslo");
    private static final int DELETED_SHARE = 10;
    private static final int MOVED_SHARE = 4;

    private final MongoCollection<Order> orders;
    private final MongoCollection<Customer> customers;
    private final Random random;
    private final List<ObjectId> people = new ArrayList<>();
    private final List<Long> open = new ArrayList<>();
    private int changes;

    OrderBook(MongoDatabase database, long seed) {
        this.orders = database.getCollection("orders", Order.class);
        this.customers = database.getCollection("customers", Customer.class);
        this.random = new Random(seed);
    }

    long create(long numberOfCustomers, long numberOfOrders) {
        List<Customer> newCustomers = LongStream.rangeClosed(1, numberOfCustomers)
                .mapToObj(i ->
                        new Customer(new ObjectId(), "Customer " + i, new Address(i + " Main Street", pick(CITIES))))
                .toList();
        newCustomers.forEach(customer -> people.add(customer.id()));
        customers.insertMany(newCustomers);
        List<Order> newOrders = LongStream.rangeClosed(1, numberOfOrders)
                .mapToObj(id -> new Order(id, pick(people), STATUSES.get(0)))
                .toList();
        newOrders.forEach(order -> open.add(order.id()));
        orders.insertMany(newOrders);
        return numberOfCustomers + numberOfOrders;
    }

    /** Gives each order another status. */
    long changeStatuses() {
        return update(orders, open, id -> Updates.set("status", newStatus()));
    }

    /** Every fourth customer moves to another city. */
    long moveCustomers() {
        return update(
                customers,
                people.subList(0, Math.max(people.size() / MOVED_SHARE, 1)),
                id -> Updates.set("address.city", pick(CITIES) + ++changes));
    }

    /** Each customer's street is written differently, of which the API knows nothing. */
    long changeStreets() {
        return update(customers, people, id -> Updates.set("address.street", ++changes + " High Street"));
    }

    private static <T, ID> long update(MongoCollection<T> collection, List<ID> ids, Function<ID, Bson> update) {
        List<WriteModel<T>> updates = new ArrayList<>();
        ids.forEach(id -> updates.add(new UpdateOneModel<>(Filters.eq(id), update.apply(id))));
        return collection.bulkWrite(updates).getMatchedCount();
    }

    /** Deletes a tenth of the orders. */
    long deleteSome() {
        List<Long> some = some(Math.max(open.size() / DELETED_SHARE, 1));
        open.removeAll(some);
        return orders.deleteMany(Filters.in("_id", some)).getDeletedCount();
    }

    /** Changes of all kinds. */
    long changeEverything() {
        return changeStatuses() + moveCustomers() + deleteSome() + changeStatuses();
    }

    /** One change of each of some orders, to be made later. */
    List<SingleChange> singleChanges(int number) {
        return some(number).stream()
                .map(id -> new SingleChange(
                        id.toString(), () -> orders.updateOne(Filters.eq(id), Updates.set("status", newStatus()))))
                .toList();
    }

    private List<Long> some(int number) {
        List<Long> ids = new ArrayList<>(open);
        Collections.shuffle(ids, random);
        return List.copyOf(ids.subList(0, Math.min(number, ids.size())));
    }

    /** One that no order had before, so that each change is one. */
    private String newStatus() {
        return pick(STATUSES) + "-" + ++changes;
    }

    private <T> T pick(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    /** What the API should hold, of what is stored: nothing of this goes through SyncMachine. */
    Map<Long, OrderDocument> documents() {
        Map<ObjectId, Customer> byId = new HashMap<>();
        customers.find().forEach(customer -> byId.put(customer.id(), customer));
        Map<Long, OrderDocument> documents = new TreeMap<>();
        for (Order order : orders.find()) {
            Customer customer = byId.get(order.customerId());
            if (customer != null) {
                documents.put(order.id(), OrderToApi.document(order, customer));
            }
        }
        return documents;
    }
}
