package io.syncmachine.redis;

import io.syncmachine.spi.Wakeups;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.UnifiedJedis;

/**
 * Wake-ups between processes by Redis's publish and subscribe, for databases that cannot do that. A thread of its own tells others, at most
 * every 5 ms; another one hears them, and keeps a connection of the client's pool for that. Both survive that Redis is away, of which one line is logged
 * when they find out, and one when others are heard again. Nothing is kept in Redis. Safe for use by several threads.
 *
 * <p>In a cluster, every node passes on what is published on any.
 */
public final class RedisWakeups implements Wakeups {

    private static final Logger log = LoggerFactory.getLogger(RedisWakeups.class);
    private static final Duration BETWEEN_MESSAGES = Duration.ofMillis(5);
    private static final Duration BETWEEN_CHECKS = Duration.ofSeconds(5);
    private static final Duration BEFORE_RECONNECT = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final RedisServer redis;
    private final String channel;
    private volatile Runnable wake = () -> {};
    private volatile boolean works;
    private volatile boolean closed;
    private volatile boolean toTell;
    private volatile @Nullable Subscription subscription;
    private volatile @Nullable Thread teller;
    private volatile @Nullable Thread hearer;

    private RedisWakeups(RedisServer redis) {
        this.redis = redis;
        this.channel = redis.prefix() + ":wake";
    }

    /**
     * Over the channel {@code sync-machine:wake}.
     *
     * @param client is not closed; must be safe for use by several threads, as those with a pool are, and have a connection to spare
     */
    public static RedisWakeups of(UnifiedJedis client) {
        return of(client, RedisServer.DEFAULT_PREFIX);
    }

    /**
     * Over a channel of its own.
     *
     * @param client is not closed; must be safe for use by several threads, as those with a pool are, and have a connection to spare
     * @param prefix what the channel's name begins with
     * @throws IllegalArgumentException if it is not 1 to 60 letters, digits, dots, colons, dashes and underscores
     */
    public static RedisWakeups of(UnifiedJedis client, String prefix) {
        return new RedisWakeups(new RedisServer(client, prefix));
    }

    @Override
    public synchronized void open(Runnable wake, boolean works) {
        this.wake = wake;
        this.works = works;
        closed = false;
        teller = start("sync-machine-redis-tell", this::tell);
        if (works) {
            hearer = start("sync-machine-redis-hear", this::hear);
        }
    }

    private static Thread start(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Override
    public void committed() {
        if (works) {
            wake.run();
        } else {
            plenty();
        }
    }

    @Override
    public void plenty() {
        if (!toTell) {
            toTell = true;
            LockSupport.unpark(teller);
        }
    }

    /** Also sends something over the subscription now and then: a connection that is broken without a word is found out by that. */
    private void tell() {
        long checked = System.nanoTime();
        while (!closed) {
            if (toTell) {
                toTell = false;
                publish();
                LockSupport.parkNanos(this, BETWEEN_MESSAGES.toNanos());
            } else {
                LockSupport.parkNanos(this, BETWEEN_CHECKS.toNanos());
            }
            if (System.nanoTime() - checked > BETWEEN_CHECKS.toNanos()) {
                checked = System.nanoTime();
                check();
            }
        }
    }

    private void publish() {
        try {
            redis.publish(channel);
        } catch (RuntimeException e) {
            log.debug("a wake-up is lost", e);
        }
    }

    void check() {
        Subscription current = subscription;
        if (current != null) {
            current.check();
        }
    }

    private void hear() {
        boolean failing = false;
        while (!closed) {
            Subscription current = new Subscription(failing, wake);
            subscription = current;
            try {
                redis.client().subscribe(current, channel);
            } catch (RuntimeException e) {
                if (!closed && (!failing || current.hasBegun())) {
                    log.warn("wake-ups of other processes are not heard over Redis; polling ({})", e.toString());
                }
                failing = true;
                LockSupport.parkNanos(this, BEFORE_RECONNECT.toNanos());
            }
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        wake = () -> {};
        Subscription current = subscription;
        if (current != null) {
            current.end();
        }
        LockSupport.unpark(teller);
        LockSupport.unpark(hearer);
        join(teller);
        join(hearer);
    }

    private static void join(@Nullable Thread thread) {
        try {
            if (thread != null) {
                thread.join(PATIENCE.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
