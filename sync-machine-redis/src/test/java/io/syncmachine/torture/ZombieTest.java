package io.syncmachine.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.Backoff;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.function.CheckedConsumer;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.testing.TestDatabase;
import io.syncmachine.torture.Shop.Document;
import io.syncmachine.torture.Shop.Order;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A worker is stopped between its last check, that it still may, and the send, and wakes when its successor has published: in 200 rounds,
 * of which many run at once, each with a subject of its own. The worker's clock and its connections stand still meanwhile, and so does all of it,
 * the watch over deadlines too; what it was about to send, it sends as soon as it wakes, too late by any measure.
 */
class ZombieTest {

    private static final int ROUNDS = 200;
    private static final Duration LEASE = Duration.ofSeconds(2);
    private static final Duration DEADLINE = Duration.ofMillis(900);
    private static final Duration GRACE = Duration.ofMillis(50);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final TestDatabase database = TestDatabase.create();

    /** A process that may be stopped: whatever of it looks at the clock then, waits. */
    private static final class Gate implements EngineClock {

        private final CountDownLatch wokenUp = new CountDownLatch(1);
        private volatile boolean stopped;

        void stop() {
            stopped = true;
        }

        void wakeUp() {
            wokenUp.countDown();
        }

        void pass() {
            if (stopped) {
                awaitWakeUp();
            }
        }

        /** No interrupt reaches a stopped process. */
        void awaitWakeUp() {
            boolean interrupted = false;
            while (wokenUp.getCount() > 0) {
                try {
                    wokenUp.await();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public Instant now() {
            pass();
            return Instant.now();
        }

        @Override
        public long nanos() {
            pass();
            return System.nanoTime();
        }
    }

    /** Takes what it is sent; if it checks versions, nothing that is older than what it has. */
    private static final class VersionedApi {

        private final boolean checksVersions;
        private final Map<Long, Document> documents = new HashMap<>();
        private final Map<Long, Long> versions = new HashMap<>();
        private int outdated;

        VersionedApi(boolean checksVersions) {
            this.checksVersions = checksVersions;
        }

        synchronized void take(long id, long version, @Nullable Document document) {
            if (version < versions.getOrDefault(id, 0L)) {
                outdated++;
                if (checksVersions) {
                    throw new NotAcceptedException("version " + version + " is outdated");
                }
            }
            versions.merge(id, version, Math::max);
            if (document == null) {
                documents.remove(id);
            } else {
                documents.put(id, document);
            }
        }

        void take(Publication<Order, Long, Document> publication) {
            take(
                    publication.id(),
                    publication.version(),
                    publication.subject() == null ? null : publication.document());
        }

        synchronized Map<Long, Document> documents() {
            return Map.copyOf(documents);
        }

        synchronized int outdated() {
            return outdated;
        }
    }

    @BeforeEach
    void createTables() throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            Shop.createTables(connection, 1);
        }
    }

    @AfterEach
    void closeDatabase() {
        database.close();
    }

    private static SyncMachine<Order, Long> machine(CheckedConsumer<Publication<Order, Long, Document>> send) {
        return SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class)
                .build(Order::document)
                .publish(send)
                .onDeletePublication(send)
                .policy(Policy.defaults()
                        .deadline(DEADLINE)
                        .inFlight(ROUNDS)
                        .retry(Backoff.exponential(Duration.ofMillis(50), Duration.ofMillis(200))))
                .done();
    }

    private static SyncEngine.Builder engine(
            String name, DataSource pool, CheckedConsumer<Publication<Order, Long, Document>> send) {
        return SyncEngine.builder()
                .name(name)
                .machines(machine(send))
                .entities(Shop.entities(pool))
                .store(JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE).build())
                .lease(LEASE)
                .grace(GRACE);
    }

    /** The connections of a process that may be stopped. */
    private static DataSource connectionsOf(Gate process, DataSource pool) {
        return (DataSource) Proxy.newProxyInstance(
                pool.getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    process.pass();
                    try {
                        return method.invoke(pool, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private void commit(SyncEngine host, long first, long last, String sql) {
        Long[] ids = LongStream.rangeClosed(first, last).boxed().toArray(Long[]::new);
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setArray(1, connection.createArrayOf("bigint", ids));
                statement.executeUpdate();
            }
            host.in(connection).changed(Order.class, List.of(ids));
            connection.commit();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private Map<Long, Document> expected() throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            return Shop.documents(connection);
        }
    }

    private static void settle(SyncEngine engine) {
        await().atMost(PATIENCE).until(() -> engine.backlog().isEmpty());
    }

    @Test
    void whatAZombieSendsIsRefusedByItsVersion() throws Exception {
        assertThat(torture(new VersionedApi(true))).isEqualTo(expected());
    }

    @Test
    void whatAnApiWithoutVersionsTakesFromAZombieIsSetRight() throws Exception {
        assertThat(torture(new VersionedApi(false))).isEqualTo(expected());
    }

    /** Answers what the API holds at rest, when zombies have sent as often as there are rounds. */
    private Map<Long, Document> torture(VersionedApi api) throws Exception {
        try (HikariDataSource pool = database.anotherPool(4);
                SyncEngine host = engine("host", pool, api::take).works(false).start()) {
            long first = 1;
            while (api.outdated() < ROUNDS) {
                rounds(api, host, first);
                first += ROUNDS;
            }
        }
        return api.documents();
    }

    private void rounds(VersionedApi api, SyncEngine host, long first) {
        long last = first + ROUNDS - 1;
        commit(host, first, last, "insert into orders select id, 1, 'first', 1 from unnest(?) as id");
        Gate process = new Gate();
        AtomicInteger aboutToSend = new AtomicInteger();
        int outdated = api.outdated();
        DataSource zombiePool = connectionsOf(process, database.anotherPool(8));
        HikariDataSource pool = database.anotherPool(8);
        try (SyncEngine zombie = engine("zombie", zombiePool, publication -> {
                    aboutToSend.incrementAndGet();
                    process.awaitWakeUp();
                    api.take(publication);
                })
                .clock(process)
                .start()) {
            await().atMost(PATIENCE).until(() -> aboutToSend.get() >= ROUNDS / 2);
            process.stop();
            commit(host, first, last, "update orders set status = 'second' where id = any(?)");
            commit(host, first, first + ROUNDS / 3, "delete from orders where id = any(?)");
            try (SyncEngine successor = engine("successor", pool, api::take).start()) {
                settle(host);
                assertThat(api.outdated()).isEqualTo(outdated);
                process.wakeUp();
                zombie.close();
                settle(successor);
            } finally {
                process.wakeUp();
            }
        }
    }
}
