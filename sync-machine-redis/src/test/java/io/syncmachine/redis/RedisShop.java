package io.syncmachine.redis;

import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.syncmachine.Limits;
import io.syncmachine.Policy;
import io.syncmachine.SnoozeException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.slf4j.LoggerFactory;

/** An application with customers and orders, which are published with their customers' names, on a database and what its nodes are given besides. */
final class RedisShop implements AutoCloseable {

    static final int ORDERS = 200;
    private static final int CUSTOMERS = 20;
    private static final int WRITERS = 2;
    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.syncmachine");

    private final TestDatabase database = TestDatabase.create(DatabaseKind.H2);
    private final Map<Long, Document> api = new ConcurrentHashMap<>();
    private final AtomicInteger published = new AtomicInteger();
    private final List<SyncEngine> engines = new CopyOnWriteArrayList<>();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final SyncMachine<Order, Long> orderToApi;
    private volatile boolean shut;

    record Customer(long id, String name) {}

    record Order(long id, long customerId, String status) {}

    record Document(long id, String customer, String status) {}

    private interface RowReader<T> {
        T read(ResultSet row) throws SQLException;
    }

    RedisShop(Limits limits) {
        orderToApi = SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class, "status", "customerId")
                .listenTo(Customer.class, Set.of("name"), customer -> ordersOf(customer.id()))
                .build(RedisShop::document)
                .publish((order, document) -> put(document))
                .onDelete(this::delete)
                .policy(Policy.defaults().deadline(Duration.ofSeconds(1)).limits(limits))
                .done();
        database.execute("create table customers (id bigint primary key, name varchar(100) not null)");
        database.execute("create table orders (id bigint primary key, customer_id bigint not null,"
                + " status varchar(100) not null)");
        log.start();
        LOGGER.addAppender(log);
        LOGGER.setAdditive(false);
        LOGGER.setLevel(Level.INFO);
    }

    @Override
    public void close() {
        engines.forEach(SyncEngine::close);
        LOGGER.detachAppender(log);
        LOGGER.setAdditive(true);
        LOGGER.setLevel(null);
        database.close();
    }

    private void put(Document document) {
        if (shut) {
            throw new SnoozeException(Duration.ofSeconds(1), "the API is shut");
        }
        published.incrementAndGet();
        api.put(document.id(), document);
    }

    private void delete(long id) {
        api.remove(id);
    }

    /** Whether the API does nothing but ask to come later. */
    void shut(boolean shut) {
        this.shut = shut;
    }

    private static <T> List<T> query(Connection connection, String sql, List<Long> ids, RowReader<T> reader)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            if (!ids.isEmpty()) {
                statement.setArray(1, connection.createArrayOf("bigint", ids.toArray()));
            }
            List<T> rows = new ArrayList<>();
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    rows.add(reader.read(result));
                }
            }
            return rows;
        }
    }

    private static List<Customer> customers(Connection connection, List<Long> ids) throws SQLException {
        return query(
                connection,
                "select id, name from customers where id = any(?)",
                ids,
                row -> new Customer(row.getLong(1), row.getString(2)));
    }

    private static List<Order> orders(Connection connection, List<Long> ids) throws SQLException {
        return query(
                connection,
                "select id, customer_id, status from orders where id = any(?)",
                ids,
                row -> new Order(row.getLong(1), row.getLong(2), row.getString(3)));
    }

    private static List<Long> ordersOf(long customer) throws SQLException {
        return query(
                JdbcEntities.connection(),
                "select id from orders where customer_id = any(?)",
                List.of(customer),
                row -> row.getLong(1));
    }

    private static Document document(Order order) throws SQLException {
        Customer customer = customers(JdbcEntities.connection(), List.of(order.customerId()))
                .get(0);
        return new Document(order.id(), customer.name(), order.status());
    }

    /** What the API should hold. */
    Map<Long, Document> committed() throws SQLException {
        Map<Long, Document> documents = new TreeMap<>();
        try (Connection connection = database.dataSource().getConnection()) {
            query(
                            connection,
                            "select o.id, c.name, o.status from orders o join customers c on c.id = o.customer_id",
                            List.of(),
                            row -> new Document(row.getLong(1), row.getString(2), row.getString(3)))
                    .forEach(document -> documents.put(document.id(), document));
        }
        return documents;
    }

    /** What the API holds. */
    Map<Long, Document> held() {
        return new TreeMap<>(api);
    }

    /** A process of the application. */
    record Node(SyncEngine engine, JdbcEntities entities) {}

    Node start(String name, boolean works, UnaryOperator<JdbcStore.Builder> parts) {
        JdbcEntities entities = JdbcEntities.builder(database.dataSource())
                .entity(Customer.class, Long.class, Customer::id, RedisShop::customers)
                .entity(Order.class, Long.class, Order::id, RedisShop::orders)
                .build();
        SyncEngine engine = SyncEngine.builder()
                .name(name)
                .machines(orderToApi)
                .entities(entities)
                .store(parts.apply(JdbcStore.builder(database.dataSource()).schemaMode(SchemaMode.CREATE))
                        .build())
                .works(works)
                .lease(Duration.ofSeconds(5))
                .start();
        engines.add(engine);
        return new Node(engine, entities);
    }

    private void commit(Node node, String sql, Class<?> type, long id, Object... parameters) {
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                for (int i = 0; i < parameters.length; i++) {
                    statement.setObject(i + 1, parameters[i]);
                }
                statement.executeUpdate();
            }
            node.engine().in(connection).changed(type, List.of(id));
            connection.commit();
            node.entities().committed();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What an application does until it is told to stop; none of it may fail. */
    private int write(Node node, long seed, AtomicBoolean over) {
        Random random = new Random(seed);
        int transactions = 0;
        while (!over.get()) {
            long order = random.nextInt(ORDERS);
            switch (random.nextInt(5)) {
                case 0 ->
                    commit(
                            node,
                            "update customers set name = ? where id = ?",
                            Customer.class,
                            order % CUSTOMERS,
                            "name " + random.nextInt(1_000),
                            order % CUSTOMERS);
                case 1 -> commit(node, "delete from orders where id = ?", Order.class, order, order);
                case 2 ->
                    commit(
                            node,
                            "merge into orders key (id) values (?, ?, 'new')",
                            Order.class,
                            order,
                            order,
                            order % CUSTOMERS);
                default ->
                    commit(
                            node,
                            "update orders set status = ? where id = ?",
                            Order.class,
                            order,
                            "status " + random.nextInt(1_000),
                            order);
            }
            transactions++;
        }
        return transactions;
    }

    /** Waits until so many more documents are published. */
    void awaitPublications(int more) {
        int before = published.get();
        await().atMost(Duration.ofSeconds(30)).until(() -> published.get() >= before + more);
    }

    void createCustomers(Node node) {
        for (long customer = 0; customer < CUSTOMERS; customer++) {
            commit(node, "insert into customers values (?, 'Ann')", Customer.class, customer, customer);
        }
    }

    void changeAll(Node node, String status) {
        for (long order = 0; order < ORDERS; order++) {
            commit(node, "update orders set status = ? where id = ?", Order.class, order, status, order);
        }
    }

    /** Does something while the application goes on writing. */
    void whileWriting(Node node, Runnable work) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
        try {
            List<Future<Integer>> writers = new ArrayList<>();
            for (long seed = 1; seed <= WRITERS; seed++) {
                long own = seed;
                writers.add(threads.submit(() -> write(node, own, over)));
            }
            work.run();
            over.set(true);
            for (Future<Integer> writer : writers) {
                if (writer.get() == 0) {
                    throw new IllegalStateException("nothing was written");
                }
            }
        } finally {
            over.set(true);
            threads.shutdown();
        }
    }

    /** What the engines and stores logged. */
    List<String> lines() {
        return List.copyOf(log.list).stream()
                .map(event -> event.getLevel() + " " + event.getFormattedMessage())
                .toList();
    }
}
