package io.syncmachine.redis;

import java.util.List;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.exceptions.JedisAccessControlException;
import redis.clients.jedis.exceptions.JedisClusterException;
import redis.clients.jedis.exceptions.JedisClusterOperationException;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;

/** Tells failures of the way to Redis, which may be there again later, from those of what was asked of it. */
final class Away {

    private static final int DEEPEST = 20;
    /** Begin the answers of a server that comes up, is being replaced or cannot write; of a cluster that is incomplete or on the move. */
    private static final List<String> NOT_NOW = List.of(
            "LOADING ", "MASTERDOWN ", "READONLY ", "MISCONF ", "NOREPLICAS ", "CLUSTERDOWN ", "TRYAGAIN ", "BUSY ");

    private static final String NO_CONNECTION = "Could not get a resource";

    private Away() {}

    /** Whether it was one of our own calls that failed, and for that reason; the application may use Redis, too. */
    static boolean isOurs(Throwable failure) {
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < DEEPEST; cause = cause.getCause()) {
            if (cause instanceof RedisStoreException) {
                return is(cause.getCause());
            }
            depth++;
        }
        return false;
    }

    /** Whether the failure, or one of those behind it, says so; unless one says that Redis refuses the user. */
    static boolean is(@Nullable Throwable failure) {
        boolean away = false;
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < DEEPEST; cause = cause.getCause()) {
            if (cause instanceof JedisAccessControlException) {
                return false;
            }
            away |= isConnection(cause);
            depth++;
        }
        return away;
    }

    private static boolean isConnection(Throwable cause) {
        return cause instanceof JedisConnectionException
                || cause instanceof JedisClusterException
                || cause instanceof JedisClusterOperationException
                || (cause instanceof JedisException && saysNotNow(cause.getMessage()));
    }

    /** An error within a script is told in the middle of what its failure says. */
    private static boolean saysNotNow(@Nullable String message) {
        return message != null
                && (message.startsWith(NO_CONNECTION)
                        || NOT_NOW.stream().anyMatch(word -> message.startsWith(word) || message.contains("-" + word)));
    }
}
