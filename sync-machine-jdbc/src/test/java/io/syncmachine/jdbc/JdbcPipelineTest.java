package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.syncmachine.ChangeHandler;
import io.syncmachine.Policy;
import io.syncmachine.SubjectIds;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.PlainShop.Customer;
import io.syncmachine.jdbc.PlainShop.Document;
import io.syncmachine.jdbc.PlainShop.Line;
import io.syncmachine.jdbc.PlainShop.LineId;
import io.syncmachine.jdbc.PlainShop.Order;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.Change;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The whole way from a row that plain JDBC wrote to the API. */
class JdbcPipelineTest {

    private final TestDatabase database = TestDatabase.create();
    private final Map<Long, Document> api = new ConcurrentHashMap<>();
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final SyncMachine<Order, Long> orderToApi = SyncMachine.define("order-to-api", Order.class, Long.class)
            .listenTo(Order.class, "status", "customerId")
            .listenTo(
                    Customer.class,
                    Set.of("firstName", "lastName"),
                    customer -> PlainShop.ordersOf(JdbcEntities.connection(), customer.id()))
            .listenTo(Line.class, SubjectIds.one(line -> line.id().orderId()))
            .listenToEvent("customer-merged", Customer.class, SubjectIds.stream(JdbcPipelineTest::orderIds))
            .build(PlainShop::document)
            .publish((order, document) -> put(document))
            .onDelete(this::delete)
            .policy(Policy.defaults().deadline(Duration.ofSeconds(2)))
            .done();

    @BeforeEach
    void createTables() {
        PlainShop.createTables(database);
    }

    @AfterEach
    void closeDatabase() {
        database.close();
    }

    private void put(Document document) {
        calls.add("put " + document.id());
        api.put(document.id(), document);
    }

    private void delete(long id) {
        calls.add("delete " + id);
        api.remove(id);
    }

    /** Read row by row, while the finder's ids are taken. */
    private static Stream<Long> orderIds(Customer customer) throws SQLException {
        PreparedStatement statement =
                JdbcEntities.connection().prepareStatement("select id from orders where customer_id = ? order by id");
        statement.setLong(1, customer.id());
        ResultSet rows = statement.executeQuery();
        return Stream.generate(() -> next(rows)).takeWhile(id -> id >= 0).onClose(() -> close(statement));
    }

    private static long next(ResultSet rows) {
        try {
            return rows.next() ? rows.getLong(1) : -1;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void close(PreparedStatement statement) {
        try {
            statement.close();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private SyncEngine start(DataSource dataSource, boolean works) {
        return start(JdbcStore.builder(dataSource), dataSource, works);
    }

    private SyncEngine start(JdbcStore.Builder store, DataSource dataSource, boolean works) {
        return SyncEngine.builder()
                .machines(orderToApi)
                .entities(PlainShop.entities(dataSource).build())
                .store(store.schemaMode(SchemaMode.CREATE).build())
                .works(works)
                .start();
    }

    private SyncEngine startWithJobsInMemory(DataSource dataSource) {
        return start(JdbcStore.builder(dataSource).jobs(InMemoryStore.forOneProcess()), dataSource, true);
    }

    private SyncEngine start() {
        return start(database.dataSource(), true);
    }

    private static void settle(SyncEngine engine) {
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> engine.backlog().isEmpty());
    }

    private void commit(PlainShop.Work work) {
        PlainShop.commit(database.dataSource(), work);
    }

    private void createOrders(SyncEngine engine, long customer, long... orders) {
        commit(connection -> {
            PlainShop.update(connection, "insert into customers values (?, 'Ann', ?)", customer, "No" + customer);
            for (long order : orders) {
                PlainShop.update(connection, "insert into orders values (?, ?, 'new')", order, customer);
            }
            engine.in(connection)
                    .changed(Order.class, LongStream.of(orders).boxed().toList());
        });
        settle(engine);
        calls.clear();
    }

    @Test
    void whatIsToldIsPublishedWhenItIsCommitted() {
        try (SyncEngine engine = start()) {
            createOrders(engine, 1, 10, 11);
            assertThat(api)
                    .containsOnly(
                            Map.entry(10L, new Document(10, "Ann No1", "new", 0)),
                            Map.entry(11L, new Document(11, "Ann No1", "new", 0)));

            commit(connection -> {
                PlainShop.update(connection, "update orders set status = 'paid' where id = 10");
                engine.in(connection).changed(new Order(10, 1, "paid"));
            });
            settle(engine);
            assertThat(calls).containsExactly("put 10");
            assertThat(api).containsEntry(10L, new Document(10, "Ann No1", "paid", 0));
        }
    }

    @Test
    void whatIsRolledBackIsNotSent() {
        try (SyncEngine engine = start()) {
            createOrders(engine, 1, 10);

            PlainShop.rollBack(database.dataSource(), connection -> {
                PlainShop.update(connection, "update orders set status = 'paid' where id = 10");
                engine.in(connection).changed(Order.class, List.of(10L));
            });

            assertThat(database.number("select count(*) from sync_machine_outbox"))
                    .isZero();
            settle(engine);
            assertThat(calls).isEmpty();
        }
    }

    @Test
    void aSubjectThatIsGoneIsDeleted() {
        try (SyncEngine engine = start()) {
            createOrders(engine, 1, 10, 11);

            commit(connection -> {
                PlainShop.update(connection, "delete from orders where id = 10");
                engine.in(connection).changed(Order.class, List.of(10L));
            });
            settle(engine);

            assertThat(calls).containsExactly("delete 10");
            assertThat(api).containsOnlyKeys(11L);
        }
    }

    @Test
    void aFinderReadsWithTheConnectionOfItsEntity() {
        try (SyncEngine engine = start()) {
            createOrders(engine, 1, 10, 11);
            createOrders(engine, 2, 20);

            commit(connection -> {
                PlainShop.update(connection, "update customers set first_name = 'Anna' where id = 1");
                engine.in(connection).changed(Customer.class, List.of(1L));
            });
            settle(engine);
            assertThat(calls).containsExactlyInAnyOrder("put 10", "put 11");
            assertThat(api).containsEntry(11L, new Document(11, "Anna No1", "new", 0));

            commit(connection -> {
                PlainShop.update(connection, "insert into lines values (10, 'pen', 3)");
                engine.in(connection).changed(new Line(new LineId(10, "pen"), 3));
            });
            settle(engine);
            assertThat(api).containsEntry(10L, new Document(10, "Anna No1", "new", 3));
        }
    }

    @Test
    void theSubjectsOfWhatIsGoneOrMovedAreToldThemselves() {
        try (SyncEngine engine = start()) {
            createOrders(engine, 1, 10, 11);
            createOrders(engine, 2);
            commit(connection -> {
                PlainShop.update(connection, "insert into lines values (10, 'pen', 3)");
                engine.in(connection).changed(Line.class, List.of(new LineId(10, "pen")));
            });
            settle(engine);
            calls.clear();

            commit(connection -> {
                PlainShop.update(connection, "delete from lines where order_id = 10");
                engine.in(connection).changed(Order.class, List.of(10L));
            });
            settle(engine);
            assertThat(calls).containsExactly("put 10");
            assertThat(api).containsEntry(10L, new Document(10, "Ann No1", "new", 0));

            calls.clear();
            commit(connection -> {
                List<Long> moved = PlainShop.ordersOf(connection, 1);
                PlainShop.update(connection, "update orders set customer_id = 2 where customer_id = 1");
                PlainShop.update(connection, "delete from customers where id = 1");
                engine.in(connection).changed(Order.class, moved);
            });
            settle(engine);
            assertThat(calls).containsExactlyInAnyOrder("put 10", "put 11");
            assertThat(api).containsEntry(11L, new Document(11, "Ann No2", "new", 0));
        }
    }

    @Test
    void anEventsFinderMayStream() {
        try (SyncEngine engine = start()) {
            createOrders(engine, 1, 10, 11, 12);
            commit(connection -> {
                PlainShop.update(connection, "update customers set last_name = 'Yang' where id = 1");
                engine.in(connection).signal("customer-merged", new Customer(1, "Ann", "Yang"));
            });
            settle(engine);
            assertThat(calls).containsExactlyInAnyOrder("put 10", "put 11", "put 12");
        }
    }

    @Test
    void aHandlerWritesAndTellsWithItsConnection() {
        SyncEngine[] started = new SyncEngine[1];
        ChangeHandler<Line> total = ChangeHandler.onChange("total", Line.class, change -> {
            Connection connection = change.transaction(Connection.class);
            PlainShop.update(connection, "update orders set status = 'changed' where id = 10");
            started[0].in(connection).changed(Order.class, List.of(10L));
        });
        try (SyncEngine engine = SyncEngine.builder()
                .machines(orderToApi)
                .handlers(total)
                .entities(PlainShop.entities(database.dataSource()).build())
                .store(JdbcStore.builder(database.dataSource())
                        .schemaMode(SchemaMode.CREATE)
                        .build())
                .start()) {
            started[0] = engine;
            createOrders(engine, 1, 10);
            commit(connection -> {
                PlainShop.update(connection, "insert into lines values (10, 'pen', 3)");
                engine.in(connection).changed(Line.class, List.of(new LineId(10, "pen")));
            });
            settle(engine);
            assertThat(api).containsEntry(10L, new Document(10, "Ann No1", "changed", 3));
        }
    }

    @Test
    void aNodeMayOnlyTell() {
        try (SyncEngine telling = start(database.anotherPool(1), false)) {
            commit(connection -> {
                PlainShop.update(connection, "insert into customers values (1, 'Ann', 'Yang')");
                PlainShop.update(connection, "insert into orders values (10, 1, 'new')");
                telling.in(connection).changed(Order.class, List.of(10L));
            });
            assertThat(calls).isEmpty();
            try (SyncEngine working = start()) {
                settle(working);
            }
            assertThat(calls).containsExactly("put 10");
        }
    }

    @Test
    void twoEnginesFollowManyWriters() throws Exception {
        try (SyncEngine one = start();
                SyncEngine other = start(database.anotherPool(20), true)) {
            follow(one, other);
        }
        assertConverged();
    }

    @Test
    void twoEnginesWhoseJobsAreInMemoryFollowManyWriters() throws Exception {
        try (SyncEngine one = startWithJobsInMemory(database.dataSource());
                SyncEngine other = startWithJobsInMemory(database.anotherPool(20))) {
            follow(one, other);
        }
        assertConverged();
        assertThat(database.number("select count(*) from sync_machine_job")).isZero();
    }

    private void follow(SyncEngine one, SyncEngine other) throws Exception {
        int writers = 8;
        createOrders(one, 1, LongStream.range(100, 150).toArray());
        createOrders(one, 2);
        ExecutorService threads = Executors.newFixedThreadPool(writers);
        try {
            List<Callable<Void>> work = IntStream.range(0, writers)
                    .mapToObj(w -> (Callable<Void>) () -> {
                        Random random = new Random(w);
                        for (int i = 0; i < 60; i++) {
                            write(w % 2 == 0 ? one : other, random);
                        }
                        return null;
                    })
                    .toList();
            for (Future<Void> done : threads.invokeAll(work, 60, TimeUnit.SECONDS)) {
                done.get();
            }
        } finally {
            threads.shutdownNow();
        }
        settle(one);
    }

    private void assertConverged() throws Exception {
        assertThat(api).isEqualTo(expected());
        assertThat(database.number("select count(*) from orders where status = 'rolled back'"))
                .isZero();
    }

    /** One transaction of a random kind; every fifth is rolled back. */
    private void write(SyncEngine engine, Random random) {
        long id = 100L + random.nextInt(50);
        boolean commits = random.nextInt(5) > 0;
        PlainShop.Work work = connection -> {
            switch (random.nextInt(4)) {
                case 0 -> {
                    PlainShop.update(connection, "delete from orders where id = ?", id);
                    engine.in(connection).changed(Order.class, List.of(id));
                }
                case 1 -> {
                    PlainShop.update(
                            connection,
                            "insert into orders values (?, ?, 'again') on conflict (id) do nothing",
                            id,
                            1L + random.nextInt(2));
                    engine.in(connection).changed(Order.class, List.of(id));
                }
                case 2 -> {
                    String name = commits ? "n" + random.nextInt(1000) : "rolled back";
                    PlainShop.update(connection, "update customers set last_name = ? where id = 1", name);
                    engine.in(connection).changed(Customer.class, List.of(1L));
                }
                default -> {
                    String status = commits ? "s" + random.nextInt(1000) : "rolled back";
                    PlainShop.update(connection, "update orders set status = ? where id = ?", status, id);
                    engine.in(connection).changed(Order.class, List.of(id));
                }
            }
        };
        if (commits) {
            commit(work);
        } else {
            PlainShop.rollBack(database.dataSource(), work);
        }
    }

    private Map<Long, Document> expected() throws Exception {
        Map<Long, Document> expected = new ConcurrentHashMap<>();
        JdbcEntities entities = PlainShop.entities(database.dataSource()).build();
        List<Long> ids = LongStream.range(100, 150).boxed().toList();
        entities.<Order, Long, Boolean>read(Change.DEFAULT_TENANT, Order.class, ids, found -> {
            for (Order order : found.values()) {
                expected.put(order.id(), PlainShop.document(order));
            }
            return true;
        });
        return expected;
    }
}
