package io.syncmachine.redis;

import io.syncmachine.Limits;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.StorePart;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import redis.clients.jedis.UnifiedJedis;

/**
 * Counts calls in Redis, by its clock: a key for each destination, which is asked and changed by one script in one round trip, and one for
 * the pauses of all. They expire when nothing of them counts any more. Safe for use by several threads and nodes.
 *
 * <p>A limit is as durable as Redis is. After it has forgotten what was granted (a crash without an append-only file, a flush, a replica
 * that lacked the latest writes), a window may be granted once more than allowed; what quota of a day that would hurt belongs in the
 * database.
 *
 * <p>In a cluster, all keys are of one hash slot by their tag <code>{prefix:calls}</code>: they are as many as there are destinations, and small.
 * All nodes of an application must have the same prefix.
 */
public final class RedisLimiter implements CallLimiter, StorePart {

    private static final Script ACQUIRE = Script.of("calls", "acquire-calls");
    private static final Script RELEASE = Script.of("calls", "release-calls");
    private static final Script PAUSE = Script.of("pause-calls");
    private static final Script PAUSED = Script.of("paused-calls");

    private final RedisServer redis;
    private final String log;
    private final String pauses;

    private RedisLimiter(RedisServer redis) {
        this.redis = redis;
        String tag = "{" + redis.prefix() + ":calls}:";
        this.log = tag + "log:";
        this.pauses = tag + "pauses";
    }

    /**
     * A limiter under the prefix {@code sync-machine}.
     *
     * @param client is not closed; must be safe for use by several threads, as those with a pool are
     */
    public static RedisLimiter of(UnifiedJedis client) {
        return of(client, RedisServer.DEFAULT_PREFIX);
    }

    /**
     * A limiter under a prefix.
     *
     * @param client is not closed; must be safe for use by several threads, as those with a pool are
     * @param prefix what all keys begin with
     * @throws IllegalArgumentException if it is not 1 to 60 letters, digits, dots, colons, dashes and underscores
     */
    public static RedisLimiter of(UnifiedJedis client, String prefix) {
        return new RedisLimiter(new RedisServer(client, prefix));
    }

    /**
     * {@inheritDoc}
     *
     * <p>A node that does not work calls nobody, and does not ask for Redis.
     *
     * @throws IllegalStateException if Redis is older than 6.2
     */
    @Override
    public void open(Runnable wake, boolean works) {
        if (works) {
            redis.requireVersion(pauses);
        }
    }

    @Override
    public boolean isAway(Throwable failure) {
        return Away.isOurs(failure);
    }

    @Override
    public Grant acquire(String destination, Limits limits, int calls, Duration longest) {
        List<?> answer = (List<?>) run(ACQUIRE, destination, limits, Integer.toString(calls), micros(longest));
        return new Grant(
                Integer.parseInt(text(answer.get(0))),
                Long.parseLong(text(answer.get(1))),
                Duration.of(Long.parseLong(text(answer.get(2))), ChronoUnit.MICROS));
    }

    @Override
    public void release(String destination, Limits limits, Collection<Returned> returned) {
        String all = returned.stream()
                .map(each -> each.at() + "," + each.calls() + "," + (each.made() ? 1 : 0))
                .collect(Collectors.joining(" "));
        run(RELEASE, destination, limits, all, "0");
    }

    private Object run(Script script, String destination, Limits limits, String what, String longest) {
        List<String> arguments =
                new ArrayList<>(List.of(destination, what, longest, Integer.toString(limits.inFlight())));
        for (Limits.Window window : limits.windows()) {
            arguments.add(Integer.toString(window.calls()));
            arguments.add(micros(window.length()));
            arguments.add(micros(window.length().plus(window.guard())));
        }
        return redis.run(new RedisServer.Call(script, List.of(log + destination, pauses), arguments));
    }

    @Override
    public void pause(String destination, Duration duration) {
        redis.run(new RedisServer.Call(PAUSE, List.of(pauses), List.of(destination, micros(duration))));
    }

    @Override
    public Map<String, Duration> pauses() {
        List<?> answer = (List<?>) redis.run(new RedisServer.Call(PAUSED, List.of(pauses), List.of()));
        Map<String, Duration> found = new HashMap<>();
        for (int i = 0; i < answer.size(); i += 2) {
            found.put(text(answer.get(i)), Duration.of(Long.parseLong(text(answer.get(i + 1))), ChronoUnit.MICROS));
        }
        return found;
    }

    private static String text(Object answer) {
        return (String) answer;
    }

    /** Rounded up. */
    private static String micros(Duration duration) {
        return Long.toString(
                TimeUnit.NANOSECONDS.toMicros(duration.plusNanos(999).toNanos()));
    }

    /** Does nothing: what was granted counts for its time. */
    @Override
    public void close() {}
}
