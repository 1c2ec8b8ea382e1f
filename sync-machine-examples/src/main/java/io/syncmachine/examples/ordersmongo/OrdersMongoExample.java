package io.syncmachine.examples.ordersmongo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncEngine.Backlog;
import io.syncmachine.examples.support.ApiServer;
import io.syncmachine.examples.support.ExampleOptions;
import io.syncmachine.examples.support.HttpApi;
import io.syncmachine.examples.support.Outcomes;
import io.syncmachine.examples.support.Report;
import io.syncmachine.examples.support.Snapshot;
import io.syncmachine.examples.support.Trial;
import io.syncmachine.examples.support.Trial.StalledException;
import io.syncmachine.examples.support.Trial.Stopwatch;
import io.syncmachine.mongo.MongoEntities;
import io.syncmachine.mongo.MongoStore;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Customers and orders in MongoDB. One engine captures what the application changes; another publishes it, is stopped on the way, and replaced by a
 * third.
 */
public final class OrdersMongoExample {

    private static final Duration LEASE = Duration.ofSeconds(5);
    private static final Duration GRACE = Duration.ofMillis(250);
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int SINGLE_CHANGES = 20;
    private static final int BURST = 5;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Numbers numbers;
    private final Mongo mongo;
    private final ApiServer api;
    private final Outcomes outcomes = new Outcomes();
    private final OrderBook orders;
    private @Nullable SyncEngine worker;

    /** How much, and which. */
    public record Numbers(long orders, long customers, long seed) {}

    private OrdersMongoExample(Numbers numbers, Mongo mongo, ApiServer api) {
        this.numbers = numbers;
        this.mongo = mongo;
        this.api = api;
        this.orders = new OrderBook(mongo.database(), numbers.seed());
    }

    /**
     * Runs the example and says how it went.
     *
     * @param uri of a MongoDB, whose database {@code sync_machine_demo} is dropped; null for a stand-in
     */
    public static Report run(Numbers numbers, @Nullable String uri, ExampleOptions options) throws Exception {
        try (ApiServer api = ApiServer.start(options.api());
                Mongo mongo = Mongo.open(uri)) {
            options.out()
                    .printf(
                            Locale.ENGLISH,
                            "orders-mongo: %,d orders of %,d customers (seed %d) in %s, published to %s%n%n",
                            numbers.orders(),
                            numbers.customers(),
                            numbers.seed(),
                            mongo.description(),
                            options.api() == null ? "a local API" : options.api());
            return new OrdersMongoExample(numbers, mongo, api).run(options);
        }
    }

    private Report run(ExampleOptions options) throws Exception {
        MongoEntities entities = OrderToApi.entities(mongo.client(), mongo.database());
        try (SyncEngine application = engine(entities, false)) {
            Snapshot snapshot = this::documents;
            Trial trial =
                    new Trial(api.recorder(), snapshot, () -> backlog(entities, application), outcomes, options.out());
            try {
                startWorker();
                phases(trial);
            } catch (StalledException e) {
                options.out().printf("%n  given up: %s%n", e.getMessage());
            } finally {
                stopWorker();
            }
            return trial.report();
        }
    }

    private SyncEngine engine(MongoEntities entities, boolean works) {
        return SyncEngine.builder()
                .machines(OrderToApi.machine(new HttpApi(api.uri()), mongo.database()))
                .entities(entities)
                .store(MongoStore.of(mongo.database()))
                .lease(LEASE)
                .grace(GRACE)
                .observer(outcomes)
                .works(works)
                .start();
    }

    /** Changes are captured a little after they are committed: only then does the backlog tell of them. */
    private static Backlog backlog(MongoEntities entities, SyncEngine application) {
        try {
            if (!entities.awaitCaptured(PATIENCE)) {
                throw new IllegalStateException("changes are not captured in " + PATIENCE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return application.backlog();
    }

    private Map<String, String> documents() {
        Map<String, String> documents = new TreeMap<>();
        orders.documents().forEach((id, document) -> documents.put(id.toString(), json(document)));
        return documents;
    }

    private static String json(OrderDocument document) {
        try {
            return JSON.writeValueAsString(document);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private void startWorker() {
        worker = engine(OrderToApi.entities(mongo.client(), mongo.database()), true);
    }

    private void stopWorker() {
        if (worker != null) {
            worker.close();
            worker = null;
        }
    }

    private void phases(Trial trial) throws Exception {
        trial.phase(
                "creates",
                "customers and orders are created",
                stopwatch -> orders.create(numbers.customers(), numbers.orders()));
        trial.phase("burst", BURST + " statuses per order, while no worker runs", this::burst);
        trial.phase("moves", "every fourth customer moves to another city", stopwatch -> orders.moveCustomers());
        trial.phase("streets", "each customer's street is corrected", stopwatch -> orders.changeStreets());
        trial.phase("deletes", "every tenth order is deleted", stopwatch -> orders.deleteSome());
        trial.phase("change of worker", "the worker is replaced amid changes of all kinds", this::changeAndReplace);
        trial.oneByOne(
                "one at a time",
                SINGLE_CHANGES + " single changes, each when all is quiet",
                List.copyOf(orders.singleChanges(SINGLE_CHANGES)));
    }

    private long burst(Stopwatch stopwatch) {
        stopWorker();
        long changes = 0;
        for (int round = 0; round < BURST; round++) {
            changes += orders.changeStatuses();
        }
        stopwatch.restart();
        startWorker();
        return changes;
    }

    private long changeAndReplace(Stopwatch stopwatch) throws Exception {
        ExecutorService application = Executors.newSingleThreadExecutor();
        try {
            Future<Long> changes = application.submit(orders::changeEverything);
            stopWorker();
            startWorker();
            return changes.get();
        } finally {
            application.shutdownNow();
        }
    }
}
