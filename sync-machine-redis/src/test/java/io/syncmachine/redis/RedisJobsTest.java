package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.DeadLetterStore.Filter;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.Capability;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.Stage;
import io.syncmachine.test.JobExecutorContract;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;

class RedisJobsTest extends JobExecutorContract {

    private static final String MACHINE = "orders";
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final TestRedis SERVER = TestRedis.shared();

    private final String prefix = TestRedis.prefix();
    private final RedisClient client = SERVER.client();
    private final RedisClient otherClient = SERVER.client();

    @AfterEach
    void close() {
        client.close();
        otherClient.close();
    }

    @Override
    protected JobExecutor createJobs() {
        return jobs();
    }

    private RedisJobs jobs() {
        return RedisJobs.builder(client).prefix(prefix).build();
    }

    @Override
    protected JobExecutor anotherNode() {
        return RedisJobs.builder(otherClient).prefix(prefix).build();
    }

    @Override
    protected void pass(Duration duration) {
        PassingTime.pass(client, prefix, duration);
    }

    private Set<String> keys() {
        return client.keys("{" + prefix + "}*");
    }

    private static JobRequest request(String tenant, Stage stage, Lane lane, String key) {
        Cause cause = new Cause(ChangeKind.UPDATE, "Order", key, Set.of("status"), null);
        return new JobRequest(
                new JobKey(tenant, MACHINE, stage, key), ChangedProperties.of(List.of("status")), lane, List.of(cause));
    }

    private static JobRequest request(String key) {
        return request(Change.DEFAULT_TENANT, Stage.ENSURE_PUBLICATION, Lane.LIVE, key);
    }

    private static List<Claim> claim(JobExecutor jobs, Stage stage) {
        return jobs.claim(new JobExecutor.ClaimRequest(MACHINE, stage, 500, LONG, "test"));
    }

    private static List<Claim> claim(JobExecutor jobs) {
        return claim(jobs, Stage.ENSURE_PUBLICATION);
    }

    @Test
    void nothingIsLeftOfJobsThatAreDone() {
        RedisJobs jobs = jobs();
        List<JobRequest> requests = Stream.of("red", "blue")
                .flatMap(tenant -> Stream.of(Stage.values())
                        .flatMap(stage -> Stream.of(Lane.values())
                                .flatMap(lane -> IntStream.range(0, 10)
                                        .mapToObj(i -> request(tenant, stage, lane, lane + ":" + i)))))
                .toList();
        jobs.enqueue(requests);
        jobs.enqueue(requests);
        for (Stage stage : Stage.values()) {
            List<Claim> claims = claim(jobs, stage);
            assertThat(claims).hasSize(40);
            jobs.complete(claims.subList(0, 10));
            jobs.park(claims.subList(10, 25).stream()
                    .map(claim -> new JobExecutor.Park(claim, "why", "{}"))
                    .toList());
            jobs.release(claims.subList(25, 40).stream()
                    .map(claim -> new JobExecutor.Release(claim, LONG, true, "why"))
                    .toList());
        }
        jobs.deadLetters()
                .discard(jobs.deadLetters().list(Filter.ALL, null, 10).stream()
                        .map(letter -> letter.key())
                        .toList());
        jobs.deadLetters().purge(Duration.ZERO, 10);
        jobs.enqueue(jobs.deadLetters().list(Filter.ALL, null, 100).stream()
                .map(letter -> new JobRequest(letter.key(), ChangedProperties.all()))
                .toList());
        pass(LONG);
        for (Stage stage : Stage.values()) {
            jobs.complete(claim(jobs, stage));
        }

        assertThat(jobs.backlogs()).isEmpty();
        assertThat(keys()).isEmpty();
    }

    @Test
    void tokensAreNotCountedByRedis() {
        Set<Long> tokens = new HashSet<>();
        for (int i = 0; i < 5; i++) {
            RedisJobs jobs = jobs();
            jobs.enqueue(List.of(request("1")));
            assertThat(tokens.add(claim(jobs).get(0).token())).isTrue();
            client.del(keys().toArray(String[]::new));
        }
    }

    @Test
    void aJobThatRedisForgotIsLostToItsClaim() {
        RedisJobs jobs = jobs();
        jobs.enqueue(List.of(request("1")));
        Claim old = claim(jobs).get(0);
        client.del(keys().toArray(String[]::new));
        jobs.enqueue(List.of(request("1")));
        Claim holder = claim(anotherNode()).get(0);

        assertThat(jobs.complete(List.of(old))).containsValue(JobExecutor.Ending.LOST);
        assertThat(jobs.renew(List.of(old), LONG)).isEmpty();
        assertThat(jobs.complete(List.of(holder))).containsValue(JobExecutor.Ending.SETTLED);
    }

    @Test
    void tenantsMayHaveAnyName() {
        RedisJobs jobs = jobs();
        List<String> tenants = List.of("", "a", "a\0", "a\0b", "a\1", "a\1\1", "a:b", "ä", "{x}", " ");
        jobs.enqueue(tenants.stream()
                .map(tenant -> request(tenant, Stage.ENSURE_PUBLICATION, Lane.LIVE, "1"))
                .toList());

        List<Claim> claims = claim(jobs);
        jobs.park(claims.stream()
                .map(claim -> new JobExecutor.Park(claim, "why", null))
                .toList());

        assertThat(claims).extracting(claim -> claim.key().tenant()).containsExactlyInAnyOrderElementsOf(tenants);
        assertThat(jobs.deadLetters().list(Filter.ALL, null, 100))
                .extracting(letter -> letter.key())
                .isSortedAccordingTo(JobKey.ORDER)
                .hasSize(tenants.size());
        assertThat(tenants)
                .allSatisfy(tenant -> assertThat(jobs.deadLetters().count(Filter.ALL.ofTenant(tenant)))
                        .isEqualTo(1));
    }

    @Test
    void anEnqueuedBatchMayBeLarge() {
        RedisJobs jobs = jobs();
        jobs.enqueue(IntStream.range(0, 12_345).mapToObj(i -> request("" + i)).toList());

        assertThat(jobs.backlog()).isEqualTo(12_345);
    }

    @Test
    void aFilteredListMayBeFarApart() {
        RedisJobs jobs = jobs();
        jobs.enqueue(IntStream.range(0, 2_500).mapToObj(i -> request("" + i)).toList());
        List<Claim> claims = claim(jobs);
        while (!claims.isEmpty()) {
            jobs.park(claims.stream()
                    .map(claim ->
                            new JobExecutor.Park(claim, claim.key().key().endsWith("99") ? "rare" : "often", null))
                    .toList());
            claims = claim(jobs);
        }

        assertThat(jobs.deadLetters().count(Filter.ALL.failingWith("rare"))).isEqualTo(25);
        assertThat(jobs.deadLetters().list(Filter.ALL.failingWith("rare"), null, 20))
                .hasSize(20);
        assertThat(jobs.deadLetters().list(Filter.ALL.failingWith("rare"), null, 100))
                .hasSize(25);
    }

    @Test
    void anEndedServerIsAwayAndNothingElseIs() {
        assertThat(jobs().isAway(new RedisStoreException(new JedisConnectionException("broken"))))
                .isTrue();
        assertThat(jobs().isAway(new IllegalStateException("no"))).isFalse();
    }

    @Test
    void aServerThatEvictsJobsIsRefused() {
        try (TestRedis server = TestRedis.start("--save", "", "--maxmemory-policy", "allkeys-lru");
                RedisClient evicting = server.client()) {
            assertThatThrownBy(() -> RedisJobs.of(evicting).open(() -> {}, true))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("maxmemory-policy")
                    .hasMessageContaining("allkeys-lru")
                    .hasMessageContaining("noeviction");
        }
        jobs().open(() -> {}, true);
    }

    @Test
    void whatIsSaidNotToBePromisedIsNot() {
        assertThat(jobs().capabilities())
                .containsExactlyInAnyOrder(Capability.DURABLE, Capability.EXCLUSIVE, Capability.SHARED);
        assertThat(RedisJobs.builder(client).exclusive(false).build().capabilities())
                .containsExactlyInAnyOrder(Capability.DURABLE, Capability.SHARED);
        assertThat(RedisJobs.builder(client).durable(false).build().capabilities())
                .containsExactlyInAnyOrder(Capability.EXCLUSIVE, Capability.SHARED);
    }
}
