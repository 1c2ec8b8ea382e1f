package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;

/** A store in a database with parts in Redis. */
class RedisPartsTest {

    private final TestDatabase database = TestDatabase.create(DatabaseKind.H2);
    private final TestRedis server = TestRedis.start("--save", "", "--appendonly", "yes");
    private final TestRedis leaseServer = TestRedis.start("--save", "");
    private final RedisClient client = server.client();
    private final AtomicInteger wakes = new AtomicInteger();
    private final RedisLeases leases = RedisLeases.of(leaseServer.client());
    private final JdbcStore store = JdbcStore.builder(database.dataSource())
            .schemaMode(SchemaMode.CREATE)
            .jobs(RedisJobs.of(client))
            .leases(leases)
            .build();

    @AfterEach
    void close() {
        store.close();
        server.close();
        leaseServer.close();
        database.close();
    }

    private void open() {
        store.open(wakes::incrementAndGet, true);
    }

    private void append() {
        store.outbox()
                .append(List.of(new Change(
                        Change.DEFAULT_TENANT,
                        "Order",
                        "1",
                        ChangeKind.UPDATE,
                        ChangedProperties.all(),
                        Set.of("orders"),
                        null)));
    }

    private int relay() {
        return store.outbox()
                .relay(
                        10,
                        changes -> changes.stream()
                                .map(change -> new JobRequest(
                                        JobKey.ensurePublication(change.tenant(), "orders", change.id()),
                                        ChangedProperties.all()))
                                .toList(),
                        store.jobs());
    }

    @Test
    void areUsed() {
        open();

        assertThat(store.jobs()).isInstanceOf(RedisJobs.class);
        assertThat(store.leases()).isSameAs(leases);
        store.jobs().deadLetters().requeue(Map.of(JobKey.ensurePublication("", "orders", "1"), Duration.ZERO));
        assertThat(wakes.get()).isPositive();
    }

    @Test
    void areAwayWithTheirServerAndNotWithOneOfTheApplications() {
        open();
        server.kill();

        Throwable asked = catchThrowable(() -> store.jobs().backlog());

        assertThat(store.isAway(asked)).isTrue();
        assertThat(store.isAway(new IllegalStateException(asked))).isTrue();
        assertThat(store.isAway(new JedisConnectionException("of the application's own cache")))
                .isFalse();
        assertThat(store.outbox().depth()).isZero();
    }

    @Test
    void areOpenedTogetherOnceAllOfThemAreThere() {
        leaseServer.kill();

        Throwable failure = catchThrowable(this::open);

        assertThat(store.isAway(failure)).isTrue();
        leaseServer.restart();
        open();
        assertThat(store.leases().tryAcquire(List.of("1"), "me", Duration.ofMinutes(1)))
                .containsExactly("1");
    }

    @Test
    void areNotNeededByANodeThatOnlyCaptures() {
        server.kill();
        leaseServer.kill();

        store.open(() -> {}, false);
        append();

        assertThat(store.outbox().depth()).isEqualTo(1);
    }

    @Test
    void keepChangesInTheOutboxWhileTheirServerIsAway() {
        open();
        append();
        server.kill();

        assertThat(store.isAway(catchThrowable(this::relay))).isTrue();

        assertThat(store.outbox().depth()).isEqualTo(1);
        server.restart();
        assertThat(relay()).isEqualTo(1);
        assertThat(store.outbox().depth()).isZero();
        assertThat(store.jobs().backlog()).isEqualTo(1);
        assertThat(store.jobs().capabilities()).contains(JobExecutor.Capability.DURABLE);
    }
}
