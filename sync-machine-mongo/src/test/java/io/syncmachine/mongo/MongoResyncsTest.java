package io.syncmachine.mongo;

import io.syncmachine.spi.ResyncStore;
import io.syncmachine.test.ResyncStoreContract;

class MongoResyncsTest extends ResyncStoreContract {

    private final TestStore test = new TestStore();

    @Override
    protected ResyncStore createResyncs() {
        return test.store().resyncs();
    }

    @Override
    protected ResyncStore anotherNode() {
        return test.another().resyncs();
    }
}
