package io.syncmachine.jdbc;

import io.syncmachine.spi.Journal;
import io.syncmachine.test.JournalContract;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;

/** On PostgreSQL. */
class PostgresJournalTest extends JournalContract {

    private final ContractDatabase database = new ContractDatabase();

    @Override
    protected Journal createJournal() {
        return database.openStore().journal();
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
