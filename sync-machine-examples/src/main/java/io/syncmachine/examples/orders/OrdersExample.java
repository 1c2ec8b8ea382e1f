package io.syncmachine.examples.orders;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.SyncEngine;
import io.syncmachine.examples.support.ApiServer;
import io.syncmachine.examples.support.CallRecorder;
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
import io.syncmachine.examples.support.Trial.Stopwatch;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import jakarta.persistence.EntityManagerFactory;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Customers and orders. This process is the application: it changes the database and captures the changes; a {@link Worker}
 * publishes them, and is paused and killed on the way.
 */
public final class OrdersExample {

    private static final String DOCUMENTS = """
            select o.id::text,
                   jsonb_build_object('id', o.id, 'customer', c.first_name || ' ' || c.last_name, 'status', o.status)::text
            from orders o join customer c on c.id = o.customer_id
            """;

    private static final int CONNECTIONS = 8;
    private static final int BURST = 5;
    private static final int SINGLE_CHANGES = 50;
    private static final int IN_FLIGHT_AT_KILL = 8;
    private static final long PATIENCE_BEFORE_KILL_SECONDS = 5;

    private final Numbers numbers;
    private final PrintStream out;
    private final CallRecorder calls;
    private final Shop shop;
    private final Worker.Settings settings;
    private final Outcomes outcomes;
    private final Trial trial;
    private @Nullable WorkerProcess worker;

    /** How much, and which. */
    public record Numbers(long orders, long customers, long seed) {}

    private OrdersExample(
            Numbers numbers,
            PrintStream out,
            CallRecorder calls,
            Shop shop,
            Worker.Settings settings,
            Outcomes outcomes,
            Trial trial) {
        this.numbers = numbers;
        this.out = out;
        this.calls = calls;
        this.shop = shop;
        this.settings = settings;
        this.outcomes = outcomes;
        this.trial = trial;
    }

    /** Runs the example and says how it went. */
    public static Report run(Numbers numbers, ExampleOptions options) throws Exception {
        Outcomes outcomes = new Outcomes();
        try (ApiServer api = ApiServer.start(options.api());
                Database database = Database.open(options.database());
                HikariDataSource pool = database.access().pool(CONNECTIONS);
                EntityManagerFactory factory = Database.entities(pool, true, Order.class, Customer.class);
                SyncEngine engine = captureOnly(api, pool, factory);
                Transactions transactions = new Transactions(factory)) {
            options.out()
                    .printf(
                            Locale.ENGLISH,
                            "orders: %,d orders of %,d customers (seed %d) in %s, published to %s%n%n",
                            numbers.orders(),
                            numbers.customers(),
                            numbers.seed(),
                            database.description(),
                            options.api() == null ? "a local API" : options.api());
            Trial trial = new Trial(
                    api.recorder(), Snapshot.of(database, DOCUMENTS), engine::backlog, outcomes, options.out());
            Shop shop = new Shop(transactions, numbers.customers(), numbers.seed());
            Worker.Settings settings = new Worker.Settings(api.uri(), database.access());
            new OrdersExample(numbers, options.out(), api.recorder(), shop, settings, outcomes, trial).runPhases();
            return trial.report();
        }
    }

    /** The application's own engine: it notes what changes, for workers to publish. */
    private static SyncEngine captureOnly(ApiServer api, HikariDataSource pool, EntityManagerFactory factory) {
        return SyncEngine.builder()
                .machines(OrderToApi.machine(new HttpApi(api.uri()), factory))
                .entities(OrderToApi.entities(factory))
                .store(JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE).build())
                .lease(Worker.LEASE)
                .grace(Worker.GRACE)
                .works(false)
                .start();
    }

    private void runPhases() throws Exception {
        try {
            worker = WorkerProcess.start(settings, outcomes);
            phases();
        } catch (StalledException e) {
            out.printf("%n  given up: %s%n", e.getMessage());
        } finally {
            if (worker != null) {
                worker.close();
            }
        }
    }

    private void phases() throws Exception {
        trial.phase("creates", "customers and orders are created", stopwatch -> {
            long customers = shop.createCustomers();
            stopwatch.restart(); // there is nothing to publish for customers without orders
            return customers + shop.createOrders(numbers.orders());
        });
        trial.phase("burst", BURST + " statuses per order, while the worker is paused", this::burst);
        trial.phase("renames", "every fourth customer is renamed", stopwatch -> shop.renameCustomers());
        trial.phase(
                "big rename", "the customer of every fourth order is renamed", stopwatch -> shop.renameBigCustomer());
        trial.phase("warehouses", "each order moves to another warehouse", stopwatch -> shop.changeWarehouses());
        trial.phase("deletes", "every tenth order is deleted", stopwatch -> shop.deleteOrders());
        trial.phase("kill -9", "the worker is killed amid changes of all kinds", this::changeAndKill);
        List<SingleChange> changes = new ArrayList<>();
        shop.singleChanges(SINGLE_CHANGES).forEach((id, commit) -> changes.add(new SingleChange("" + id, commit)));
        trial.oneByOne("one at a time", changes.size() + " single changes, each when all is quiet", changes);
    }

    private WorkerProcess worker() {
        return Objects.requireNonNull(worker);
    }

    private long burst(Stopwatch stopwatch) throws Exception {
        worker().pause();
        long changes = 0;
        for (int round = 0; round < BURST; round++) {
            changes += shop.changeStatuses();
        }
        stopwatch.restart();
        worker().resume();
        return changes;
    }

    /** Kills the worker at its worst moment: calls have taken effect at the API, and it has not been told. */
    private long changeAndKill(Stopwatch stopwatch) throws Exception {
        stopwatch.excludeWaits();
        ExecutorService application = Executors.newSingleThreadExecutor();
        try {
            CountDownLatch inFlight = calls.holdAnswers(numbers.orders() / 4, IN_FLIGHT_AT_KILL);
            Future<Long> changes = application.submit(shop::changeEverything);
            boolean unused = inFlight.await(PATIENCE_BEFORE_KILL_SECONDS, TimeUnit.SECONDS); // few orders: kill anyway
            worker().kill();
            calls.releaseAnswers();
            worker = WorkerProcess.start(settings, outcomes);
            return changes.get();
        } finally {
            calls.releaseAnswers();
            application.shutdownNow();
        }
    }
}
