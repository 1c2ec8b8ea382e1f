package io.syncmachine.jdbc;

import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.SubjectKey;
import io.syncmachine.test.PayloadStoreContract;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import java.time.Duration;

@OnEveryDatabase
class JdbcPayloadsTest extends PayloadStoreContract {

    private final ContractDatabase database;

    JdbcPayloadsTest(DatabaseKind kind) {
        database = new ContractDatabase(kind);
    }

    @Override
    protected PayloadStore createPayloads() {
        return database.openStore().payloads();
    }

    @Override
    protected void pass(Duration duration) {
        database.pass(duration);
    }

    @Override
    protected void forget(SubjectKey key) {
        database.execute("delete from sync_machine_payload where subject_id = '" + key.id() + "'");
    }
}
