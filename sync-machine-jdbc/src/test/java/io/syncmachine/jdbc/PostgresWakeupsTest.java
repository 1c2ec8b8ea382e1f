package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.syncmachine.testing.CountingDataSource;
import io.syncmachine.testing.TestDatabase;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Processes wake each other, again after a broken connection, and without a storm of notifications. */
class PostgresWakeupsTest {

    private static final Duration LONG_ENOUGH = Duration.ofSeconds(20);
    private static final String LISTENERS =
            "select count(*) from pg_stat_activity where query = 'listen sync_machine_wake' and datname = current_database()";

    private final TestDatabase database = TestDatabase.create();
    private final CountingDataSource counting = new CountingDataSource(database.dataSource());
    private final AtomicInteger wakes = new AtomicInteger();
    private final PostgresWakeups worker = wakeups(database.anotherPool(3));
    private final PostgresWakeups host = wakeups(counting.dataSource());

    private static PostgresWakeups wakeups(javax.sql.DataSource dataSource) {
        return new PostgresWakeups(new Database(dataSource, new PostgresDialect(), "sync_machine_"));
    }

    @AfterEach
    void close() {
        worker.close();
        host.close();
        database.close();
    }

    /** The first wake-up is the catch-up after connecting. */
    private void open() {
        worker.open(wakes::incrementAndGet, true);
        host.open(() -> {}, false);
        await().atMost(LONG_ENOUGH).until(() -> wakes.get() == 1);
    }

    @Test
    void aCommitWakesAnotherProcess() {
        open();
        host.committed();
        await().atMost(LONG_ENOUGH).until(() -> wakes.get() == 2);
    }

    @Test
    void aCommitHereWakesThisProcessDirectly() {
        open();
        int before = wakes.get();
        worker.committed();
        assertThat(wakes.get()).isEqualTo(before + 1);
    }

    @Test
    void aBrokenListenerComesBackAndCatchesUp() {
        open();
        int before = wakes.get();
        database.execute("select pg_terminate_backend(pid) from pg_stat_activity"
                + " where query like 'listen%' and datname = current_database()");
        await().atMost(LONG_ENOUGH).until(() -> wakes.get() > before);
        int caughtUp = wakes.get();
        host.committed();
        await().atMost(LONG_ENOUGH).until(() -> wakes.get() > caughtUp);
    }

    @Test
    void manyCommitsAreFewNotifications() {
        open();
        long start = System.nanoTime();
        for (int i = 0; i < 100_000; i++) {
            host.committed();
        }
        await().atMost(LONG_ENOUGH).until(() -> wakes.get() > 1);
        long elapsedMillis = Duration.ofNanos(System.nanoTime() - start).toMillis();
        long notifies = counting.statements().stream()
                .filter(sql -> sql.startsWith("notify"))
                .count();
        assertThat(notifies).isLessThanOrEqualTo(elapsedMillis / 5 + 2);
    }

    @Test
    void closingReturnsTheConnectionWithoutListening() {
        open();
        worker.close();
        assertThat(database.number(LISTENERS)).isZero();
    }
}
