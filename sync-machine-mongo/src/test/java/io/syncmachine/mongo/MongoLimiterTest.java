package io.syncmachine.mongo;

import io.syncmachine.spi.CallLimiter;
import io.syncmachine.test.CallLimiterContract;
import java.time.Duration;

class MongoLimiterTest extends CallLimiterContract {

    private final TestStore test = new TestStore();

    @Override
    protected CallLimiter createLimiter() {
        return test.store().limiter();
    }

    @Override
    protected CallLimiter anotherNode() {
        return test.another().limiter();
    }

    @Override
    protected void pass(Duration duration) {
        test.pass(duration);
    }
}
