package io.syncmachine.jdbc;

import io.syncmachine.spi.LeaseStore;
import io.syncmachine.test.LeaseStoreContract;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;

/** On PostgreSQL. */
class PostgresLeasesTest extends LeaseStoreContract {

    private final ContractDatabase database = new ContractDatabase();

    @Override
    protected LeaseStore createLeases() {
        return database.openStore().leases();
    }

    @Override
    protected void pass(Duration duration) {
        database.pass(duration);
    }

    @AfterEach
    void close() {
        database.close();
    }
}
