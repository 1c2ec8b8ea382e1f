package io.syncmachine.memory;

import io.syncmachine.spi.Store;
import io.syncmachine.test.OutboxContract;

class InMemoryOutboxTest extends OutboxContract {

    @Override
    protected Store createStore() {
        return InMemoryStore.create();
    }
}
