package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.Limits;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.CallLimiter.Grant;
import io.syncmachine.spi.CallLimiter.Returned;
import io.syncmachine.test.CallLimiterContract;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

class RedisLimiterTest extends CallLimiterContract {

    private static final Duration MINUTE = Duration.ofMinutes(1);
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
    protected CallLimiter createLimiter() {
        return RedisLimiter.of(client, prefix);
    }

    @Override
    protected CallLimiter anotherNode() {
        return RedisLimiter.of(otherClient, prefix);
    }

    @Override
    protected void pass(Duration duration) {
        PassingTime.passForCalls(client, prefix, duration);
    }

    @Test
    void everyKeyExpiresWhenNothingOfItCounts() {
        CallLimiter limiter = createLimiter();
        Limits limits = Limits.none().atMost(10, MINUTE).inFlight(5);
        limiter.acquire("erp", limits, 3, MINUTE);
        limiter.pause("erp", MINUTE);

        assertThat(client.keys("{" + prefix + ":calls}:*"))
                .hasSize(2)
                .allSatisfy(key -> assertThat(client.pttl(key)).isBetween(1L, 130_000L));
    }

    @Test
    void nothingIsLeftOfCallsThatAreGivenBack() {
        CallLimiter limiter = createLimiter();
        Limits limits = Limits.none().atMost(10, MINUTE).inFlight(5);
        Grant grant = limiter.acquire("erp", limits, 3, MINUTE);
        limiter.release("erp", limits, List.of(new Returned(grant.at(), 3, false)));

        assertThat(client.keys("{" + prefix + ":calls}:*")).isEmpty();
    }
}
