package io.syncmachine.mongo;

import com.mongodb.client.model.Filters;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.SubjectKey;
import io.syncmachine.test.PayloadStoreContract;
import java.time.Duration;

class MongoPayloadsTest extends PayloadStoreContract {

    private final TestStore test = new TestStore();

    @Override
    protected PayloadStore createPayloads() {
        return test.store().payloads();
    }

    @Override
    protected PayloadStore anotherNode() {
        return test.another().payloads();
    }

    @Override
    protected void forget(SubjectKey key) {
        test.database()
                .getCollection("sync_machine_payload")
                .deleteOne(Filters.and(
                        Filters.eq("tenant", key.tenant()),
                        Filters.eq("machine", key.machine()),
                        Filters.eq("subject", key.id())));
    }

    @Override
    protected void pass(Duration duration) {
        test.pass(duration);
    }
}
