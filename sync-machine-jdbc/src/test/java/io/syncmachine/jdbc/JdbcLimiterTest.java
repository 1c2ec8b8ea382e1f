package io.syncmachine.jdbc;

import io.syncmachine.spi.CallLimiter;
import io.syncmachine.test.CallLimiterContract;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import java.time.Duration;

@OnEveryDatabase
class JdbcLimiterTest extends CallLimiterContract {

    private final ContractDatabase database;

    JdbcLimiterTest(DatabaseKind kind) {
        database = new ContractDatabase(kind);
    }

    @Override
    protected CallLimiter createLimiter() {
        return database.openStore().limiter();
    }

    @Override
    protected CallLimiter anotherNode() {
        return database.openStore().limiter();
    }

    @Override
    protected void pass(Duration duration) {
        database.pass(duration);
    }
}
