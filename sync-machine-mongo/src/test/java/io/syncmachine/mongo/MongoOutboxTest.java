package io.syncmachine.mongo;

import io.syncmachine.spi.Store;
import io.syncmachine.test.OutboxContract;
import java.time.Duration;

class MongoOutboxTest extends OutboxContract {

    private final TestStore test = new TestStore();

    @Override
    protected Store createStore() {
        return test.store();
    }

    @Override
    protected void pass(Duration duration) {
        test.pass(duration);
    }
}
