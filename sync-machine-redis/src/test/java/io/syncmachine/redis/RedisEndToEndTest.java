package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.syncmachine.Limits;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.redis.RedisShop.Node;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole way from a row to the API, with jobs, leases and wake-ups in a Redis that keeps what it was given, and dies and comes back on the way. */
class RedisEndToEndTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final RedisShop shop = new RedisShop(Limits.none());
    private final TestRedis server = TestRedis.start("--save", "", "--appendonly", "yes", "--appendfsync", "always");
    private final TestRedis leases = TestRedis.start("--save", "");

    @AfterEach
    void end() {
        shop.close();
        server.close();
        leases.close();
    }

    private JdbcStore.Builder parts(JdbcStore.Builder store, boolean exclusive) {
        return store.jobs(
                        RedisJobs.builder(server.client()).exclusive(exclusive).build())
                .leases(RedisLeases.of(leases.client()))
                .wakeUps(RedisWakeups.of(server.client()));
    }

    /** Nothing but what Redis has kept leads to what was changed here. */
    private void killWhileJobsWait(Node host) {
        shop.shut(true);
        shop.changeAll(host, "last");
        await().atMost(PATIENCE).until(() -> host.engine().backlog().changes() == 0);
        assertThat(host.engine().backlog().jobs()).isPositive();
        server.kill();
        server.restart();
        shop.shut(false);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingIsLostWhereRedisDiesAndComesBackAndForgetsLeases(boolean exclusive) throws Exception {
        Node host = shop.start("host", false, store -> parts(store, exclusive));
        shop.start("node-1", true, store -> parts(store, exclusive));
        shop.start("node-2", true, store -> parts(store, exclusive));
        shop.createCustomers(host);
        shop.whileWriting(host, () -> {
            for (int round = 0; round < 2; round++) {
                shop.awaitPublications(100);
                server.kill();
                await().atMost(PATIENCE).until(() -> shop.lines().stream().anyMatch(line -> line.contains("is away")));
                server.restart();
                shop.awaitPublications(100);
                leases.flush();
            }
        });
        killWhileJobsWait(host);

        await().atMost(PATIENCE).until(() -> host.engine().backlog().isEmpty());
        assertThat(shop.held()).isEqualTo(shop.committed());
        assertThat(host.engine().deadLetters().count()).isZero();
        assertThat(shop.lines()).noneMatch(line -> line.contains("failed, and will be tried again"));
    }
}
