package io.syncmachine.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.jooq.impl.DSL.field;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.function.CheckedBiFunction;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.test.ManualThreads;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.apache.ibatis.annotations.Param;
import org.apache.ibatis.annotations.Select;
import org.apache.ibatis.annotations.Update;
import org.apache.ibatis.mapping.Environment;
import org.apache.ibatis.session.Configuration;
import org.apache.ibatis.session.SqlSession;
import org.apache.ibatis.session.SqlSessionFactory;
import org.apache.ibatis.session.SqlSessionFactoryBuilder;
import org.apache.ibatis.transaction.jdbc.JdbcTransactionFactory;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The snippets of docs/plain-jdbc.md, run. */
class PlainJdbcTest {

    static {
        System.setProperty("org.jooq.no-logo", "true");
        System.setProperty("org.jooq.no-tips", "true");
    }

    record Order(long id, long customerId, String status) {}

    record Customer(long id, String name) {}

    record OrderDocument(long id, String customer, String status) {}

    interface OrderMapper {
        @Update("update orders set status = 'paid' where id = #{id}")
        void pay(long id);

        @Select("""
                <script>
                select id, customer_id, status from orders
                where id in <foreach item="id" collection="ids" open="(" separator="," close=")">#{id}</foreach>
                </script>""")
        List<Order> load(@Param("ids") List<Long> ids);
    }

    /** What was called. */
    static final class Api {

        final List<String> calls = new ArrayList<>();

        void put(String path, OrderDocument document) {
            calls.add(path + " " + document.customer() + " " + document.status());
        }

        void delete(String path) {
            calls.add(path + " deleted");
        }
    }

    private static final Api api = new Api();

    static final SyncMachine<Order, Long> ORDER_TO_API = SyncMachine.define("order-to-api", Order.class, Long.class)
            .listenTo(Order.class)
            .listenTo(Customer.class, customer -> orderIdsOf(JdbcEntities.connection(), customer.id()))
            .build(order -> new OrderDocument(order.id(), customerName(order), order.status()))
            .publish((order, document) -> api.put("/orders/" + document.id(), document))
            .onDelete(id -> api.delete("/orders/" + id))
            .done();

    private final TestDatabase database = TestDatabase.create();
    private final DataSource dataSource = database.dataSource();
    private final ManualThreads threads = ManualThreads.create();

    @BeforeEach
    void createAnOrder() {
        api.calls.clear();
        database.execute("""
                create table customers (id bigint primary key, name text not null);
                create table orders (id bigint primary key, customer_id bigint not null, status text not null);
                insert into customers values (1, 'Ann');
                insert into orders values (7, 1, 'new');
                """);
    }

    @AfterEach
    void closeDatabase() {
        database.close();
    }

    static List<Order> loadOrders(Connection connection, List<Long> ids) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select id, customer_id, status from orders where id = any(?)")) {
            statement.setArray(1, connection.createArrayOf("bigint", ids.toArray()));
            ResultSet rows = statement.executeQuery();
            List<Order> orders = new ArrayList<>();
            while (rows.next()) {
                orders.add(new Order(rows.getLong(1), rows.getLong(2), rows.getString(3)));
            }
            return orders;
        }
    }

    static List<Order> loadWithJooq(Connection connection, List<Long> ids) {
        return DSL.using(connection, SQLDialect.POSTGRES)
                .select(field("id"), field("customer_id"), field("status"))
                .from("orders")
                .where(field("id", Long.class).in(ids))
                .fetchInto(Order.class);
    }

    static List<Order> loadWithMyBatis(SqlSessionFactory sessions, Connection connection, List<Long> ids) {
        try (SqlSession session = sessions.openSession(connection)) {
            return session.getMapper(OrderMapper.class).load(ids);
        }
    }

    static List<Order> loadWithJdbi(Connection connection, List<Long> ids) {
        try (Handle handle = Jdbi.open(connection)) {
            return handle.createQuery("select id, customer_id, status from orders where id in (<ids>)")
                    .bindList("ids", ids)
                    .map((row, context) -> new Order(row.getLong(1), row.getLong(2), row.getString(3)))
                    .list();
        }
    }

    static List<Customer> loadCustomers(Connection connection, List<Long> ids) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select id, name from customers where id = any(?)")) {
            statement.setArray(1, connection.createArrayOf("bigint", ids.toArray()));
            ResultSet rows = statement.executeQuery();
            List<Customer> customers = new ArrayList<>();
            while (rows.next()) {
                customers.add(new Customer(rows.getLong(1), rows.getString(2)));
            }
            return customers;
        }
    }

    static List<Long> orderIdsOf(Connection connection, long customer) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select id from orders where customer_id = ?")) {
            statement.setLong(1, customer);
            ResultSet rows = statement.executeQuery();
            List<Long> ids = new ArrayList<>();
            while (rows.next()) {
                ids.add(rows.getLong(1));
            }
            return ids;
        }
    }

    static String customerName(Order order) throws SQLException {
        return loadCustomers(JdbcEntities.connection(), List.of(order.customerId()))
                .get(0)
                .name();
    }

    private static void execute(Connection connection, String sql, long id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setLong(1, id);
            statement.executeUpdate();
        }
    }

    static void pay(Connection connection, long order) throws SQLException {
        execute(connection, "update orders set status = 'paid' where id = ?", order);
    }

    static void deleteCustomerWithOrders(Connection connection, long customer) throws SQLException {
        execute(connection, "delete from orders where customer_id = ?", customer);
        execute(connection, "delete from customers where id = ?", customer);
    }

    /** Compiled only, as it needs tables and threads; {@link #start} is the same for tests. */
    static void run(DataSource dataSource) {
        JdbcEntities entities = JdbcEntities.builder(dataSource)
                .entity(Order.class, Long.class, Order::id, PlainJdbcTest::loadOrders)
                .entity(Customer.class, Long.class, Customer::id, PlainJdbcTest::loadCustomers)
                .build();
        SyncEngine engine = SyncEngine.builder()
                .machines(ORDER_TO_API)
                .entities(entities)
                .store(JdbcStore.of(dataSource))
                .start();
        engine.close();
    }

    private JdbcEntities entities(CheckedBiFunction<Connection, List<Long>, List<Order>> orders) {
        return JdbcEntities.builder(dataSource)
                .entity(Order.class, Long.class, Order::id, orders)
                .entity(Customer.class, Long.class, Customer::id, PlainJdbcTest::loadCustomers)
                .build();
    }

    private SyncEngine start(JdbcEntities entities) {
        return SyncEngine.builder()
                .machines(ORDER_TO_API)
                .entities(entities)
                .store(JdbcStore.builder(dataSource)
                        .schemaMode(SchemaMode.CREATE)
                        .wakeUps(false)
                        .build())
                .threads(threads)
                .start();
    }

    @Test
    void withPlainJdbc() throws SQLException {
        JdbcEntities entities = entities(PlainJdbcTest::loadOrders);
        try (SyncEngine engine = start(entities)) {
            try (Connection connection = dataSource.getConnection()) {
                connection.setAutoCommit(false);
                pay(connection, 7L);
                engine.in(connection).changed(Order.class, List.of(7L));
                connection.commit();
            }
            threads.runAll();
            engine.changed(Customer.class, List.of(1L));
            threads.runAll();
            assertThat(api.calls).containsExactly("/orders/7 Ann paid");

            try (Connection connection = dataSource.getConnection()) {
                connection.setAutoCommit(false);
                List<Long> concerned = orderIdsOf(connection, 1L);
                deleteCustomerWithOrders(connection, 1L);
                engine.in(connection).changed(Order.class, concerned);
                connection.commit();
            }
            entities.committed();
            threads.runAll();
            assertThat(api.calls).containsExactly("/orders/7 Ann paid", "/orders/7 deleted");
        }
    }

    @Test
    void withJooq() {
        DSLContext dsl = DSL.using(dataSource, SQLDialect.POSTGRES);
        try (SyncEngine engine = start(entities(PlainJdbcTest::loadWithJooq))) {
            dsl.transaction(transaction -> {
                transaction.dsl().execute("update orders set status = 'paid' where id = ?", 7L);
                transaction.dsl().connection(connection -> engine.in(connection).changed(Order.class, List.of(7L)));
            });
            threads.runAll();
        }
        assertThat(api.calls).containsExactly("/orders/7 Ann paid");
    }

    @Test
    void withMyBatis() {
        Configuration configuration =
                new Configuration(new Environment("test", new JdbcTransactionFactory(), dataSource));
        configuration.addMapper(OrderMapper.class);
        SqlSessionFactory sessions = new SqlSessionFactoryBuilder().build(configuration);
        try (SyncEngine engine = start(entities((connection, ids) -> loadWithMyBatis(sessions, connection, ids)))) {
            try (SqlSession session = sessions.openSession()) {
                session.getMapper(OrderMapper.class).pay(7L);
                engine.in(session.getConnection()).changed(Order.class, List.of(7L));
                session.commit();
            }
            threads.runAll();
        }
        assertThat(api.calls).containsExactly("/orders/7 Ann paid");
    }

    @Test
    void withJdbi() {
        Jdbi jdbi = Jdbi.create(dataSource);
        try (SyncEngine engine = start(entities(PlainJdbcTest::loadWithJdbi))) {
            jdbi.useTransaction(handle -> {
                handle.execute("update orders set status = 'paid' where id = ?", 7L);
                engine.in(handle.getConnection()).changed(Order.class, List.of(7L));
            });
            threads.runAll();
        }
        assertThat(api.calls).containsExactly("/orders/7 Ann paid");
    }
}
