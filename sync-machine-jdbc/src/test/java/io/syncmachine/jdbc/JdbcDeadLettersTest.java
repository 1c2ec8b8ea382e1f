package io.syncmachine.jdbc;

import io.syncmachine.spi.Store;
import io.syncmachine.test.DeadLetterStoreContract;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import java.time.Duration;

@OnEveryDatabase
class JdbcDeadLettersTest extends DeadLetterStoreContract {

    private final ContractDatabase database;

    JdbcDeadLettersTest(DatabaseKind kind) {
        database = new ContractDatabase(kind);
    }

    @Override
    protected Store createStore() {
        return database.store();
    }

    @Override
    protected void pass(Duration duration) {
        database.pass(duration);
    }
}
