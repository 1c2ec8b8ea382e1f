package io.syncmachine.memory;

import io.syncmachine.spi.CallLimiter;
import io.syncmachine.test.CallLimiterContract;
import io.syncmachine.test.ManualClock;
import java.time.Duration;

class InMemoryLimiterTest extends CallLimiterContract {

    private final ManualClock clock = ManualClock.create();

    @Override
    protected CallLimiter createLimiter() {
        return InMemoryLimiter.create(clock);
    }

    @Override
    protected void pass(Duration duration) {
        clock.advance(duration);
    }
}
