package io.syncmachine.redis;

import java.time.Duration;
import java.util.List;
import redis.clients.jedis.UnifiedJedis;

/** Lets time pass for jobs, by moving all that is stored about them into the past. */
final class PassingTime {

    private static final String MOVE_BACK = """
            local micros = tonumber(ARGV[1])
            for _, kind in ipairs({'line:*', 'since:*', 'later:*', 'parked'}) do
              for _, key in ipairs(redis.call('KEYS', KEYS[1] .. kind)) do
                local entries = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
                for i = 1, #entries, 2 do
                  redis.call('ZADD', key, entries[i + 1] - micros, entries[i])
                end
              end
            end
            for _, key in ipairs(redis.call('KEYS', KEYS[1] .. 'job:*')) do
              for _, field in ipairs({'failing', 'parked', 'settle', 'again'}) do
                local time = redis.call('HGET', key, field)
                if time then
                  redis.call('HSET', key, field, string.format('%.0f', time - micros))
                end
              end
            end
            """;

    private static final String MOVE_CALLS_BACK = """
            local micros = tonumber(ARGV[1])
            for _, key in ipairs(redis.call('KEYS', KEYS[1] .. 'log:*')) do
              local log = cmsgpack.unpack(redis.call('GET', key))
              log.latest = log.latest - micros
              local function back(entries)
                for _, entry in ipairs(entries) do
                  entry[1] = entry[1] - micros
                  entry[2] = entry[2] - micros
                end
              end
              back(log.inFlight)
              for _, entries in pairs(log.windows) do
                back(entries)
              end
              redis.call('SET', key, cmsgpack.pack(log))
            end
            local pauses = redis.call('HGETALL', KEYS[1] .. 'pauses')
            for i = 1, #pauses, 2 do
              redis.call('HSET', KEYS[1] .. 'pauses', pauses[i], string.format('%.0f', pauses[i + 1] - micros))
            end
            """;

    private PassingTime() {}

    static void passForCalls(UnifiedJedis client, String prefix, Duration duration) {
        client.eval(
                MOVE_CALLS_BACK,
                List.of("{" + prefix + ":calls}:"),
                List.of(Long.toString(duration.toNanos() / 1_000)));
    }

    static void pass(UnifiedJedis client, String prefix, Duration duration) {
        client.eval(MOVE_BACK, List.of("{" + prefix + "}:"), List.of(Long.toString(duration.toNanos() / 1_000)));
    }
}
