package io.syncmachine.jdbc;

import io.syncmachine.spi.ResyncStore;
import io.syncmachine.test.ResyncStoreContract;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;

@OnEveryDatabase
class JdbcResyncsTest extends ResyncStoreContract {

    private final ContractDatabase database;

    JdbcResyncsTest(DatabaseKind kind) {
        database = new ContractDatabase(kind);
    }

    @Override
    protected ResyncStore createResyncs() {
        return database.openStore().resyncs();
    }

    @Override
    protected ResyncStore anotherNode() {
        return database.openStore().resyncs();
    }
}
