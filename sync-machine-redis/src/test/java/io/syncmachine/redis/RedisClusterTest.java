package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.DeadLetterStore.Filter;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.Stage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClusterClient;

/** What is kept in a cluster of two nodes, which refuse scripts that touch keys of several slots. */
class RedisClusterTest {

    private static final Duration LONG = Duration.ofMinutes(5);
    private static List<TestRedis> servers = List.of();

    @BeforeAll
    static void start() {
        servers = TestRedis.startCluster(2);
    }

    @AfterAll
    static void stop() {
        servers.forEach(TestRedis::close);
    }

    private static RedisClusterClient client() {
        return RedisClusterClient.create(Set.of(servers.get(0).address()));
    }

    private static long size(int server) {
        try (Jedis node = new Jedis("127.0.0.1", servers.get(server).port())) {
            return node.dbSize();
        }
    }

    @Test
    void leasesAreSpreadOverTheNodes() {
        try (RedisClusterClient client = client()) {
            LeaseStore leases = RedisLeases.of(client);
            List<String> keys =
                    IntStream.range(0, 200).mapToObj(i -> "key-" + i).toList();

            assertThat(leases.tryAcquire(keys, "me", LONG)).hasSize(200);
            assertThat(leases.tryAcquire(keys, "you", LONG)).isEmpty();
            assertThat(leases.renew(keys, "me", LONG)).hasSize(200);

            assertThat(size(0)).isPositive();
            assertThat(size(1)).isPositive();
            leases.release(keys, "me");
            assertThat(size(0) + size(1)).isZero();
        }
    }

    @Test
    void jobsOfAPrefixAreOnOneNode() {
        try (RedisClusterClient client = client()) {
            RedisJobs jobs = RedisJobs.of(client);
            jobs.open(() -> {}, true);
            jobs.enqueue(IntStream.range(0, 200)
                    .mapToObj(i -> new JobRequest(
                            JobKey.ensurePublication("tenant-" + i % 7, "orders", "{" + i + "}"),
                            ChangedProperties.all()))
                    .toList());

            List<Claim> claims = jobs.claim(new ClaimRequest("orders", Stage.ENSURE_PUBLICATION, 200, LONG, "test"));

            assertThat(claims).hasSize(200);
            assertThat(List.of(size(0), size(1))).contains(0L);
            jobs.park(List.of(new Park(claims.get(0), "why", "{}")));
            jobs.release(List.of(new Release(claims.get(1), LONG, true, "why")));
            assertThat(jobs.renew(claims, LONG)).hasSize(198);
            jobs.complete(claims);
            assertThat(jobs.backlog()).isEqualTo(1);
            assertThat(jobs.longestDue()).isZero();
            assertThat(jobs.find(claims.get(1).key())).isPresent();
            assertThat(jobs.deadLetters().list(Filter.ALL, null, 10)).hasSize(1);
            assertThat(jobs.deadLetters().requeue(Map.of(claims.get(0).key(), Duration.ZERO)))
                    .isEqualTo(1);
            jobs.close();
        }
    }
}
