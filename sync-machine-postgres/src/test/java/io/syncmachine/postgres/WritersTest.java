package io.syncmachine.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Others write by plain SQL while an engine works. */
class WritersTest {

    private static final int WRITERS = 16;
    private static final Duration POLL = Duration.ofSeconds(5);
    /** For two busy cores. */
    private static final Duration SLACK = Duration.ofSeconds(2);

    record Entry(long id, int value) {}

    private final TestDatabase database = TestDatabase.create();
    private final Map<Long, Integer> api = new ConcurrentHashMap<>();
    private final Map<Long, Long> publishedAt = new ConcurrentHashMap<>();

    private final SyncMachine<Entry, Long> machine = SyncMachine.define("entry-to-api", Entry.class, Long.class)
            .listenTo(Entry.class, "value")
            .build(entry -> entry)
            .publish((entry, document) -> {
                api.put(entry.id(), document.value());
                publishedAt.put(entry.id(), System.nanoTime());
            })
            .onDelete(id -> api.remove(id))
            .done();

    @BeforeEach
    void createTables() throws SQLException {
        Invoices.createStore(database.dataSource());
        database.execute("create table entry (id bigint primary key, value int not null)");
        PostgresTriggers.builder(entities()).machines(machine).build().apply(database.dataSource());
    }

    @AfterEach
    void close() {
        database.close();
    }

    private JdbcEntities entities() {
        return JdbcEntities.builder(database.dataSource())
                .entity(Entry.class, Long.class, Entry::id, WritersTest::load, it -> it.table("entry"))
                .build();
    }

    private static List<Entry> load(Connection connection, List<Long> ids) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select id, value from entry where id = any(?)")) {
            statement.setArray(1, connection.createArrayOf("bigint", ids.toArray()));
            ResultSet rows = statement.executeQuery();
            List<Entry> entries = new ArrayList<>();
            while (rows.next()) {
                entries.add(new Entry(rows.getLong(1), rows.getInt(2)));
            }
            return entries;
        }
    }

    private SyncEngine start(boolean wakeUps) {
        return SyncEngine.builder()
                .machines(machine)
                .entities(entities())
                .store(JdbcStore.builder(database.dataSource()).wakeUps(wakeUps).build())
                .start();
    }

    private Map<Long, Integer> committed() throws SQLException {
        Map<Long, Integer> rows = new TreeMap<>();
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select id, value from entry")) {
            while (row.next()) {
                rows.put(row.getLong(1), row.getInt(2));
            }
        }
        return rows;
    }

    @Test
    void sixteenWritersWhoCommitWhenTheyLikeLoseNothing() throws Exception {
        write(20_000);
    }

    @Test
    @Tag("full")
    void sixteenWritersOfTwoHundredThousandRowsLoseNothing() throws Exception {
        write(200_000);
    }

    private void write(int rows) throws Exception {
        AtomicInteger left = new AtomicInteger(rows);
        ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
        try (SyncEngine engine = start(true)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
                int writer = i;
                all.add(writers.submit(() -> {
                    write(writer, left);
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
            await().atMost(Duration.ofMinutes(5)).until(() -> engine.backlog().isEmpty());
        } finally {
            writers.shutdownNow();
        }
        assertThat(new TreeMap<>(api)).isEqualTo(committed());
    }

    /** Transactions of some rows, of which a fifth is rolled back; what is committed is also changed and deleted now and then. */
    private void write(int writer, AtomicInteger left) throws SQLException {
        Random random = new Random(writer);
        long next = writer * 1_000_000L;
        try (HikariDataSource pool = database.anotherPool(1);
                Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            while (left.get() > 0) {
                int some = 1 + random.nextInt(40);
                statement.execute("insert into entry select i, " + random.nextInt(1_000) + " from generate_series("
                        + next + ", " + (next + some - 1) + ") i");
                statement.execute(
                        "update entry set value = value + 1 where id between " + (next - 20) + " and " + (next + 5));
                if (random.nextInt(4) == 0) {
                    statement.execute("delete from entry where id = " + (next - 7));
                }
                LockSupport.parkNanos(random.nextInt(10_000_000));
                if (random.nextInt(5) == 0) {
                    connection.rollback();
                } else {
                    connection.commit();
                    next += some;
                    left.addAndGet(-some);
                }
            }
        }
    }

    @Test
    void aListenerThatIsKilledAgainAndAgainLosesNothing() throws Exception {
        change(true, Duration.ofSeconds(7), Duration.ofMillis(500));
    }

    @Test
    @Tag("full")
    void aListenerThatIsKilledEveryTwoSecondsLosesNothing() throws Exception {
        change(true, Duration.ofMinutes(1), Duration.ofSeconds(2));
    }

    @Test
    void withoutWakeUpsChangesAreFoundByPolling() throws Exception {
        change(false, Duration.ofSeconds(7), Duration.ofMillis(500));
    }

    /** Each row is written once, by somebody who wakes nobody; how long it takes to the API is at most the poll. */
    private void change(boolean wakeUps, Duration time, Duration betweenKills) throws Exception {
        Map<Long, Long> writtenAt = new TreeMap<>();
        ScheduledExecutorService others = Executors.newScheduledThreadPool(2);
        try (SyncEngine engine = start(wakeUps);
                HikariDataSource pool = database.anotherPool(1)) {
            Future<?> killing = others.scheduleWithFixedDelay(
                    () -> database.execute("select pg_terminate_backend(pid) from pg_stat_activity"
                            + " where query ilike 'listen%' and datname = current_database()"),
                    0,
                    betweenKills.toMillis(),
                    TimeUnit.MILLISECONDS);
            long end = System.nanoTime() + time.toNanos();
            for (long id = 1; System.nanoTime() < end; id++) {
                try (Connection connection = pool.getConnection();
                        Statement statement = connection.createStatement()) {
                    statement.execute("insert into entry values (" + id + ", 1)");
                }
                writtenAt.put(id, System.nanoTime());
                LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(2_000_000_000L));
            }
            await().atMost(Duration.ofSeconds(30)).until(() -> engine.backlog().isEmpty());
            assertThat(killing.isDone()).as("somebody was killing").isFalse();
        } finally {
            others.shutdownNow();
        }
        assertThat(new TreeMap<>(api)).isEqualTo(committed()).hasSize(writtenAt.size());
        long longest = writtenAt.entrySet().stream()
                .mapToLong(written -> Objects.requireNonNull(publishedAt.get(written.getKey())) - written.getValue())
                .max()
                .orElseThrow();
        assertThat(Duration.ofNanos(longest)).isLessThan(POLL.plus(SLACK));
    }
}
