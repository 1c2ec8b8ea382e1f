package io.syncmachine.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/** Redis, as its scripts and questions are sent to it, by a client that belongs to somebody else. Safe for use by several threads. */
final class RedisServer {

    static final String DEFAULT_PREFIX = "sync-machine";

    private static final Script INFO = Script.of("info");
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9_.:-]{1,60}");
    private static final Pattern VERSION = Pattern.compile("(?m)^redis_version:(\\d+)\\.(\\d+)");
    private static final int OLDEST_MAJOR = 6;
    private static final int OLDEST_MINOR = 2;

    private final UnifiedJedis client;
    private final String prefix;

    /** A script with its keys, all of one hash slot, and its arguments. */
    record Call(Script script, List<String> keys, List<String> arguments) {}

    /**
     * Makes one.
     *
     * @throws IllegalArgumentException if the prefix cannot be one
     */
    RedisServer(UnifiedJedis client, String prefix) {
        if (!PREFIX.matcher(prefix).matches()) {
            throw new IllegalArgumentException(
                    "prefix must be 1 to 60 letters, digits, dots, colons, dashes or underscores, but is '" + prefix
                            + "'");
        }
        this.client = Objects.requireNonNull(client, "client");
        this.prefix = prefix;
    }

    /** What the names of all keys and channels begin with. */
    String prefix() {
        return prefix;
    }

    /**
     * Makes sure that the node that has a key answers and is new enough, as far as it tells.
     *
     * @throws IllegalStateException if it is too old
     */
    void requireVersion(String key) {
        Matcher version = VERSION.matcher(info(key, "server"));
        if (version.find()) {
            int major = Integer.parseInt(version.group(1));
            int minor = Integer.parseInt(version.group(2));
            if (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)) {
                throw new IllegalStateException("Redis " + OLDEST_MAJOR + "." + OLDEST_MINOR
                        + " or newer is needed, this is " + major + "." + minor);
            }
        }
    }

    /** What the node that has a key tells of itself; nothing if this user may not know. */
    String info(String key, String section) {
        return Objects.toString(run(new Call(INFO, List.of(key), List.of(section))), "");
    }

    /** Runs a script. */
    Object run(Call call) {
        return ask(() -> runNow(call));
    }

    private Object runNow(Call call) {
        try {
            return client.evalsha(call.script().sha(), call.keys(), call.arguments());
        } catch (JedisNoScriptException e) {
            return client.eval(call.script().text(), call.keys(), call.arguments());
        }
    }

    /**
     * Runs scripts that may be run twice, in one round trip. What goes wrong there, because a script is not known yet or a slot has moved
     * to another node of a cluster, is asked for again by itself, where the client follows.
     */
    List<Object> runAll(List<Call> calls) {
        if (calls.size() == 1) {
            return List.of(run(calls.get(0)));
        }
        return ask(() -> {
            List<Response<Object>> responses = new ArrayList<>(calls.size());
            try (AbstractPipeline pipeline = client.pipelined()) {
                for (Call call : calls) {
                    responses.add(pipeline.evalsha(call.script().sha(), call.keys(), call.arguments()));
                }
                pipeline.sync();
            }
            List<Object> answers = new ArrayList<>(calls.size());
            for (int i = 0; i < calls.size(); i++) {
                answers.add(answer(responses.get(i), calls.get(i)));
            }
            return answers;
        });
    }

    private Object answer(Response<Object> response, Call call) {
        try {
            return response.get();
        } catch (JedisException | IllegalStateException e) {
            return runNow(call);
        }
    }

    /** What is kept under a key. */
    Optional<String> value(String key) {
        return ask(() -> Optional.ofNullable(client.get(key)));
    }

    /** Tells all who hear a channel. */
    void publish(String channel) {
        ask(() -> client.publish(channel, ""));
    }

    UnifiedJedis client() {
        return client;
    }

    private static <T> T ask(Supplier<T> question) {
        try {
            return question.get();
        } catch (JedisException e) {
            throw new RedisStoreException(e);
        }
    }
}
