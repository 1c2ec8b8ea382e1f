package io.syncmachine.jdbc;

import io.syncmachine.spi.JobExecutor;
import io.syncmachine.test.JobExecutorContract;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import java.time.Duration;

@OnEveryDatabase
class JdbcJobsTest extends JobExecutorContract {

    private final ContractDatabase database;

    JdbcJobsTest(DatabaseKind kind) {
        database = new ContractDatabase(kind);
    }

    @Override
    protected JobExecutor createJobs() {
        return database.openStore().jobs();
    }

    @Override
    protected void pass(Duration duration) {
        database.pass(duration);
    }
}
