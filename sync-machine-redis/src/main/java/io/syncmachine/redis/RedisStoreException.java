package io.syncmachine.redis;

import redis.clients.jedis.exceptions.JedisException;

/** Redis did not do what was asked of it. What was asked may or may not have been done. */
public final class RedisStoreException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    RedisStoreException(JedisException cause) {
        super(cause.getMessage(), cause);
    }
}
