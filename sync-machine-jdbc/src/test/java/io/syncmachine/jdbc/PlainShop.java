package io.syncmachine.jdbc;

import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The application of the tests: records, and statements by hand. */
final class PlainShop {

    record Customer(long id, String firstName, String lastName) {}

    record Order(long id, long customerId, String status) {}

    record LineId(long orderId, String product) {}

    record Line(LineId id, int quantity) {}

    /** What the API gets of an order. */
    record Document(long id, String customer, String status, int pieces) {}

    /** What is done in a transaction. */
    interface Work {
        void on(Connection connection) throws SQLException;
    }

    private interface RowReader<T> {
        T read(ResultSet row) throws SQLException;
    }

    private PlainShop() {}

    static void createTables(TestDatabase database) {
        database.execute("""
                create table customers (id bigint primary key, first_name text not null, last_name text not null);
                create table orders (id bigint primary key, customer_id bigint not null, status text not null);
                create table lines (
                    order_id bigint, product text, quantity integer not null, primary key (order_id, product));
                """);
    }

    static JdbcEntities.Builder entities(DataSource dataSource) {
        return JdbcEntities.builder(dataSource)
                .entity(
                        Customer.class,
                        Long.class,
                        Customer::id,
                        PlainShop::customers,
                        customer -> customer.pages(PlainShop::customersAfter))
                .entity(Order.class, Long.class, Order::id, PlainShop::orders)
                .entity(Line.class, LineId.class, Line::id, PlainShop::lines, line -> line.name("order-line"));
    }

    private static List<Long> customersAfter(Connection connection, @Nullable Long after, int limit)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select id from customers where id > ? order by id limit ?")) {
            statement.setLong(1, after == null ? Long.MIN_VALUE : after);
            statement.setInt(2, limit);
            try (ResultSet rows = statement.executeQuery()) {
                List<Long> ids = new ArrayList<>();
                while (rows.next()) {
                    ids.add(rows.getLong(1));
                }
                return ids;
            }
        }
    }

    static List<Customer> customers(Connection connection, List<Long> ids) throws SQLException {
        return query(
                connection,
                "select id, first_name, last_name from customers where id = any(?)",
                row -> new Customer(row.getLong(1), row.getString(2), row.getString(3)),
                bigints(connection, ids));
    }

    static List<Order> orders(Connection connection, List<Long> ids) throws SQLException {
        return query(
                connection,
                "select id, customer_id, status from orders where id = any(?)",
                row -> new Order(row.getLong(1), row.getLong(2), row.getString(3)),
                bigints(connection, ids));
    }

    static List<Line> lines(Connection connection, List<LineId> ids) throws SQLException {
        return query(
                connection,
                """
                select order_id, product, quantity from lines
                where (order_id, product) in (select * from unnest(?, ?))""",
                row -> new Line(new LineId(row.getLong(1), row.getString(2)), row.getInt(3)),
                bigints(connection, ids.stream().map(LineId::orderId).toList()),
                connection.createArrayOf(
                        "text", ids.stream().map(LineId::product).toArray()));
    }

    static List<Long> ordersOf(Connection connection, long customerId) throws SQLException {
        return query(
                connection,
                "select id from orders where customer_id = ? order by id",
                row -> row.getLong(1),
                customerId);
    }

    /** What a document needs besides its order is read with the connection of the transaction that the order was read in. */
    static Document document(Order order) throws SQLException {
        Connection connection = JdbcEntities.connection();
        Customer customer = customers(connection, List.of(order.customerId())).get(0);
        int pieces = query(
                        connection,
                        "select coalesce(sum(quantity), 0) from lines where order_id = ?",
                        row -> row.getInt(1),
                        order.id())
                .get(0);
        return new Document(order.id(), customer.firstName() + ' ' + customer.lastName(), order.status(), pieces);
    }

    static void update(Connection connection, String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, parameters);
            statement.executeUpdate();
        }
    }

    static void commit(DataSource dataSource, Work work) {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            work.on(connection);
            connection.commit();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    static void rollBack(DataSource dataSource, Work work) {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            work.on(connection);
            connection.rollback();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static java.sql.Array bigints(Connection connection, List<Long> ids) throws SQLException {
        return connection.createArrayOf("bigint", ids.toArray());
    }

    private static <T> List<T> query(Connection connection, String sql, RowReader<T> reader, Object... parameters)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, parameters);
            try (ResultSet rows = statement.executeQuery()) {
                List<T> result = new ArrayList<>();
                while (rows.next()) {
                    result.add(reader.read(rows));
                }
                return result;
            }
        }
    }

    private static void bind(PreparedStatement statement, Object... parameters) throws SQLException {
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
    }
}
