package io.syncmachine.redis;

import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.StorePart;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import redis.clients.jedis.UnifiedJedis;

/**
 * Leases in Redis: a key each, which holds its holder's name and expires by Redis's own clock. A batch is one round trip, and each lease
 * is granted, extended or ended in one step, if it still is whose it is said to be. Safe for use by several threads and nodes.
 *
 * <p>As for all leases, safety does not depend on them. Redis may forget some when it crashes, when a replica takes over, when it is
 * flushed or when it evicts keys; then two nodes may work on one subject for a while, which costs a repeated publication and no more, and
 * a unique run may not be the only one.
 *
 * <p>In a cluster, the leases are spread over {@value #GROUPS} groups by a checksum of what they are for. The keys of a group are
 * {@code {prefix:group}:lease:…}, of one hash slot by their tag; so a batch is at most one script call per group, all sent at once, however many
 * leases it is about, and the work is spread over the cluster's nodes. All nodes of an application must have the same prefix.
 */
public final class RedisLeases implements LeaseStore, StorePart {

    private static final int GROUPS = 16;

    private static final Script ACQUIRE = Script.of("acquire");
    private static final Script RENEW = Script.of("renew-lease");
    private static final Script RELEASE = Script.of("release-lease");

    private final RedisServer redis;

    private RedisLeases(RedisServer redis) {
        this.redis = redis;
    }

    /**
     * Leases under the prefix {@code sync-machine}.
     *
     * @param client is not closed; must be safe for use by several threads, as those with a pool are
     */
    public static RedisLeases of(UnifiedJedis client) {
        return of(client, RedisServer.DEFAULT_PREFIX);
    }

    /**
     * Leases under a prefix.
     *
     * @param client is not closed; must be safe for use by several threads, as those with a pool are
     * @param prefix what all keys begin with
     * @throws IllegalArgumentException if it is not 1 to 60 letters, digits, dots, colons, dashes and underscores
     */
    public static RedisLeases of(UnifiedJedis client, String prefix) {
        return new RedisLeases(new RedisServer(client, prefix));
    }

    /**
     * {@inheritDoc}
     *
     * <p>A node that only captures starts without Redis.
     *
     * @throws IllegalStateException if Redis is older than 6.2
     */
    @Override
    public void open(Runnable wake, boolean works) {
        if (works) {
            redis.requireVersion(tag(0));
        }
    }

    @Override
    public boolean isAway(Throwable failure) {
        return Away.isOurs(failure);
    }

    @Override
    public Set<String> tryAcquire(Collection<String> keys, String holder, Duration ttl) {
        return run(ACQUIRE, keys, holder, ttl);
    }

    @Override
    public Optional<String> holder(String key) {
        return redis.value(tag(group(key)) + key);
    }

    @Override
    public Set<String> renew(Collection<String> keys, String holder, Duration ttl) {
        return run(RENEW, keys, holder, ttl);
    }

    @Override
    public void release(Collection<String> keys, String holder) {
        run(RELEASE, keys, holder, Duration.ZERO);
    }

    /** Each script answers the positions of those of its keys that it did something about. All of them may be run twice. */
    private Set<String> run(Script script, Collection<String> keys, String holder, Duration ttl) {
        if (keys.isEmpty()) {
            return Set.of();
        }
        List<String> arguments = List.of(holder, Long.toString(Math.max(ttl.toMillis(), 1)));
        List<List<String>> groups = groups(keys);
        List<RedisServer.Call> calls = groups.stream()
                .map(group -> new RedisServer.Call(script, names(group), arguments))
                .toList();
        List<Object> answers = redis.runAll(calls);
        Set<String> done = new HashSet<>();
        for (int i = 0; i < answers.size(); i++) {
            for (Object position : (List<?>) answers.get(i)) {
                done.add(groups.get(i).get(((Long) position).intValue() - 1));
            }
        }
        return done;
    }

    private static List<List<String>> groups(Collection<String> keys) {
        Map<Integer, List<String>> groups = new LinkedHashSet<>(keys)
                .stream().collect(Collectors.groupingBy(RedisLeases::group, TreeMap::new, Collectors.toList()));
        return new ArrayList<>(groups.values());
    }

    private static int group(String key) {
        CRC32 checksum = new CRC32();
        checksum.update(key.getBytes(StandardCharsets.UTF_8));
        return (int) (checksum.getValue() % GROUPS);
    }

    private List<String> names(List<String> group) {
        String tag = tag(group(group.get(0)));
        return group.stream().map(key -> tag + key).toList();
    }

    private String tag(int group) {
        return "{" + redis.prefix() + ":" + group + "}:lease:";
    }

    /** Does nothing: leases end with their time. */
    @Override
    public void close() {}
}
