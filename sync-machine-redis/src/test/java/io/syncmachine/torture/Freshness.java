package io.syncmachine.torture;

import io.syncmachine.torture.Shop.Document;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How long the API lags behind. It knows the committed orders and customers from those who commit them, of whom each has rows of its own,
 * and the API's documents from the API. A subject is behind from the commit that makes the API's document wrong until the API holds the
 * document of that moment or a later one that is right; nobody waits for a document that the API refuses. Safe for use by several threads.
 */
final class Freshness {

    private static final double SHARE = 0.99;

    private final Map<Long, OrderRow> orders = new HashMap<>();
    private final Map<Long, String> customers = new HashMap<>();
    private final Map<Long, Set<Long>> ordersOf = new HashMap<>();
    private final Map<Long, Document> held = new HashMap<>();
    private final Map<Long, Long> behindSince = new HashMap<>();
    private final List<Long> lags = new ArrayList<>();

    /** An order as it is committed. */
    record OrderRow(long customerId, String status, int amount) {}

    Freshness(long customers) {
        for (long id = 1; id <= customers; id++) {
            this.customers.put(id, "customer-" + id);
        }
    }

    /** The order that is committed; null if there is none. */
    synchronized @Nullable OrderRow order(long id) {
        return orders.get(id);
    }

    /** The customer's name that is committed. */
    synchronized @Nullable String customer(long id) {
        return customers.get(id);
    }

    /** An order was committed; null if it was deleted. */
    synchronized void committedOrder(long id, @Nullable OrderRow row) {
        OrderRow before = row == null ? orders.remove(id) : orders.put(id, row);
        if (before != null) {
            ordersOf.getOrDefault(before.customerId(), new HashSet<>()).remove(id);
        }
        if (row != null) {
            ordersOf.computeIfAbsent(row.customerId(), key -> new HashSet<>()).add(id);
        }
        compare(id, true);
    }

    /** A customer's name was committed. */
    synchronized void committedCustomer(long id, String name) {
        customers.put(id, name);
        ordersOf.getOrDefault(id, Set.of()).forEach(order -> compare(order, true));
    }

    /** The API holds this now. */
    synchronized void held(long id, @Nullable Document document) {
        if (document == null) {
            held.remove(id);
        } else {
            held.put(id, document);
        }
        compare(id, false);
    }

    private void compare(long id, boolean committed) {
        OrderRow row = orders.get(id);
        Document wanted = row == null
                ? null
                : new Document(id, String.valueOf(customers.get(row.customerId())), row.status(), row.amount());
        boolean refused = wanted != null && wanted.status().equals(Shop.REFUSED);
        Document there = held.get(id);
        boolean right = wanted == null ? there == null : wanted.equals(there);
        if (right || refused) {
            Long since = behindSince.remove(id);
            if (since != null && right && !committed) {
                lags.add(System.nanoTime() - since);
            }
        } else if (committed) {
            behindSince.putIfAbsent(id, System.nanoTime());
        }
    }

    /** How many subjects are behind. */
    synchronized int behind() {
        return behindSince.size();
    }

    /** Of a hundred times that the API was behind, 99 were not longer. */
    synchronized double p99Seconds() {
        if (lags.isEmpty()) {
            return 0;
        }
        List<Long> sorted = new ArrayList<>(lags);
        Collections.sort(sorted);
        long nanos = sorted.get((int) Math.ceil(sorted.size() * SHARE) - 1);
        return (double) nanos / TimeUnit.SECONDS.toNanos(1);
    }
}
