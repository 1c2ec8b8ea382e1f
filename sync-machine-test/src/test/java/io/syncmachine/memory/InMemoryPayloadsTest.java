package io.syncmachine.memory;

import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.SubjectKey;
import io.syncmachine.test.ManualClock;
import io.syncmachine.test.PayloadStoreContract;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

class InMemoryPayloadsTest extends PayloadStoreContract {

    private final ManualClock clock = ManualClock.create();
    private final InMemoryPayloads payloads = new InMemoryPayloads(new Elapsed(clock), new AtomicLong());

    @Override
    protected PayloadStore createPayloads() {
        return payloads;
    }

    @Override
    protected void pass(Duration duration) {
        clock.advance(duration);
    }

    @Override
    protected void forget(SubjectKey key) {
        payloads.forget(key);
    }
}
