package io.syncmachine.examples.ordersync;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.Limits;
import io.syncmachine.SyncEngine;
import io.syncmachine.examples.support.ApiServer;
import io.syncmachine.examples.support.CallRecorder;
import io.syncmachine.examples.support.Database;
import io.syncmachine.examples.support.Outcomes;
import io.syncmachine.examples.support.Report;
import io.syncmachine.examples.support.Snapshot;
import io.syncmachine.examples.support.Transactions;
import io.syncmachine.examples.support.Trial;
import io.syncmachine.examples.support.Trial.SingleChange;
import io.syncmachine.examples.support.Trial.StalledException;
import io.syncmachine.http.HttpDestination;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.JpaEntities;
import io.syncmachine.redis.RedisJobs;
import io.syncmachine.redis.RedisWakeups;
import jakarta.persistence.EntityManagerFactory;
import java.io.PrintStream;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.RedisClient;

/** Orders and a service, in one process; the calls are counted on their way to the service. */
public final class OrderSyncExample {

    private static final String TABLE = """
            create table if not exists customer_order (
                id bigint primary key, item text not null, quantity int not null, status text not null, note text not null)
            """;

    private static final String DOCUMENTS = """
            select id::text, jsonb_build_object('id', id, 'item', item, 'quantity', quantity, 'status', status)::text
            from customer_order
            """;

    private static final int CONNECTIONS = 16;
    private static final int SINGLE_CHANGES = 20;

    private final Settings settings;
    private final OrderBook orders;
    private final Trial trial;

    private OrderSyncExample(Settings settings, OrderBook orders, Trial trial) {
        this.settings = settings;
        this.orders = orders;
        this.trial = trial;
    }

    /** Runs the example and says how it went. */
    public static Report run(Settings settings, PrintStream out) throws Exception {
        return run(settings, OrderSync.LIMITS, out);
    }

    static Report run(Settings settings, Limits limits, PrintStream out) throws Exception {
        URI given = settings.service();
        try (ServiceStub stub = given == null ? new ServiceStub() : null;
                ApiServer counter = ApiServer.start(stub == null ? given : stub.uri());
                Database database = Database.openAsItIs(settings.database());
                RedisClient redis = redis(settings.redis());
                HikariDataSource pool = database.access().pool(CONNECTIONS)) {
            createTable(database);
            Outcomes outcomes = new Outcomes();
            LifeCycle lifeCycle = new LifeCycle();
            try (EntityManagerFactory factory = Database.entities(pool, false, Order.class);
                    HttpDestination service = OrderSync.service(counter.uri(), limits);
                    SyncEngine engine = SyncEngine.builder()
                            .machines(OrderSync.machine(service, lifeCycle))
                            .entities(JpaEntities.of(factory))
                            .store(store(pool, redis))
                            .observer(outcomes)
                            .start();
                    Transactions transactions = new Transactions(factory)) {
                introduce(settings, database, out);
                Snapshot snapshot = Snapshot.of(database, DOCUMENTS);
                counter.recorder().assume(snapshot.read());
                Trial trial = new Trial(counter.recorder(), snapshot, engine::backlog, outcomes, out);
                try {
                    new OrderSyncExample(settings, new OrderBook(transactions), trial).phases();
                } catch (StalledException e) {
                    out.printf("%n  given up: %s%n", e.getMessage());
                }
                out.printf("%n  the orders' life cycle was told: %s%n", lifeCycle);
                return checked(trial.report(), limits, counter.recorder());
            }
        }
    }

    private static void introduce(Settings settings, Database database, PrintStream out) {
        out.printf(
                Locale.ENGLISH,
                "order-sync: %,d orders in %s, jobs and limits in %s, published to %s%n%n",
                settings.orderCount(),
                database.description(),
                settings.redis() == null ? "the same" : "a Redis",
                settings.service() == null ? "a service played by WireMock" : settings.service());
    }

    private static @Nullable RedisClient redis(@Nullable URI address) {
        return address == null ? null : RedisClient.create(address.toString());
    }

    private static JdbcStore store(HikariDataSource pool, @Nullable RedisClient redis) {
        JdbcStore.Builder store = JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE);
        if (redis != null) {
            store.jobs(RedisJobs.of(redis)).wakeUps(RedisWakeups.of(redis));
        }
        return store.build();
    }

    private static void createTable(Database database) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(TABLE);
        }
    }

    private void phases() throws Exception {
        if (settings.cleanOrders() && !orders.isEmpty()) {
            trial.phase("clean", "the orders of earlier runs are deleted", stopwatch -> orders.clean());
        }
        trial.phase("creates", "orders are created", stopwatch -> orders.create(settings.orderCount()));
        trial.phase("updates", "each order is paid", stopwatch -> orders.pay());
        trial.phase("notes", "each order gets a note, which is ours alone", stopwatch -> orders.note());
        trial.phase("deletes", "every tenth order is deleted", stopwatch -> orders.deleteSome());
        List<SingleChange> changes = orders.ship(SINGLE_CHANGES);
        trial.oneByOne("one at a time", changes.size() + " orders are shipped, each when all is quiet", changes);
    }

    private static Report checked(Report report, Limits limits, CallRecorder calls) {
        report.check("mostInFlight", "calls in flight at once", calls.mostInFlight(), limits.inFlight());
        for (Limits.Window window : limits.windows()) {
            report.check(
                    "mostInWindow",
                    "calls in any " + window.length().toMillis() + " ms",
                    calls.mostWithin(window.length(), order -> true),
                    window.calls());
        }
        return report;
    }
}
