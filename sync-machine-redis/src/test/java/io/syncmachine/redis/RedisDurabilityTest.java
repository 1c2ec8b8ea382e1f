package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Ending;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Stage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

/** What is there again after the server was killed without a word. */
class RedisDurabilityTest {

    private static final Duration LONG = Duration.ofMinutes(5);

    private static List<Claim> claim(RedisJobs jobs, int limit) {
        return jobs.claim(new ClaimRequest("orders", Stage.ENSURE_PUBLICATION, limit, LONG, "test"));
    }

    private static List<JobRequest> requests(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new JobRequest(
                        JobKey.ensurePublication(Change.DEFAULT_TENANT, "orders", "" + i), ChangedProperties.all()))
                .toList();
    }

    @Test
    void everythingThatWasAnsweredSurvivesAKillWhereTheFileIsWrittenAlways() {
        try (TestRedis server = TestRedis.start("--save", "", "--appendonly", "yes", "--appendfsync", "always");
                RedisClient client = server.client()) {
            RedisJobs jobs = RedisJobs.of(client);
            for (int round = 0; round < 5; round++) {
                List<Claim> before = claim(jobs, 100);
                jobs.enqueue(requests(100));
                server.kill();
                server.restart();

                assertThat(server.setting("appendfsync")).isEqualTo("always");
                assertThat(jobs.backlog()).isEqualTo(100);
                Map<Long, Ending> endings = jobs.complete(before);
                assertThat(endings).hasSize(round == 0 ? 0 : 100);
                assertThat(endings.values()).allMatch(Ending.RUNS_AGAIN::equals);
            }
            jobs.complete(claim(jobs, 50));
            server.kill();
            server.restart();
            assertThat(jobs.backlog()).isEqualTo(50);
            assertThat(jobs.complete(claim(jobs, 100))).hasSize(50);
            assertThat(client.dbSize()).isZero();
        }
    }

    @Test
    void nothingSurvivesWhereThereIsNoFile() {
        try (TestRedis server = TestRedis.start("--save", "", "--appendonly", "no");
                RedisClient client = server.client()) {
            RedisJobs jobs = RedisJobs.of(client);
            jobs.enqueue(requests(10));
            server.kill();
            server.restart();

            assertThat(jobs.backlog()).isZero();
        }
    }
}
