package io.syncmachine.redis;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs scripts about the jobs of one prefix. They name their keys by what all of these begin with, which is given to them as a key. */
final class JobScripts {

    private static final Pattern EVICTION = Pattern.compile("(?m)^maxmemory_policy:(allkeys-\\S+)");
    private static final Pattern NO_FILE = Pattern.compile("(?m)^aof_enabled:0");

    private final RedisServer redis;
    private final String root;

    JobScripts(RedisServer redis) {
        this.redis = redis;
        this.root = "{" + redis.prefix() + "}:";
    }

    String prefix() {
        return redis.prefix();
    }

    Object run(Script script, List<String> arguments) {
        return redis.run(new RedisServer.Call(script, List.of(root), arguments));
    }

    /** Goes through a batch in parts of at most so many. */
    <T> void inParts(Collection<T> batch, int most, Consumer<List<T>> work) {
        List<T> rest = new ArrayList<>(batch);
        for (int from = 0; from < rest.size(); from += most) {
            work.accept(rest.subList(from, Math.min(from + most, rest.size())));
        }
    }

    /**
     * Makes sure that Redis answers, and can keep jobs, as far as it tells.
     *
     * @throws IllegalStateException if not
     */
    void requireFit() {
        redis.requireVersion(root);
        Matcher policy = EVICTION.matcher(redis.info(root, "memory"));
        if (policy.find()) {
            throw new IllegalStateException("Redis would evict jobs when it needs memory: maxmemory-policy is "
                    + policy.group(1) + "; set noeviction, or one of the volatile- policies");
        }
    }

    /** Whether an append-only file is kept, or that is not told. */
    boolean keepsFile() {
        return !NO_FILE.matcher(redis.info(root, "persistence")).find();
    }
}
