package io.syncmachine.torture;

import io.syncmachine.Backoff;
import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.SyncMachine;
import io.syncmachine.function.CheckedConsumer;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.jdbc.JdbcStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What is kept in step: orders, whose documents show their customers' names. */
final class Shop {

    /** The API refuses documents with this status for good. */
    static final String REFUSED = "refused";

    static final Duration LEASE = Duration.ofSeconds(5);
    static final Duration GRACE = Duration.ofMillis(250);
    static final Duration DEADLINE = Duration.ofSeconds(1);

    /** How many calls a worker has in flight. */
    static final int CONCURRENCY = 16;

    private static final String ORDERS =
            "select o.id, o.customer_id, c.name, o.status, o.amount from orders o left join customers c on c.id = o.customer_id";

    record Customer(long id, String name) {}

    record Order(long id, long customerId, String customer, String status, int amount) {

        Document document() {
            return new Document(id, customer, status, amount);
        }
    }

    /** What the API gets of an order. */
    record Document(long id, String customer, String status, int amount) {}

    private Shop() {}

    static void createTables(Connection connection, long customers) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table customers (id bigint primary key, name text not null);
                    create table orders (id bigint primary key, customer_id bigint not null, status text not null,
                        amount integer not null);
                    create index on orders (customer_id)""");
            statement.execute("insert into customers select id, 'customer-' || id from generate_series(1, " + customers
                    + ") as id");
        }
    }

    static JdbcEntities entities(DataSource dataSource) {
        return JdbcEntities.builder(dataSource)
                .entity(Order.class, Long.class, Order::id, Shop::orders)
                .entity(Customer.class, Long.class, Customer::id, Shop::customers)
                .build();
    }

    /** The machine; a publication's kind tells the hook whether to put or to delete. */
    static SyncMachine<Order, Long> machine(CheckedConsumer<Publication<Order, Long, Document>> send) {
        return SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class)
                .listenTo(Customer.class, customer -> orderIds(JdbcEntities.connection(), customer.id()))
                .build(Order::document)
                .publish(send)
                .onDeletePublication(send)
                .policy(Policy.defaults()
                        .deadline(DEADLINE)
                        .inFlight(CONCURRENCY)
                        .retry(Backoff.exponential(Duration.ofMillis(200), Duration.ofSeconds(2))))
                .done();
    }

    /** The store of a process; with a Redis at this port, if there is one. */
    static JdbcStore store(JdbcStore.Builder store, @Nullable Integer redis) {
        return (redis == null ? store : TortureRedis.in(redis, store)).build();
    }

    static List<Order> orders(Connection connection, List<Long> ids) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ORDERS + " where o.id = any(?)")) {
            statement.setArray(1, connection.createArrayOf("bigint", ids.toArray()));
            return read(statement);
        }
    }

    private static List<Order> read(PreparedStatement statement) throws SQLException {
        List<Order> orders = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                orders.add(new Order(
                        rows.getLong(1), rows.getLong(2), rows.getString(3), rows.getString(4), rows.getInt(5)));
            }
        }
        return orders;
    }

    static List<Customer> customers(Connection connection, List<Long> ids) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select id, name from customers where id = any(?)")) {
            statement.setArray(1, connection.createArrayOf("bigint", ids.toArray()));
            List<Customer> customers = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    customers.add(new Customer(rows.getLong(1), rows.getString(2)));
                }
            }
            return customers;
        }
    }

    private static List<Long> orderIds(Connection connection, long customer) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select id from orders where customer_id = ?")) {
            statement.setLong(1, customer);
            List<Long> ids = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    ids.add(rows.getLong(1));
                }
            }
            return ids;
        }
    }

    /** The documents of all orders there are, by id. */
    static Map<Long, Document> documents(Connection connection) throws SQLException {
        Map<Long, Document> documents = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(ORDERS)) {
            read(statement).forEach(order -> documents.put(order.id(), order.document()));
        }
        return documents;
    }
}
