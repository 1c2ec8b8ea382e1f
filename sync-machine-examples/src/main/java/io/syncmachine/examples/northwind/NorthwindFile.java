package io.syncmachine.examples.northwind;

import io.syncmachine.examples.support.Database;
import io.syncmachine.examples.support.Transactions;
import jakarta.persistence.EntityManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Date;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Loads Northwind. The file's statements are run as they are, which makes tables and rows that no engine has seen come about. Then
 * the orders and their lines are taken out and, with the engine running, put in again by the application.
 */
final class NorthwindFile {

    private static final int PER_TRANSACTION = 10;

    private final Database database;

    private record Line(short product, float unitPrice, short quantity, float discount) {}

    private record StoredOrder(
            Order order,
            @Nullable String customer,
            @Nullable Short employee,
            @Nullable Short shipper,
            List<Line> lines) {}

    NorthwindFile(Database database) {
        this.database = database;
    }

    /** Runs the file's statements, and sets the orders aside. */
    void load(Path file) throws IOException, SQLException {
        String script = Files.readString(file);
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            try {
                statement.execute(script);
            } catch (SQLException e) {
                throw new IOException(
                        file
                                + " cannot be run; it must hold plain SQL for PostgreSQL, without commands of psql and COPY: "
                                + e.getMessage(),
                        e);
            }
        }
        // The file may have changed the settings of its connection: another one.
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("create table staged_orders as table orders");
            statement.execute("create table staged_details as table order_details");
            statement.execute("delete from order_details");
            statement.execute("delete from orders");
        }
    }

    /**
     * Puts the orders in again.
     *
     * @return how many entities that makes
     */
    long insertOrders(Transactions transactions) throws SQLException, InterruptedException {
        List<StoredOrder> orders = read();
        transactions.forEach(orders, PER_TRANSACTION, NorthwindFile::insert);
        return orders.stream().mapToLong(order -> 1 + order.lines().size()).sum();
    }

    private static void insert(EntityManager entities, StoredOrder stored) {
        Order order = stored.order();
        order.setCustomer(reference(entities, Customer.class, stored.customer()));
        order.setEmployee(reference(entities, Employee.class, stored.employee()));
        order.setShipper(reference(entities, Shipper.class, stored.shipper()));
        for (Line line : stored.lines()) {
            Product product = entities.getReference(Product.class, line.product());
            order.add(product, line.unitPrice(), line.quantity(), line.discount());
        }
        entities.persist(order);
    }

    private static <E> @Nullable E reference(EntityManager entities, Class<E> type, @Nullable Object id) {
        return id == null ? null : entities.getReference(type, id);
    }

    private List<StoredOrder> read() throws SQLException {
        Map<Short, StoredOrder> orders = new LinkedHashMap<>();
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("select * from staged_orders order by order_id")) {
                while (row.next()) {
                    StoredOrder order = order(row);
                    orders.put(order.order().getOrderId(), order);
                }
            }
            try (ResultSet row = statement.executeQuery("select * from staged_details order by order_id, product_id")) {
                while (row.next()) {
                    StoredOrder order = orders.get(row.getShort("order_id"));
                    if (order == null) {
                        throw new SQLException("order_details has a line of the order " + row.getShort("order_id")
                                + ", which does not exist");
                    }
                    order.lines()
                            .add(new Line(
                                    row.getShort("product_id"),
                                    row.getFloat("unit_price"),
                                    row.getShort("quantity"),
                                    row.getFloat("discount")));
                }
            }
        }
        return List.copyOf(orders.values());
    }

    private static StoredOrder order(ResultSet row) throws SQLException {
        Order order = new Order(row.getShort("order_id"));
        order.setDates(date(row, "order_date"), date(row, "required_date"), date(row, "shipped_date"));
        order.setFreight(row.getObject("freight") == null ? null : row.getFloat("freight"));
        order.setShipName(row.getString("ship_name"));
        order.setShipAddress(row.getString("ship_address"));
        order.setShipPlace(
                row.getString("ship_city"),
                row.getString("ship_region"),
                row.getString("ship_postal_code"),
                row.getString("ship_country"));
        return new StoredOrder(
                order,
                row.getString("customer_id"),
                number(row, "employee_id"),
                number(row, "ship_via"),
                new ArrayList<>());
    }

    private static @Nullable LocalDate date(ResultSet row, String column) throws SQLException {
        Date date = row.getDate(column);
        return date == null ? null : date.toLocalDate();
    }

    private static @Nullable Short number(ResultSet row, String column) throws SQLException {
        short number = row.getShort(column);
        return row.wasNull() ? null : number;
    }
}
