package io.syncmachine.examples.orders;

import io.syncmachine.examples.support.Transactions;
import jakarta.persistence.EntityManager;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The application: changes customers and orders, and knows nothing of any API. What it does depends on the seed alone, for every
 * decision is made before the transactions that carry it out are run. For one thread.
 */
final class Shop {

    /** The customer to whom every fourth order belongs. */
    private static final long BIG_CUSTOMER = 1;

    private static final int BIG_SHARE = 4;
    private static final int PER_TRANSACTION = 20;
    private static final int DELETED_SHARE = 10;
    private static final int RENAMED_SHARE = 4;

    private static final List<String> STATUSES = List.of("new", "paid", "packed", "shipped", "delivered", "returned");
    private static final List<String> FIRST_NAMES = List.of("Ada", "Grace", "Alan", "Edsger", "Barbara", "Tony");
    private static final List<String> LAST_NAMES = List.of("Weaver", "Miller", "Fisher", "Mason", "Cooper", "Potter");

    private final Transactions transactions;
    private final Random random;
    private final long customers;
    private final Map<Long, String> statuses = new LinkedHashMap<>();
    private int renames;

    private record NewOrder(long id, long customer, String status, String warehouse) {}

    private record NewStatus(long order, String status) {}

    private record NewName(long customer, String lastName) {}

    Shop(Transactions transactions, long customers, long seed) {
        this.transactions = transactions;
        this.customers = customers;
        this.random = new Random(seed);
    }

    long createCustomers() throws InterruptedException {
        List<Customer> people = LongStream.rangeClosed(1, customers)
                .mapToObj(id -> new Customer(id, pick(FIRST_NAMES), pick(LAST_NAMES)))
                .toList();
        return transactions.forEach(people, PER_TRANSACTION, EntityManager::persist);
    }

    long createOrders(long number) throws InterruptedException {
        List<NewOrder> orders = LongStream.rangeClosed(1, number)
                .mapToObj(id -> new NewOrder(id, customerOf(id), STATUSES.get(0), warehouse()))
                .toList();
        orders.forEach(order -> statuses.put(order.id(), order.status()));
        return transactions.forEach(orders, PER_TRANSACTION, (entities, order) -> {
            Customer customer = entities.getReference(Customer.class, order.customer());
            entities.persist(new Order(order.id(), customer, order.status(), order.warehouse()));
        });
    }

    private long customerOf(long order) {
        boolean big = customers == 1 || order % BIG_SHARE == 0;
        return big ? BIG_CUSTOMER : 2 + random.nextLong(customers - 1);
    }

    /** Gives each order another status. */
    long changeStatuses() throws InterruptedException {
        return changeStatuses(List.copyOf(statuses.keySet()));
    }

    private long changeStatuses(List<Long> orders) throws InterruptedException {
        List<NewStatus> changes = orders.stream()
                .map(id -> new NewStatus(id, otherStatus(statuses.get(id))))
                .toList();
        changes.forEach(change -> statuses.put(change.order(), change.status()));
        return transactions.forEach(
                changes,
                PER_TRANSACTION,
                (entities, change) -> entities.find(Order.class, change.order()).setStatus(change.status()));
    }

    /** Renames a quarter of the customers, but not the big one. */
    long renameCustomers() throws InterruptedException {
        List<NewName> changes = LongStream.rangeClosed(2, customers)
                .filter(id -> id % RENAMED_SHARE == 2)
                .mapToObj(id -> new NewName(id, newLastName()))
                .toList();
        return rename(changes);
    }

    /** Renames the customer with very many orders. */
    long renameBigCustomer() throws InterruptedException {
        return rename(List.of(new NewName(BIG_CUSTOMER, newLastName())));
    }

    private long rename(List<NewName> changes) throws InterruptedException {
        return transactions.forEach(
                changes,
                PER_TRANSACTION,
                (entities, change) ->
                        entities.find(Customer.class, change.customer()).setLastName(change.lastName()));
    }

    /** Moves each order to another warehouse, of which the API knows nothing. */
    long changeWarehouses() throws InterruptedException {
        String suffix = "-" + random.nextInt(1000);
        return transactions.forEach(List.copyOf(statuses.keySet()), PER_TRANSACTION, (entities, id) -> {
            Order order = entities.find(Order.class, id);
            order.setWarehouseCode(order.getWarehouseCode() + suffix);
        });
    }

    /** Deletes a tenth of the orders. */
    long deleteOrders() throws InterruptedException {
        return delete(some(statuses.size() / DELETED_SHARE));
    }

    private long delete(List<Long> orders) throws InterruptedException {
        orders.forEach(statuses::remove);
        return transactions.forEach(
                orders, PER_TRANSACTION, (entities, id) -> entities.remove(entities.find(Order.class, id)));
    }

    /** Some of everything: statuses of all orders, names of customers, deletions. */
    long changeEverything() throws InterruptedException {
        long changes = changeStatuses();
        changes += renameCustomers();
        changes += delete(some(statuses.size() / DELETED_SHARE / 2));
        return changes + changeStatuses(some(statuses.size() / 2));
    }

    /** One change of each of some orders, to be committed later. */
    Map<Long, Runnable> singleChanges(int number) {
        Map<Long, Runnable> changes = new LinkedHashMap<>();
        for (long id : some(number)) {
            String status = otherStatus(statuses.get(id));
            statuses.put(id, status);
            changes.put(
                    id,
                    () -> transactions.run(
                            entities -> entities.find(Order.class, id).setStatus(status)));
        }
        return changes;
    }

    private List<Long> some(int number) {
        List<Long> ids = new ArrayList<>(statuses.keySet());
        Collections.shuffle(ids, random);
        return List.copyOf(ids.subList(0, Math.min(number, ids.size())));
    }

    private String otherStatus(@Nullable String status) {
        int index = STATUSES.indexOf(status);
        return STATUSES.get((index + 1 + random.nextInt(STATUSES.size() - 1)) % STATUSES.size());
    }

    private String newLastName() {
        return pick(LAST_NAMES) + "-" + ++renames;
    }

    private String warehouse() {
        return "W" + random.nextInt(100);
    }

    private String pick(List<String> names) {
        return names.get(random.nextInt(names.size()));
    }
}
