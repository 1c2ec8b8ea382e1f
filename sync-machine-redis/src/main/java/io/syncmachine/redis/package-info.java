/**
 * Jobs, leases and wake-ups in Redis, beside a store in a database: start with {@link io.syncmachine.redis.RedisJobs},
 * {@link io.syncmachine.redis.RedisLeases} and {@link io.syncmachine.redis.RedisWakeups}. Redis 6.2 or newer, or Valkey, alone, with
 * replicas or as a cluster; the client is the application's own.
 */
@NullMarked
package io.syncmachine.redis;

import org.jspecify.annotations.NullMarked;
