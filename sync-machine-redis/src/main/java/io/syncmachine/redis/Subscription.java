package io.syncmachine.redis;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.JedisPubSub;

/** One connection's time of hearing others. It wakes when it begins, for something may have been missed before. */
final class Subscription extends JedisPubSub {

    private static final Logger log = LoggerFactory.getLogger(RedisWakeups.class);

    private final boolean again;
    private final Runnable wake;
    private volatile boolean begun;
    private volatile boolean ended;

    /**
     * Makes one.
     *
     * @param again whether others were not heard before
     */
    Subscription(boolean again, Runnable wake) {
        this.again = again;
        this.wake = wake;
    }

    boolean hasBegun() {
        return begun;
    }

    @Override
    public void onSubscribe(String channel, int subscribedChannels) {
        begun = true;
        if (again) {
            log.info("wake-ups of other processes are heard over Redis again");
        }
        wake.run();
        if (ended) {
            unsubscribe();
        }
    }

    @Override
    public void onMessage(String channel, String message) {
        wake.run();
    }

    /** Makes a connection that is broken fail in the end. */
    void check() {
        if (begun && isSubscribed()) {
            quietly(this::ping);
        }
    }

    /** Ends it now, or as soon as it begins. */
    void end() {
        ended = true;
        if (begun && isSubscribed()) {
            quietly(this::unsubscribe);
        }
    }

    private static void quietly(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            log.debug("the connection of a subscription is broken", e);
        }
    }
}
