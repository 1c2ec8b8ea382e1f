package io.syncmachine.torture;

import io.syncmachine.SyncEngine;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.torture.Freshness.OrderRow;
import io.syncmachine.torture.Shop.Customer;
import io.syncmachine.torture.Shop.Order;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Changes orders and customers, a few in each transaction, evenly over the time it is given. Of several writers, each has the rows whose
 * ids leave a remainder of its own, so that it knows them; documents show rows of two writers. A transaction whose end is not known is
 * looked up once the database is back.
 */
final class Writer implements Runnable {

    private static final int LARGEST_TRANSACTION = 4;
    private static final int STATUSES = 5;
    private static final long RETRY_MILLIS = 100;

    private final Plan plan;
    private final DataSource pool;
    private final SyncEngine engine;
    private final JdbcEntities entities;
    private final Freshness rows;
    private final Random random;
    private final AtomicLong committed = new AtomicLong();
    private final AtomicLong unclear = new AtomicLong();

    /**
     * What a writer does.
     *
     * @param number its own, from 0
     * @param writers how many there are
     * @param changes how many changes it commits
     * @param subjects how many orders there are for all writers
     * @param customers how many customers there are for all writers
     * @param nanos in what time
     */
    record Plan(int number, int writers, long changes, long subjects, long customers, long nanos) {}

    /** Rows as a transaction leaves them; null for an order that it deletes. */
    private record Transaction(Map<Long, @Nullable OrderRow> orders, Map<Long, String> customers, boolean rolledBack) {

        int size() {
            return orders.size() + customers.size();
        }
    }

    Writer(Plan plan, DataSource pool, SyncEngine engine, JdbcEntities entities, Freshness rows, long seed) {
        this.plan = plan;
        this.pool = pool;
        this.engine = engine;
        this.entities = entities;
        this.rows = rows;
        this.random = new Random(seed + plan.number());
    }

    /** How many changes it has committed. */
    long committed() {
        return committed.get();
    }

    /** How many of its commits were not answered. */
    long unclear() {
        return unclear.get();
    }

    @Override
    public void run() {
        long start = System.nanoTime();
        try {
            while (committed.get() < plan.changes()) {
                long due = start + (long) ((double) plan.nanos() * committed.get() / plan.changes());
                TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
                change();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void change() throws InterruptedException {
        Transaction transaction = plan();
        try {
            boolean commits = false;
            try (Connection connection = pool.getConnection()) {
                connection.setAutoCommit(false);
                write(connection, transaction);
                if (transaction.rolledBack()) {
                    connection.rollback();
                    return;
                }
                commits = true;
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                if (!commits) {
                    TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
                    return;
                }
                unclear.incrementAndGet();
                lookUp(transaction);
                return;
            }
            note(transaction);
        } finally {
            entities.committed();
        }
    }

    private void note(Transaction transaction) {
        transaction.customers().forEach(rows::committedCustomer);
        transaction.orders().forEach(rows::committedOrder);
        committed.addAndGet(transaction.size());
    }

    private Transaction plan() {
        Map<Long, @Nullable OrderRow> orders = new LinkedHashMap<>();
        Map<Long, String> customers = new LinkedHashMap<>();
        boolean rolledBack = oneIn(50);
        int size = (int) Math.min(1 + random.nextInt(LARGEST_TRANSACTION), plan.changes() - committed.get());
        for (int i = 0; i < size; i++) {
            if (oneIn(30)) {
                long id = own(plan.customers());
                customers.put(id, "customer-" + id + "-" + random.nextInt(1_000));
            } else {
                // Some of what is rolled back never exists otherwise.
                long id = own(rolledBack ? 2 * plan.subjects() : plan.subjects());
                orders.put(id, next(rows.order(id)));
            }
        }
        return new Transaction(orders, customers, rolledBack);
    }

    private @Nullable OrderRow next(@Nullable OrderRow now) {
        if (now == null) {
            return new OrderRow(1 + random.nextLong(plan.customers()), "new", 1 + random.nextInt(9));
        }
        if (now.status().equals(Shop.REFUSED) && !oneIn(5)) {
            return new OrderRow(now.customerId(), "new", now.amount());
        }
        int kind = random.nextInt(100);
        if (kind < 6) {
            return null;
        }
        if (kind < 10) {
            return new OrderRow(now.customerId(), Shop.REFUSED, now.amount());
        }
        if (kind < 20) {
            return new OrderRow(1 + random.nextLong(plan.customers()), now.status(), now.amount());
        }
        // Few statuses and amounts: what was published before comes back.
        return kind < 60
                ? new OrderRow(now.customerId(), "status-" + random.nextInt(STATUSES), now.amount())
                : new OrderRow(now.customerId(), now.status(), 1 + random.nextInt(9));
    }

    private boolean oneIn(int times) {
        return random.nextInt(times) == 0;
    }

    /** One of this writer's ids. */
    private long own(long largest) {
        long share = Math.max(largest / plan.writers(), 1);
        return 1 + plan.number() + plan.writers() * random.nextLong(share);
    }

    private void write(Connection connection, Transaction transaction) throws SQLException {
        for (Map.Entry<Long, String> customer : transaction.customers().entrySet()) {
            update(connection, "update customers set name = ? where id = ?", customer.getValue(), customer.getKey());
        }
        for (Map.Entry<Long, @Nullable OrderRow> order : transaction.orders().entrySet()) {
            OrderRow row = order.getValue();
            if (row == null) {
                update(connection, "delete from orders where id = ?", order.getKey());
            } else {
                update(connection, """
                        insert into orders values (?, ?, ?, ?) on conflict (id) do update
                        set customer_id = excluded.customer_id, status = excluded.status, amount = excluded.amount""", order.getKey(), row.customerId(), row.status(), row.amount());
            }
        }
        if (!transaction.orders().isEmpty()) {
            engine.in(connection).changed(Order.class, transaction.orders().keySet());
        }
        if (!transaction.customers().isEmpty()) {
            engine.in(connection)
                    .changed(Customer.class, transaction.customers().keySet());
        }
    }

    private static void update(Connection connection, String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            statement.executeUpdate();
        }
    }

    /** Finds out what has become of a transaction, however long the database is away. */
    private void lookUp(Transaction transaction) throws InterruptedException {
        while (true) {
            try (Connection connection = pool.getConnection()) {
                if (isThere(connection, transaction)) {
                    note(transaction);
                }
                return;
            } catch (SQLException e) {
                TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
            }
        }
    }

    /** Whether the rows are as the transaction leaves them. If they were so before, it makes no difference. */
    private static boolean isThere(Connection connection, Transaction transaction) throws SQLException {
        Map<Long, OrderRow> orders = new LinkedHashMap<>();
        for (Order order :
                Shop.orders(connection, List.copyOf(transaction.orders().keySet()))) {
            orders.put(order.id(), new OrderRow(order.customerId(), order.status(), order.amount()));
        }
        Map<Long, String> customers = new LinkedHashMap<>();
        for (Customer customer :
                Shop.customers(connection, List.copyOf(transaction.customers().keySet()))) {
            customers.put(customer.id(), customer.name());
        }
        return customers.equals(transaction.customers())
                && transaction.orders().entrySet().stream()
                        .allMatch(order -> Objects.equals(order.getValue(), orders.get(order.getKey())));
    }
}
