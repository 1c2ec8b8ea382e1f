package io.syncmachine.jdbc;

import io.syncmachine.spi.JobExecutor;
import io.syncmachine.test.JobExecutorContract;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;

/** On PostgreSQL. */
class PostgresJobsTest extends JobExecutorContract {

    private final ContractDatabase database = new ContractDatabase();

    @Override
    protected JobExecutor createJobs() {
        return database.openStore().jobs();
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
