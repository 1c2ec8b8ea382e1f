package io.syncmachine.memory;

import io.syncmachine.spi.ResyncStore;
import io.syncmachine.test.ResyncStoreContract;

class InMemoryResyncsTest extends ResyncStoreContract {

    @Override
    protected ResyncStore createResyncs() {
        return InMemoryStore.create().resyncs();
    }
}
