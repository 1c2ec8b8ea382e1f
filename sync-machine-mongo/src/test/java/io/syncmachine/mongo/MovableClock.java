package io.syncmachine.mongo;

import com.mongodb.client.MongoDatabase;
import java.time.Duration;

/** The server's clock, which a test can move on. */
final class MovableClock extends ServerClock {

    private volatile long ahead;

    MovableClock(MongoDatabase database) {
        super(database);
    }

    @Override
    long now() {
        return super.now() + ahead;
    }

    synchronized void pass(Duration duration) {
        ahead += ServerClock.millis(duration);
    }
}
