package io.syncmachine.memory;

import io.syncmachine.spi.Store;
import io.syncmachine.test.ManualClock;
import io.syncmachine.test.OutboxContract;
import java.time.Duration;

class InMemoryOutboxTest extends OutboxContract {

    private final ManualClock clock = ManualClock.create();

    @Override
    protected Store createStore() {
        return InMemoryStore.create(clock);
    }

    @Override
    protected void pass(Duration duration) {
        clock.advance(duration);
    }
}
