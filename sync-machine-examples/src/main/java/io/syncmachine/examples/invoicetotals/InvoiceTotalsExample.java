package io.syncmachine.examples.invoicetotals;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.ChangeHandler;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.examples.support.ApiServer;
import io.syncmachine.examples.support.Database;
import io.syncmachine.examples.support.ExampleOptions;
import io.syncmachine.examples.support.HttpApi;
import io.syncmachine.examples.support.Outcomes;
import io.syncmachine.examples.support.Report;
import io.syncmachine.examples.support.Snapshot;
import io.syncmachine.examples.support.Trial;
import io.syncmachine.examples.support.Trial.SingleChange;
import io.syncmachine.examples.support.Trial.StalledException;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.JpaEntities;
import io.syncmachine.postgres.PostgresTriggers;
import jakarta.persistence.EntityManagerFactory;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Somebody changes invoices, items, products and users with plain SQL, on a connection that SyncMachine knows nothing of. Half way, one more
 * table is listened to: one declaration, and one migration that is made from it.
 */
public final class InvoiceTotalsExample implements AutoCloseable {

    private static final String DOCUMENTS = """
            select i.id::text, jsonb_build_object('id', i.id, 'user', u.name, 'total', (
                select coalesce(sum(t.quantity * p.price), 0) from item t join product p on p.id = t.product_id
                where t.invoice_id = i.id))::text
            from invoice i join "user" u on u.id = i.user_id
            """;

    private static final int CONNECTIONS = 16;
    private static final int SINGLE_CHANGES = 20;

    private final HikariDataSource pool;
    private final EntityManagerFactory factory;
    private final SyncMachine<Invoice, Long> machine;
    private final Outcomes outcomes;
    private final Connection psql;
    private final Path migrations;
    private final List<ChangeHandler<?>> handlers = new ArrayList<>();
    private @Nullable SyncEngine engine;
    private long drifts;

    private InvoiceTotalsExample(
            HikariDataSource pool,
            EntityManagerFactory factory,
            SyncMachine<Invoice, Long> machine,
            Outcomes outcomes,
            Connection psql)
            throws IOException {
        this.pool = pool;
        this.factory = factory;
        this.machine = machine;
        this.outcomes = outcomes;
        this.psql = psql;
        this.migrations = Files.createTempDirectory("invoice-totals");
    }

    /** Runs the example and says how it went. */
    public static Report run(ExampleOptions options) throws Exception {
        PrintStream out = options.out();
        Outcomes outcomes = new Outcomes();
        try (ApiServer api = ApiServer.start(options.api(), "/invoices/");
                Database database = Database.open(options.database());
                HikariDataSource pool = database.access().pool(CONNECTIONS);
                EntityManagerFactory factory =
                        Database.entities(pool, true, User.class, Product.class, Invoice.class, Item.class);
                Connection psql = database.connect();
                InvoiceTotalsExample example = new InvoiceTotalsExample(
                        pool, factory, InvoiceTotals.machine(new HttpApi(api.uri()), factory), outcomes, psql)) {
            out.printf("invoice-totals: plain SQL changes %s%n%n", database.description());
            example.listen(InvoiceTotals.ITEMS, "1");
            Trial trial = new Trial(
                    api.recorder(),
                    Snapshot.of(database, DOCUMENTS),
                    () -> example.engine().backlog(),
                    outcomes,
                    out);
            try {
                example.phases(trial);
            } catch (StalledException e) {
                out.printf("%n  given up: %s%n", e.getMessage());
            }
            Report report = trial.report();
            report.check("drifts", "differences between triggers and declarations", example.drifts, 0);
            return report;
        }
    }

    private SyncEngine engine() {
        if (engine == null) {
            throw new IllegalStateException("not started");
        }
        return engine;
    }

    /** One more declaration: its migration is made and run, as a deployment would, and then the node that declares it starts. */
    private void listen(ChangeHandler<?> handler, String version) throws Exception {
        handlers.add(handler);
        JpaEntities entities = JpaEntities.of(factory);
        PostgresTriggers triggers = PostgresTriggers.builder(entities)
                .machines(machine)
                .handlers(handlers.toArray(ChangeHandler<?>[]::new))
                .schema(Database.SCHEMA)
                .build();
        if (engine != null) {
            engine.close();
        } else {
            makeTables();
        }
        Path migration = triggers.flyway(migrations, version);
        execute(Files.readString(migration));
        drifts += triggers.check(pool).size();
        engine = SyncEngine.builder()
                .machines(machine)
                .handlers(handlers.toArray(ChangeHandler<?>[]::new))
                .entities(entities.besideTriggers(() -> triggers.capturedTypes(pool)))
                .store(JdbcStore.of(pool))
                .observer(outcomes)
                .start();
    }

    private void makeTables() {
        try (JdbcStore store =
                JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE).build()) {
            store.open(() -> {}, false);
        }
    }

    private long execute(String sql) throws SQLException {
        try (Statement statement = psql.createStatement()) {
            statement.execute(sql);
            return Math.max(statement.getUpdateCount(), 0);
        }
    }

    private void phases(Trial trial) throws Exception {
        trial.phase("creates", "users, products, invoices and items are inserted", stopwatch -> create());
        trial.phase(
                "quantities",
                "one statement changes every third item",
                stopwatch -> execute("update item set quantity = quantity + 1 where id % 3 = 0"));
        trial.phase(
                "moves",
                "every fifth item moves to the next invoice",
                stopwatch -> execute("update item set invoice_id = invoice_id % 300 + 1 where id % 5 = 0"));
        trial.phase(
                "renames",
                "every fourth user is renamed",
                stopwatch -> execute("update \"user\" set name = name || ' Jr.' where id % 4 = 0"));
        trial.phase(
                "notes",
                "every item gets a note, which is nobody's business",
                stopwatch -> execute("update item set note = 'seen'"));
        trial.phase(
                "deletes",
                "items, and invoices with all of theirs, are deleted",
                stopwatch -> execute("delete from item where id % 7 = 0")
                        + execute("delete from invoice where id % 25 = 0"));
        trial.phase("one more table", "prices are listened to, and raised", stopwatch -> {
            listen(InvoiceTotals.PRICES, "2");
            stopwatch.restart();
            return execute("update product set price = price * 1.1 where id % 2 = 0");
        });
        List<SingleChange> changes = singleChanges();
        trial.oneByOne("one at a time", changes.size() + " items are changed, each when all is quiet", changes);
    }

    private long create() throws SQLException {
        return execute("insert into \"user\" (id, name) select i, 'User ' || i from generate_series(1, 40) i")
                + execute("insert into product (id, price) select i, i * 1.25 from generate_series(1, 50) i")
                + execute(
                        "insert into invoice (id, user_id, total) select i, i % 40 + 1, 0 from generate_series(1, 300) i")
                + execute("insert into item (id, invoice_id, product_id, quantity)"
                        + " select i, i % 300 + 1, i % 50 + 1, i % 9 + 1 from generate_series(1, 1200) i");
    }

    private List<SingleChange> singleChanges() {
        List<SingleChange> changes = new ArrayList<>();
        for (String invoice : invoicesWithItems()) {
            String sql =
                    "update item set quantity = quantity + 5 where id = (select min(id) from item where invoice_id = "
                            + invoice + ")";
            changes.add(new SingleChange(invoice, () -> {
                try {
                    execute(sql);
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            }));
        }
        return changes;
    }

    private List<String> invoicesWithItems() throws SQLException {
        List<String> invoices = new ArrayList<>();
        try (Statement statement = psql.createStatement();
                ResultSet rows = statement.executeQuery(
                        "select distinct invoice_id from item order by invoice_id limit " + SINGLE_CHANGES)) {
            while (rows.next()) {
                invoices.add(rows.getString(1));
            }
        }
        return invoices;
    }

    @Override
    public void close() throws IOException {
        if (engine != null) {
            engine.close();
        }
        try (Stream<Path> files = Files.list(migrations)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(migrations);
    }
}
