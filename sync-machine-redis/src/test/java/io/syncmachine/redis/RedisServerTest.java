package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.syncmachine.ChangedProperties;
import io.syncmachine.Limits;
import io.syncmachine.spi.CallLimiter.Grant;
import io.syncmachine.spi.CallLimiter.Returned;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.DeadLetterStore.Filter;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

/** Servers that are short of memory, and users that may do little. */
class RedisServerTest {

    private static final Duration LONG = Duration.ofMinutes(5);

    private final TestRedis server = TestRedis.start("--save", "");

    @AfterEach
    void stop() {
        server.close();
    }

    private static List<JobRequest> requests(int from, int count) {
        return IntStream.range(from, from + count)
                .mapToObj(i -> new JobRequest(
                        JobKey.ensurePublication(Change.DEFAULT_TENANT, "orders", "" + i), ChangedProperties.all()))
                .toList();
    }

    private static List<Claim> claim(RedisJobs jobs, int limit) {
        return jobs.claim(new ClaimRequest("orders", Stage.ENSURE_PUBLICATION, limit, LONG, "test"));
    }

    @Test
    void aServerWithoutMemoryTakesABatchWholeOrNotAtAll() {
        RedisJobs jobs = RedisJobs.of(server.client());
        server.set("maxmemory", "3mb");
        AtomicInteger enqueued = new AtomicInteger();

        Throwable failure = catchThrowable(() -> {
            while (enqueued.get() < 100_000) {
                jobs.enqueue(requests(enqueued.get(), 500));
                enqueued.addAndGet(500);
            }
        });

        assertThat(failure).isInstanceOf(RedisStoreException.class).hasMessageContaining("OOM");
        assertThat(jobs.isAway(failure)).isFalse();
        assertThat(jobs.backlog()).isEqualTo(enqueued.get());
        server.set("maxmemory", "0");
        int claimed = 0;
        for (List<Claim> claims = claim(jobs, 500); !claims.isEmpty(); claims = claim(jobs, 500)) {
            claimed += claims.size();
        }
        assertThat(claimed).isEqualTo(enqueued.get());
    }

    /** What stands in the documentation. */
    private static String[] rights() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "redis.md"));
        String command = page.substring(page.indexOf("ACL SETUSER shop ") + "ACL SETUSER shop ".length());
        return command.substring(0, command.indexOf("```")).strip().split("\\s+");
    }

    @Test
    void theRightsOfTheDocumentationAreEnough() throws IOException {
        server.allow("shop", rights());
        AtomicInteger wakes = new AtomicInteger();
        try (RedisClient client = RedisClient.create("127.0.0.1", server.port(), "shop", "secret")) {
            RedisJobs jobs = RedisJobs.of(client);
            jobs.open(() -> {}, true);
            jobs.enqueue(requests(0, 5));
            List<Claim> claims = claim(jobs, 5);
            jobs.enqueue(requests(0, 5));
            jobs.renew(claims, LONG);
            jobs.complete(claims.subList(0, 1));
            jobs.release(List.of(new Release(claims.get(1), LONG, true, "why")));
            jobs.park(List.of(new Park(claims.get(2), "why", null)));
            List<Claim> more = claim(jobs, 5);
            jobs.park(more.stream().map(claim -> new Park(claim, "why", "{}")).toList());
            assertThat(jobs.deadLetters().list(Filter.ALL.failingWith("why"), null, 10))
                    .isNotEmpty();
            assertThat(jobs.deadLetters().count(Filter.ALL)).isPositive();
            JobKey key = more.get(0).key();
            assertThat(jobs.deadLetters().find(key)).isPresent();
            assertThat(jobs.deadLetters().requeue(Map.of(key, Duration.ZERO))).isEqualTo(1);
            assertThat(jobs.deadLetters().discard(List.of(more.get(1).key()))).isEqualTo(1);
            jobs.deadLetters().purge(Duration.ZERO, 10);
            jobs.erase(key);
            assertThat(jobs.find(key)).isPresent();
            assertThat(jobs.backlogs()).isNotEmpty();
            assertThat(jobs.longestDue()).isNotNull();
            jobs.isAnyDue("orders", Stage.ENSURE_PUBLICATION);
            RedisJobs notReliedOn = RedisJobs.builder(client).durable(false).build();
            notReliedOn.enqueue(requests(10, 5));
            notReliedOn.complete(claim(notReliedOn, 20));
            assertThat(notReliedOn.coverage().requested()).isEqualTo(1);

            RedisLimiter limiter = RedisLimiter.of(client);
            Limits limits = Limits.none().atMost(5, LONG).inFlight(3);
            Grant grant = limiter.acquire("erp", limits, 2, LONG);
            limiter.release("erp", limits, List.of(new Returned(grant.at(), 1, false)));
            limiter.pause("erp", LONG);
            assertThat(limiter.pauses()).containsOnlyKeys("erp");

            RedisLeases leases = RedisLeases.of(client);
            leases.open(() -> {}, true);
            leases.tryAcquire(List.of("1", "2"), "me", LONG);
            assertThat(leases.renew(List.of("1", "2"), "me", LONG)).hasSize(2);
            leases.release(List.of("1"), "me");

            RedisWakeups wakeups = RedisWakeups.of(client);
            wakeups.open(wakes::incrementAndGet, true);
            await().until(() -> wakes.get() == 1);
            wakeups.plenty();
            await().until(() -> wakes.get() == 2);
            wakeups.check();
            wakeups.close();
        }
    }

    @Test
    void aUserNeedNotKnowAboutTheServer() {
        server.allow("shop", "on", ">secret", "~*", "&*", "+@all", "-info");
        try (RedisClient client = RedisClient.create("127.0.0.1", server.port(), "shop", "secret")) {
            RedisJobs jobs = RedisJobs.of(client);
            jobs.open(() -> {}, true);
            jobs.enqueue(requests(0, 1));

            assertThat(claim(jobs, 1)).hasSize(1);
        }
    }

    @Test
    void aUserWhoIsRefusedIsNotMistakenForAServerThatIsAway() {
        server.allow("shop", "on", ">secret", "~*", "&*", "-@all", "+get");
        try (RedisClient client = RedisClient.create("127.0.0.1", server.port(), "shop", "secret");
                RedisClient stranger = RedisClient.create("127.0.0.1", server.port(), "nobody", "wrong")) {
            for (RedisClient refused : List.of(client, stranger)) {
                RedisJobs jobs = RedisJobs.of(refused);
                Throwable failure = catchThrowable(() -> jobs.open(() -> {}, true));

                assertThat(failure).isInstanceOf(RedisStoreException.class);
                assertThat(jobs.isAway(failure)).isFalse();
            }
        }
    }
}
