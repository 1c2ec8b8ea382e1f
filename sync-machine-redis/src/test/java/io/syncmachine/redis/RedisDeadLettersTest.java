package io.syncmachine.redis;

import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.spi.Store;
import io.syncmachine.test.DeadLetterStoreContract;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.TestDatabase;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import redis.clients.jedis.RedisClient;

class RedisDeadLettersTest extends DeadLetterStoreContract {

    private static final TestRedis SERVER = TestRedis.shared();

    private final String prefix = TestRedis.prefix();
    private final RedisClient client = SERVER.client();
    private final TestDatabase database = TestDatabase.create(DatabaseKind.H2);

    @AfterEach
    void close() {
        client.close();
        database.close();
    }

    @Override
    protected Store createStore() {
        return JdbcStore.builder(database.dataSource())
                .schemaMode(SchemaMode.CREATE)
                .jobs(RedisJobs.builder(client).prefix(prefix).build())
                .build();
    }

    @Override
    protected void pass(Duration duration) {
        PassingTime.pass(client, prefix, duration);
    }
}
