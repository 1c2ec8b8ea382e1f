package io.syncmachine.mongo;

import io.syncmachine.spi.LeaseStore;
import io.syncmachine.test.LeaseStoreContract;
import java.time.Duration;

class MongoLeasesTest extends LeaseStoreContract {

    private final TestStore test = new TestStore();

    @Override
    protected LeaseStore createLeases() {
        return test.store().leases();
    }

    @Override
    protected LeaseStore anotherNode() {
        return test.another().leases();
    }

    @Override
    protected void pass(Duration duration) {
        test.pass(duration);
    }
}
