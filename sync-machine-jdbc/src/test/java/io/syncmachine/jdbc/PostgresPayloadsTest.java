package io.syncmachine.jdbc;

import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.SubjectKey;
import io.syncmachine.test.PayloadStoreContract;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;

/** On PostgreSQL. */
class PostgresPayloadsTest extends PayloadStoreContract {

    private final ContractDatabase database = new ContractDatabase();

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

    @AfterEach
    void close() {
        database.close();
    }
}
