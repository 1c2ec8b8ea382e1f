package io.syncmachine.memory;

import io.syncmachine.spi.LeaseStore;
import io.syncmachine.test.LeaseStoreContract;
import io.syncmachine.test.ManualClock;
import java.time.Duration;

class InMemoryLeasesTest extends LeaseStoreContract {

    private final ManualClock clock = ManualClock.create();

    @Override
    protected LeaseStore createLeases() {
        return InMemoryStore.create(clock).leases();
    }

    @Override
    protected void pass(Duration duration) {
        clock.advance(duration);
    }
}
