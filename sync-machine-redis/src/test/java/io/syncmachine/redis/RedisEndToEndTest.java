package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** The whole way from a row to the API, with jobs, leases and wake-ups in Redis, which dies and comes back on the way. */
class RedisEndToEndTest {

    private static final int ORDERS = 200;
    private static final int CUSTOMERS = 20;
    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.syncmachine.internal");

    private final TestDatabase database = TestDatabase.create(DatabaseKind.H2);
    private final TestRedis server = TestRedis.start("--save", "", "--appendonly", "yes", "--appendfsync", "always");
    private final TestRedis leases = TestRedis.start("--save", "");
    private final Map<Long, Document> api = new ConcurrentHashMap<>();
    private volatile boolean shut;
    private final AtomicInteger published = new AtomicInteger();
    private final List<SyncEngine> engines = new CopyOnWriteArrayList<>();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    private final SyncMachine<Order, Long> orderToApi = SyncMachine.define("order-to-api", Order.class, Long.class)
            .listenTo(Order.class, "status", "customerId")
            .listenTo(Customer.class, Set.of("name"), customer -> ordersOf(customer.id()))
            .build(RedisEndToEndTest::document)
            .publish((order, document) -> put(document))
            .onDelete(this::delete)
            .policy(Policy.defaults().deadline(Duration.ofSeconds(1)))
            .done();

    record Customer(long id, String name) {}

    record Order(long id, long customerId, String status) {}

    record Document(long id, String customer, String status) {}

    private interface RowReader<T> {
        T read(ResultSet row) throws SQLException;
    }

    @BeforeEach
    void begin() {
        database.execute("create table customers (id bigint primary key, name varchar(100) not null)");
        database.execute("create table orders (id bigint primary key, customer_id bigint not null,"
                + " status varchar(100) not null)");
        log.start();
        LOGGER.addAppender(log);
        LOGGER.setAdditive(false);
        LOGGER.setLevel(Level.INFO);
    }

    @AfterEach
    void end() {
        engines.forEach(SyncEngine::close);
        LOGGER.detachAppender(log);
        LOGGER.setAdditive(true);
        LOGGER.setLevel(null);
        server.close();
        leases.close();
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

    private Map<Long, Document> committed() throws SQLException {
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

    /** A process of the application. */
    private record Node(SyncEngine engine, JdbcEntities entities) {}

    private Node start(String name, boolean works, boolean exclusive) {
        JdbcEntities entities = JdbcEntities.builder(database.dataSource())
                .entity(Customer.class, Long.class, Customer::id, RedisEndToEndTest::customers)
                .entity(Order.class, Long.class, Order::id, RedisEndToEndTest::orders)
                .build();
        SyncEngine engine = SyncEngine.builder()
                .name(name)
                .machines(orderToApi)
                .entities(entities)
                .store(JdbcStore.builder(database.dataSource())
                        .schemaMode(SchemaMode.CREATE)
                        .jobs(RedisJobs.builder(server.client())
                                .exclusive(exclusive)
                                .build())
                        .leases(RedisLeases.of(leases.client()))
                        .wakeUps(RedisWakeups.of(server.client()))
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

    private void awaitPublications(int more) {
        int before = published.get();
        await().atMost(Duration.ofSeconds(30)).until(() -> published.get() >= before + more);
    }

    /** Nothing but what Redis has kept leads to what was changed here. */
    private void killWhileJobsWait(Node host) {
        shut = true;
        for (long order = 0; order < ORDERS; order++) {
            commit(host, "update orders set status = 'last' where id = ?", Order.class, order, order);
        }
        await().atMost(Duration.ofSeconds(30))
                .until(() -> host.engine().backlog().changes() == 0);
        assertThat(host.engine().backlog().jobs()).isPositive();
        server.kill();
        server.restart();
        shut = false;
    }

    private List<String> lines() {
        return List.copyOf(log.list).stream()
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingIsLostWhereRedisDiesAndComesBackAndForgetsLeases(boolean exclusive) throws Exception {
        Node host = start("host", false, exclusive);
        start("node-1", true, exclusive);
        start("node-2", true, exclusive);
        for (long customer = 0; customer < CUSTOMERS; customer++) {
            commit(host, "insert into customers values (?, 'Ann')", Customer.class, customer, customer);
        }
        AtomicBoolean over = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Future<Integer>> writers = new ArrayList<>();
            for (long seed = 1; seed <= 2; seed++) {
                long own = seed;
                writers.add(threads.submit(() -> write(host, own, over)));
            }
            for (int round = 0; round < 2; round++) {
                awaitPublications(100);
                server.kill();
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> lines().stream().anyMatch(line -> line.contains("is away")));
                server.restart();
                awaitPublications(100);
                leases.flush();
            }
            over.set(true);
            for (Future<Integer> writer : writers) {
                assertThat(writer.get()).isPositive();
            }
        } finally {
            over.set(true);
            threads.shutdown();
        }
        killWhileJobsWait(host);

        await().atMost(Duration.ofSeconds(60))
                .until(() -> host.engine().backlog().isEmpty());
        assertThat(new TreeMap<>(api)).isEqualTo(committed());
        assertThat(host.engine().deadLetters().count()).isZero();
        assertThat(lines()).noneMatch(line -> line.contains("failed, and will be tried again"));
    }
}
