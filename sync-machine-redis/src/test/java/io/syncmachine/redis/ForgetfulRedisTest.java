package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Coverage;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Stage;
import io.syncmachine.test.JobExecutorContract;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

/** Jobs in a Redis that is not relied on. */
class ForgetfulRedisTest extends JobExecutorContract {

    private static final String MACHINE = "orders";
    private static final Duration LONG = Duration.ofMinutes(5);

    private final String prefix = TestRedis.prefix();
    private final RedisClient client = TestRedis.shared().client();
    private final RedisClient otherClient = TestRedis.shared().client();

    @AfterEach
    void close() {
        client.close();
        otherClient.close();
    }

    @Override
    protected JobExecutor createJobs() {
        return jobs(client);
    }

    private RedisJobs jobs(RedisClient client) {
        return RedisJobs.builder(client).prefix(prefix).durable(false).build();
    }

    @Override
    protected JobExecutor anotherNode() {
        return jobs(otherClient);
    }

    @Override
    protected void pass(Duration duration) {
        PassingTime.pass(client, prefix, duration);
    }

    private static List<JobRequest> requests() {
        return Stream.of(Stage.values())
                .flatMap(stage -> IntStream.range(0, 40)
                        .mapToObj(i -> new JobRequest(
                                new JobKey(Change.DEFAULT_TENANT, MACHINE, stage, "" + i), ChangedProperties.all())))
                .toList();
    }

    private static List<Claim> claim(RedisJobs jobs, Stage stage) {
        return jobs.claim(new ClaimRequest(MACHINE, stage, 500, LONG, "test"));
    }

    @Test
    void nothingButItsMemoryIsLeftOfJobsThatAreDone() {
        RedisJobs jobs = jobs(client);
        jobs.enqueue(requests());
        for (Stage stage : Stage.values()) {
            List<Claim> claims = claim(jobs, stage);
            jobs.enqueue(requests());
            jobs.complete(claims.subList(0, 10));
            jobs.park(claims.subList(10, 20).stream()
                    .map(claim -> new Park(claim, "why", null))
                    .toList());
            jobs.release(claims.subList(20, 30).stream()
                    .map(claim -> new Release(claim, LONG, true, "why"))
                    .toList());
            pass(LONG);
        }
        for (int again = 0; again < 2; again++) {
            for (Stage stage : Stage.values()) {
                jobs.complete(claim(jobs, stage));
            }
        }

        Coverage coverage = jobs.coverage();
        assertThat(coverage.covered()).isEmpty();
        assertThat(client.keys("{" + prefix + "}*"))
                .containsExactlyInAnyOrder("{" + prefix + "}:memory", "{" + prefix + "}:requests");
    }

    @Test
    void hasAnotherMemoryWhenItWasFlushedOrStartedAnew() {
        try (TestRedis server = TestRedis.start("--save", "", "--appendonly", "yes", "--appendfsync", "always")) {
            RedisJobs jobs = jobs(server.client());
            String first = jobs.coverage().memory();
            server.flush();
            String second = jobs.coverage().memory();
            server.kill();
            server.restart();
            String third = jobs.coverage().memory();

            assertThat(List.of(first, second, third)).doesNotHaveDuplicates();
            assertThat(jobs(server.client()).coverage().memory()).isEqualTo(third);
        }
    }

    @Test
    void hasAnotherMemoryWhenAReplicaTookOver() {
        try (TestRedis server = TestRedis.start("--save", "");
                TestRedis replica = TestRedis.replicaOf(server)) {
            RedisJobs jobs = jobs(server.client());
            jobs.enqueue(requests());
            Coverage before = jobs.coverage();
            replica.promote();

            Coverage after = jobs(replica.client()).coverage();

            assertThat(after.memory()).isNotEqualTo(before.memory());
        }
    }

    @Test
    void hasAnotherMemoryWhenTheFirstTookOverAgain() {
        try (TestRedis server = TestRedis.start("--save", "");
                TestRedis replica = TestRedis.replicaOf(server)) {
            RedisJobs jobs = jobs(server.client());
            Coverage before = jobs.coverage();
            replica.promote();
            server.follow(replica);
            server.promote();

            Coverage after = jobs.coverage();

            assertThat(after.memory()).isNotEqualTo(before.memory());
            assertThat(jobs.coverage()).isEqualTo(after);
        }
    }

    @Test
    void isNotNoticedToForgetWhereTheUserMayNotKnow() {
        try (TestRedis server = TestRedis.start("--save", "")) {
            server.allow("shop", "on", ">secret", "~*", "&*", "+@all", "-info");
            try (RedisClient shop = RedisClient.create("127.0.0.1", server.port(), "shop", "secret")) {
                RedisJobs jobs = jobs(shop);
                jobs.enqueue(requests());
                String memory = jobs.coverage().memory();
                server.flush();

                assertThat(jobs.coverage().memory()).isNotEqualTo(memory);
            }
        }
    }
}
