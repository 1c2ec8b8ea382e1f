package io.syncmachine.jdbc;

import io.syncmachine.spi.LeaseStore;
import io.syncmachine.test.LeaseStoreContract;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import java.time.Duration;

@OnEveryDatabase
class JdbcLeasesTest extends LeaseStoreContract {

    private final ContractDatabase database;

    JdbcLeasesTest(DatabaseKind kind) {
        database = new ContractDatabase(kind);
    }

    @Override
    protected LeaseStore createLeases() {
        return database.openStore().leases();
    }

    @Override
    protected void pass(Duration duration) {
        database.pass(duration);
    }
}
