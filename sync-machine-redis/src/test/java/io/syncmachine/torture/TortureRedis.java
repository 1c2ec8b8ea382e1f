package io.syncmachine.torture;

import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.redis.Endpoint;
import io.syncmachine.redis.RedisJobs;
import io.syncmachine.redis.RedisLeases;
import io.syncmachine.redis.RedisLimiter;
import io.syncmachine.redis.RedisWakeups;
import io.syncmachine.redis.TestRedis;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import redis.clients.jedis.RedisClient;

/** A Redis that keeps nothing on the disk, and which is killed, flushed, paused and replaced by a replica that lacks what was written last. */
final class TortureRedis implements AutoCloseable {

    private static final Duration PAUSE = Duration.ofSeconds(3);
    private static final Duration LOST = Duration.ofMillis(500);

    private TestRedis server = start();
    private final Endpoint endpoint = new Endpoint(server.port());
    private int faults;

    private static TestRedis start() {
        return TestRedis.start("--save", "", "--appendonly", "no");
    }

    /** Puts all that can be there into the Redis at this port, and relies on none of it. */
    static JdbcStore.Builder in(int port, JdbcStore.Builder store) {
        RedisClient client = RedisClient.create("127.0.0.1", port);
        return store.jobs(RedisJobs.builder(client)
                        .durable(false)
                        .exclusive(false)
                        .build())
                .leases(RedisLeases.of(client))
                .limiter(RedisLimiter.of(client))
                .wakeUps(RedisWakeups.of(client));
    }

    /** Where it always is. */
    int port() {
        return endpoint.port();
    }

    /** How often something happened to it. */
    synchronized int faults() {
        return faults;
    }

    /** Does the next thing to it. */
    synchronized void hit() throws InterruptedException {
        switch (faults % 4) {
            case 0 -> {
                server.kill();
                server.restart();
            }
            case 1 -> server.flush();
            case 2 -> server.pause(PAUSE);
            default -> replace();
        }
        faults++;
    }

    /** What is written while the replica does not follow any more is lost. */
    private void replace() throws InterruptedException {
        TestRedis replica = TestRedis.replicaOf(server);
        replica.promote();
        TimeUnit.MILLISECONDS.sleep(LOST.toMillis());
        TestRedis old = server;
        server = replica;
        endpoint.leadTo(replica.port());
        old.close();
    }

    @Override
    public synchronized void close() {
        endpoint.close();
        server.close();
    }
}
