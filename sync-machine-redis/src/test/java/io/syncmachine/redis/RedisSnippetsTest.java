package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.jdbc.JdbcStore;
import java.lang.reflect.Proxy;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.UnifiedJedis;

/** The snippets of the page on Redis. */
class RedisSnippetsTest {

    private final DataSource dataSource = (DataSource) Proxy.newProxyInstance(
            RedisSnippetsTest.class.getClassLoader(), new Class<?>[] {DataSource.class}, (self, method, arguments) -> {
                throw new IllegalStateException("a store connects to nothing before it is opened");
            });

    private JdbcStore withJobs() {
        RedisClient redis = RedisClient.create("localhost", 6379);
        JdbcStore store = JdbcStore.builder(dataSource)
                .jobs(RedisJobs.of(redis))
                .wakeUps(RedisWakeups.of(redis))
                .build();
        redis.close();
        return store;
    }

    private JdbcStore notReliedOn(UnifiedJedis redis) {
        JdbcStore store = JdbcStore.builder(dataSource)
                .jobs(RedisJobs.builder(redis).durable(false).build())
                .build();
        return store;
    }

    private JdbcStore withLeases(UnifiedJedis redis, UnifiedJedis redisOfLeases) {
        JdbcStore store = JdbcStore.builder(dataSource)
                .jobs(RedisJobs.builder(redis).prefix("shop").exclusive(false).build())
                .leases(RedisLeases.of(redisOfLeases, "shop"))
                .wakeUps(RedisWakeups.of(redis, "shop"))
                .build();
        return store;
    }

    private JdbcStore withWakeupsAlone(UnifiedJedis redis) {
        JdbcStore store =
                JdbcStore.builder(dataSource).wakeUps(RedisWakeups.of(redis)).build();
        return store;
    }

    @Test
    void aStoreConnectsToNothingBeforeItIsOpened() {
        try (RedisClient redis = RedisClient.create(new HostAndPort("localhost", 1))) {
            assertThat(withJobs()).isNotNull();
            assertThat(notReliedOn(redis)).isNotNull();
            assertThat(withLeases(redis, redis)).isNotNull();
            assertThat(withWakeupsAlone(redis)).isNotNull();
        }
    }
}
