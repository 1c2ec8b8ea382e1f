package io.syncmachine.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.syncmachine.Limits;
import io.syncmachine.redis.RedisShop.Node;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.StorePart;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

/**
 * Everything that can be is in one Redis that keeps nothing on the disk: jobs, leases, limits and wake-ups. It is killed, flushed, paused, and replaced by a
 * replica that lacks what was written last, while changes are written and published.
 */
@Tag("full")
class RedisFaultsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Duration WINDOW = Duration.ofMillis(500);
    private static final int MOST = 200;
    private static final Duration PAUSE = Duration.ofSeconds(4);
    private static final int BETWEEN = 200;
    private static final int NODES = 2;

    private final RedisShop shop = new RedisShop(Limits.none().atMost(MOST, WINDOW));
    private TestRedis server = TestRedis.start("--save", "");
    /** Made calls by the time when they were granted, as the limiter told, in microseconds. */
    private final NavigableMap<Long, Integer> granted = new ConcurrentSkipListMap<>();

    private final Endpoint endpoint = new Endpoint(server.port());
    private final RedisClient client = RedisClient.create("127.0.0.1", endpoint.port());

    @AfterEach
    void end() {
        shop.close();
        client.close();
        endpoint.close();
        server.close();
    }

    /** Grants everything to everybody. */
    private static final class Generous implements LeaseStore, StorePart {
        @Override
        public void open(Runnable wake, boolean works) {}

        @Override
        public Set<String> tryAcquire(Collection<String> keys, String holder, Duration ttl) {
            return new HashSet<>(keys);
        }

        @Override
        public Optional<String> holder(String key) {
            return Optional.empty();
        }

        @Override
        public Set<String> renew(Collection<String> keys, String holder, Duration ttl) {
            return new HashSet<>(keys);
        }

        @Override
        public void release(Collection<String> keys, String holder) {}

        @Override
        public boolean isAway(Throwable failure) {
            return false;
        }

        @Override
        public void close() {}
    }

    /** Remembers which calls were granted when, of those that were made. */
    private final class Counting implements CallLimiter, StorePart {

        private final RedisLimiter limiter = RedisLimiter.of(client);

        @Override
        public void open(Runnable wake, boolean works) {
            limiter.open(wake, works);
        }

        @Override
        public Grant acquire(String destination, Limits limits, int calls, Duration longest) {
            Grant grant = limiter.acquire(destination, limits, calls, longest);
            granted.merge(grant.at(), grant.calls(), Integer::sum);
            return grant;
        }

        @Override
        public void release(String destination, Limits limits, Collection<Returned> returned) {
            limiter.release(destination, limits, returned);
            returned.stream()
                    .filter(calls -> !calls.made())
                    .forEach(calls -> granted.merge(calls.at(), -calls.calls(), Integer::sum));
        }

        @Override
        public void pause(String destination, Duration duration) {
            limiter.pause(destination, duration);
        }

        @Override
        public Map<String, Duration> pauses() {
            return limiter.pauses();
        }

        @Override
        public boolean isAway(Throwable failure) {
            return limiter.isAway(failure);
        }

        @Override
        public void close() {
            limiter.close();
        }
    }

    /** The most calls that were granted within a window, of those that were granted then or later, in microseconds. */
    private int mostGranted(long since) {
        int most = 0;
        for (long from : granted.tailMap(since).keySet()) {
            int within = granted.subMap(from, from + TimeUnit.NANOSECONDS.toMicros(WINDOW.toNanos())).values().stream()
                    .mapToInt(calls -> calls)
                    .sum();
            most = Math.max(most, within);
        }
        return most;
    }

    private <L extends LeaseStore & StorePart> Node start(String name, boolean works, L leases) {
        return shop.start(
                name,
                works,
                store -> store.jobs(RedisJobs.builder(client)
                                .durable(false)
                                .exclusive(false)
                                .build())
                        .leases(leases)
                        .limiter(new Counting())
                        .wakeUps(RedisWakeups.of(client)));
    }

    private void kill() {
        server.kill();
        awaitThatItIsAway();
        server.restart();
    }

    private void flush() {
        server.flush();
    }

    private void pause() {
        server.pause(PAUSE);
    }

    /** What is written between the end of the replication and the fail-over is lost. */
    private void promote() {
        TestRedis replica = TestRedis.replicaOf(server);
        replica.promote();
        shop.awaitPublications(BETWEEN);
        TestRedis old = server;
        server = replica;
        endpoint.leadTo(replica.port());
        old.close();
    }

    private long times(String text) {
        return shop.lines().stream().filter(line -> line.contains(text)).count();
    }

    private void awaitThatItIsAway() {
        await().atMost(PATIENCE).until(() -> times("store is away") > times("store is back"));
    }

    private void nothingIsLost(int rounds, LeaseStoreOf leases) throws Exception {
        Node host = leases.start("host", false);
        leases.start("node-1", true);
        leases.start("node-2", true);
        shop.createCustomers(host);
        List<Runnable> faults = List.of(this::kill, this::flush, this::pause, this::promote);
        long[] lastLoss = new long[1];
        shop.whileWriting(host, () -> {
            shop.awaitPublications(BETWEEN);
            for (int round = 0; round < rounds; round++) {
                for (Runnable fault : faults) {
                    fault.run();
                    shop.awaitPublications(BETWEEN);
                }
            }
            lastLoss[0] = granted.lastKey();
            shop.awaitPublications(5 * BETWEEN);
        });
        await().atMost(PATIENCE).until(() -> host.engine().backlog().isEmpty());

        assertThat(shop.held()).isEqualTo(shop.committed());
        assertThat(host.engine().deadLetters().count()).isZero();
        // What the limiter forgets is granted once more; with nothing forgotten, a limit is a limit.
        assertThat(mostGranted(Long.MIN_VALUE)).isLessThanOrEqualTo(2 * MOST);
        assertThat(mostGranted(lastLoss[0])).isLessThanOrEqualTo(MOST);
        // Each node tells of each of the three that it can notice, once; it need not have asked anything meanwhile.
        assertThat(times("store is away"))
                .isEqualTo(times("store is back"))
                .isBetween((long) rounds, NODES * 3L * rounds);
        assertThat(times("WARN"))
                .isEqualTo(times("store is away") + times("wake-ups of other processes are not heard"));
        assertThat(times("ERROR")).isZero();
    }

    private interface LeaseStoreOf {
        Node start(String name, boolean works);
    }

    @Test
    void nothingIsLost() throws Exception {
        nothingIsLost(1, (name, works) -> start(name, works, RedisLeases.of(client)));
    }

    @Test
    void nothingIsLostWhereLeasesAreGrantedToEverybody() throws Exception {
        nothingIsLost(1, (name, works) -> start(name, works, new Generous()));
    }

    @Test
    void nothingIsLostInFiveRounds() throws Exception {
        nothingIsLost(5, (name, works) -> start(name, works, RedisLeases.of(client)));
    }
}
