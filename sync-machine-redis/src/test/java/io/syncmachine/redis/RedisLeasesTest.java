package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.spi.LeaseStore;
import io.syncmachine.test.LeaseStoreContract;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

class RedisLeasesTest extends LeaseStoreContract {

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
    protected LeaseStore createLeases() {
        return RedisLeases.of(client, prefix);
    }

    @Override
    protected LeaseStore anotherNode() {
        return RedisLeases.of(otherClient, prefix);
    }

    @Override
    protected void pass(Duration duration) throws Exception {
        Thread.sleep(duration.toMillis());
    }

    @Test
    void aKeyIsNeverHeldByTwoWhoTakeTurns() throws Exception {
        List<String> keys = IntStream.range(0, 5).mapToObj(i -> "key-" + i).toList();
        AtomicInteger[] inside = keys.stream().map(key -> new AtomicInteger()).toArray(AtomicInteger[]::new);
        AtomicInteger granted = new AtomicInteger();

        AtOnce.run(4, number -> {
            String holder = "node-" + number;
            LeaseStore own = RedisLeases.of(number % 2 == 0 ? client : otherClient, prefix);
            for (int round = 0; round < 100; round++) {
                Set<String> held = own.tryAcquire(keys, holder, LONG);
                for (String key : held) {
                    assertThat(inside[keys.indexOf(key)].incrementAndGet()).isEqualTo(1);
                }
                granted.addAndGet(held.size());
                for (String key : held) {
                    inside[keys.indexOf(key)].decrementAndGet();
                }
                own.release(held, holder);
            }
            return true;
        });

        assertThat(granted.get()).isGreaterThanOrEqualTo(keys.size());
    }

    @Test
    void everyKeyHasAnExpiry() {
        LeaseStore leases = createLeases();
        List<String> keys = IntStream.range(0, 40).mapToObj(i -> "key-" + i).toList();
        leases.tryAcquire(keys, "me", Duration.ofMinutes(1));
        leases.renew(keys, "me", Duration.ofMinutes(2));

        Set<String> names = client.keys("*" + prefix + ":*");

        assertThat(names)
                .hasSize(40)
                .allSatisfy(name -> assertThat(client.pttl(name)).isBetween(60_001L, 120_000L));
    }

    @Test
    void leasesOfAnotherPrefixAreOthers() {
        createLeases().tryAcquire(List.of("1"), "me", LONG);

        assertThat(RedisLeases.of(client, prefix + "-other").tryAcquire(List.of("1"), "you", LONG))
                .containsExactly("1");
    }

    @Test
    void keysMayHoldAnything() {
        List<String> keys = List.of("}", "{x}", "a b", "ä€😀", "\u001f", "", "x".repeat(3_000));
        LeaseStore leases = createLeases();

        assertThat(leases.tryAcquire(keys, "me", LONG)).containsExactlyInAnyOrderElementsOf(keys);
        assertThat(leases.tryAcquire(keys, "you", LONG)).isEmpty();
    }

    @Test
    void scriptsThatRedisHasForgottenAreSentAgain() {
        LeaseStore leases = createLeases();
        List<String> keys = IntStream.range(0, 40).mapToObj(i -> "key-" + i).toList();
        leases.tryAcquire(keys, "me", LONG);

        SERVER.forgetScripts();

        assertThat(leases.renew(keys, "me", LONG)).hasSize(40);
    }

    @Test
    void aPrefixMustBeSimple() {
        assertThatThrownBy(() -> RedisLeases.of(client, "a{b}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("prefix")
                .hasMessageContaining("a{b}");
    }

    @Test
    void theClientStaysOpen() {
        RedisLeases leases = RedisLeases.of(client, prefix);
        leases.open(() -> {}, true);
        leases.close();

        assertThat(client.ping()).isEqualTo("PONG");
    }
}
