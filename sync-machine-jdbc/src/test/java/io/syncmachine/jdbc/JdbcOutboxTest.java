package io.syncmachine.jdbc;

import io.syncmachine.spi.Store;
import io.syncmachine.test.OutboxContract;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import java.time.Duration;

@OnEveryDatabase
class JdbcOutboxTest extends OutboxContract {

    private final ContractDatabase database;

    JdbcOutboxTest(DatabaseKind kind) {
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
