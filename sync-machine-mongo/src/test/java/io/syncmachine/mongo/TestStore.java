package io.syncmachine.mongo;

import com.mongodb.client.MongoDatabase;
import java.time.Duration;

/** An empty store with a clock that can be moved on, and the same for another node. */
final class TestStore {

    private final MongoDatabase database = TestMongo.newDatabase();
    private final MovableClock clock = new MovableClock(database);
    private final MongoStore store = another();

    /** Not opened; what needs indexes finds what it looks for without them. */
    MongoStore store() {
        return store;
    }

    MongoStore another() {
        return MongoStore.create(MongoStore.builder(database), clock);
    }

    void pass(Duration duration) {
        clock.pass(duration);
    }

    MongoDatabase database() {
        return database;
    }
}
