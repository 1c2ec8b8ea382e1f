package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisAccessControlException;
import redis.clients.jedis.exceptions.JedisBusyException;
import redis.clients.jedis.exceptions.JedisClusterException;
import redis.clients.jedis.exceptions.JedisClusterOperationException;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;

/** Which failures mean that Redis is away. */
class AwayTest {

    private static boolean isAway(JedisException failure) {
        return Away.isOurs(new IllegalStateException(new RedisStoreException(failure)));
    }

    @Test
    void aServerThatDoesNotListenIsAway() {
        try (TestRedis server = TestRedis.start("--save", "");
                RedisClient client = server.client()) {
            RedisLeases leases = RedisLeases.of(client);
            leases.tryAcquire(List.of("1"), "me", Duration.ofMinutes(1));
            server.kill();

            Throwable broken = catchThrowable(() -> leases.renew(List.of("1"), "me", Duration.ofMinutes(1)));
            Throwable batch = catchThrowable(() -> leases.renew(List.of("1", "2", "3"), "me", Duration.ofMinutes(1)));
            Throwable opening = catchThrowable(() -> leases.open(() -> {}, true));

            assertThat(List.of(broken, batch, opening))
                    .allSatisfy(failure -> assertThat(leases.isAway(failure)).isTrue());
            server.restart();
            assertThat(leases.tryAcquire(List.of("1"), "you", Duration.ofMinutes(1)))
                    .containsExactly("1");
        }
    }

    @Test
    void aServerThatIsNotReadyIsAway() {
        assertThat(isAway(new JedisConnectionException("broken pipe"))).isTrue();
        assertThat(isAway(new JedisException("Could not get a resource from the pool")))
                .isTrue();
        assertThat(isAway(new JedisDataException("LOADING Redis is loading the dataset in memory")))
                .isTrue();
        assertThat(
                        isAway(
                                new JedisDataException(
                                        "ERR Error running script: @user_script:3: -READONLY You can't write against a read only replica.")))
                .isTrue();
        assertThat(isAway(new JedisBusyException("BUSY Redis is busy running a script")))
                .isTrue();
        assertThat(isAway(new JedisClusterException("CLUSTERDOWN The cluster is down")))
                .isTrue();
        assertThat(isAway(new JedisClusterOperationException("No more cluster attempts left.")))
                .isTrue();
    }

    @Test
    void aMistakeIsNot() {
        assertThat(isAway(new JedisDataException("WRONGTYPE Operation against a key")))
                .isFalse();
        assertThat(isAway(new JedisDataException("OOM command not allowed when used memory > 'maxmemory'.")))
                .isFalse();
        assertThat(isAway(new JedisException(
                        "no",
                        new JedisConnectionException(
                                "no", new JedisAccessControlException("WRONGPASS invalid username-password pair")))))
                .isFalse();
    }

    @Test
    void whatTheApplicationAsksRedisItselfIsItsOwnAffair() {
        assertThat(Away.isOurs(new JedisConnectionException("broken pipe"))).isFalse();
        assertThat(Away.isOurs(new IllegalStateException("no"))).isFalse();
    }
}
