package io.syncmachine.examples.northwind;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.SyncEngine;
import io.syncmachine.examples.support.ApiServer;
import io.syncmachine.examples.support.Database;
import io.syncmachine.examples.support.ExampleOptions;
import io.syncmachine.examples.support.HttpApi;
import io.syncmachine.examples.support.Outcomes;
import io.syncmachine.examples.support.Report;
import io.syncmachine.examples.support.Snapshot;
import io.syncmachine.examples.support.Transactions;
import io.syncmachine.examples.support.Trial;
import io.syncmachine.examples.support.Trial.SingleChange;
import io.syncmachine.examples.support.Trial.StalledException;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The orders of the Northwind sample database, captured and published by one engine in this process. */
public final class NorthwindExample {

    private static final String DOCUMENTS = """
            select o.order_id::text, jsonb_build_object(
                'id', o.order_id,
                'customer', c.company_name,
                'employee', e.first_name || ' ' || e.last_name,
                'shipper', s.company_name,
                'orderDate', o.order_date, 'requiredDate', o.required_date, 'shippedDate', o.shipped_date,
                'freight', round(o.freight::text::numeric, 4),
                'shipTo', jsonb_build_object(
                    'name', o.ship_name, 'address', o.ship_address, 'city', o.ship_city,
                    'region', o.ship_region, 'postalCode', o.ship_postal_code, 'country', o.ship_country),
                'lines', coalesce(l.lines, '[]'),
                'total', coalesce(l.total, 0))::text
            from orders o
            left join customers c on c.customer_id = o.customer_id
            left join employees e on e.employee_id = o.employee_id
            left join shippers s on s.shipper_id = o.ship_via
            left join (
                select d.order_id,
                    jsonb_agg(jsonb_build_object(
                        'productId', d.product_id, 'product', p.product_name, 'quantity', d.quantity,
                        'unitPrice', d.price, 'discount', d.off) order by d.product_id) as lines,
                    round(sum(d.price * d.quantity * (1 - d.off)), 2) as total
                from (
                    select *, round(unit_price::text::numeric, 4) as price, round(discount::text::numeric, 4) as off
                    from order_details) d
                join products p on p.product_id = d.product_id
                group by d.order_id) l on l.order_id = o.order_id
            """;

    private static final String BUSIEST_CUSTOMER =
            "select c from Customer c order by (select count(*) from Order o where o.customer = c) desc, c.customerId";
    private static final String BUSIEST_EMPLOYEE =
            "select e from Employee e order by (select count(*) from Order o where o.employee = e) desc, e.employeeId";
    private static final String MOST_ORDERED_PRODUCT =
            "select p from Product p order by (select count(*) from OrderLine l where l.product = p) desc, p.productId";

    private static final int CONNECTIONS = 12;
    private static final int SINGLE_CHANGES = 50;

    private final Transactions transactions;
    private final NorthwindFile file;
    private final Trial trial;

    private NorthwindExample(Transactions transactions, NorthwindFile file, Trial trial) {
        this.transactions = transactions;
        this.file = file;
        this.trial = trial;
    }

    /**
     * Runs the example and says how it went.
     *
     * @param sql the database
     * @param declared by declared paths, without a single finder; and with two phases more
     */
    public static Report run(Path sql, boolean declared, ExampleOptions options) throws Exception {
        Outcomes outcomes = new Outcomes();
        try (ApiServer api = ApiServer.start(options.api());
                Database database = Database.open(options.database());
                HikariDataSource pool = database.access().pool(CONNECTIONS)) {
            NorthwindFile file = new NorthwindFile(database);
            file.load(sql);
            try (EntityManagerFactory factory = entities(pool);
                    SyncEngine engine = engine(api, pool, factory, outcomes, declared);
                    Transactions transactions = new Transactions(factory)) {
                options.out()
                        .printf(
                                "northwind: the orders of %s in %s, published to %s%n%n",
                                sql.getFileName(),
                                database.description(),
                                options.api() == null ? "a local API" : options.api());
                Trial trial = new Trial(
                        api.recorder(), Snapshot.of(database, DOCUMENTS), engine::backlog, outcomes, options.out());
                try {
                    new NorthwindExample(transactions, file, trial).phases(declared);
                } catch (StalledException e) {
                    options.out().printf("%n  given up: %s%n", e.getMessage());
                }
                return trial.report();
            }
        }
    }

    private static EntityManagerFactory entities(HikariDataSource pool) {
        return Database.entities(
                pool,
                false,
                Order.class,
                OrderLine.class,
                OrderLineId.class,
                Product.class,
                Customer.class,
                Employee.class,
                Shipper.class);
    }

    private static SyncEngine engine(
            ApiServer api, HikariDataSource pool, EntityManagerFactory factory, Outcomes outcomes, boolean declared) {
        NorthwindToApi northwindToApi = new NorthwindToApi(factory);
        HttpApi orders = new HttpApi(api.uri());
        return SyncEngine.builder()
                .machines(declared ? NorthwindToApi.declared(orders) : northwindToApi.machine(orders))
                .entities(northwindToApi.entities())
                .store(JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE).build())
                .observer(outcomes)
                .start();
    }

    private void phases(boolean declared) throws Exception {
        trial.phase("orders", "the orders are created, with their lines", stopwatch -> file.insertOrders(transactions));
        phase("company", "the customer with the most orders has a new name", entities -> {
            Customer customer = first(entities, Customer.class, BUSIEST_CUSTOMER);
            customer.setCompanyName("New " + start(customer.getCompanyName()));
        });
        phase("address", "the first order goes to another address", entities -> {
            Order order = first(entities, Order.class, "select o from Order o order by o.orderId");
            order.setShipAddress("1 Harbour Lane");
        });
        phase("product", "the product in the most orders has a new name", entities -> {
            Product product = first(entities, Product.class, MOST_ORDERED_PRODUCT);
            product.setProductName("New " + start(product.getProductName()));
        });
        if (declared) {
            phase("moved", "the first order goes to the customer with the most orders", entities -> {
                Order order = first(entities, Order.class, "select o from Order o order by o.orderId");
                order.setCustomer(first(entities, Customer.class, BUSIEST_CUSTOMER));
            });
            phase(
                    "line",
                    "a line of the first order is deleted",
                    entities -> entities.remove(first(
                            entities,
                            OrderLine.class,
                            "select l from OrderLine l order by l.order.orderId, l.id.productId")));
        }
        trial.phase("delete", "the last order is deleted, with its lines", stopwatch -> deleteLast());
        phase("note", "a note on an employee, whom every document names", entities -> {
            Employee employee = first(entities, Employee.class, BUSIEST_EMPLOYEE);
            employee.setNotes("Likes tea. " + employee.getNotes());
        });
        List<SingleChange> changes = singleChanges();
        trial.oneByOne("one at a time", changes.size() + " single changes, each when all is quiet", changes);
    }

    private void phase(String name, String description, Consumer<EntityManager> change) throws Exception {
        trial.phase(name, description, stopwatch -> {
            transactions.run(change);
            return 1;
        });
    }

    private long deleteLast() {
        long[] lines = new long[1];
        transactions.run(entities -> {
            Order order = first(entities, Order.class, "select o from Order o order by o.orderId desc");
            lines[0] = order.getLines().size();
            entities.remove(order);
        });
        return 1 + lines[0];
    }

    private List<SingleChange> singleChanges() {
        List<SingleChange> changes = new ArrayList<>();
        transactions.run(entities -> entities.createQuery(
                        "select o.orderId from Order o order by o.orderId", Short.class)
                .setMaxResults(SINGLE_CHANGES)
                .getResultList()
                .forEach(id -> changes.add(new SingleChange(id.toString(), () -> rename(id)))));
        return changes;
    }

    private void rename(Short id) {
        transactions.run(entities -> entities.find(Order.class, id).setShipName("Receiving, dock " + id % 7));
    }

    private static <E> E first(EntityManager entities, Class<E> type, String query) {
        return entities.createQuery(query, type).setMaxResults(1).getSingleResult();
    }

    /** So much of a name that something can be put in front of it. */
    private static String start(String name) {
        return name.substring(0, Math.min(name.length(), 30));
    }
}
