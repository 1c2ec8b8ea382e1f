package io.syncmachine.jdbc;

import io.syncmachine.spi.Journal;
import io.syncmachine.test.JournalContract;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import java.time.Duration;

@OnEveryDatabase
class JdbcJournalTest extends JournalContract {

    private final ContractDatabase database;

    JdbcJournalTest(DatabaseKind kind) {
        database = new ContractDatabase(kind);
    }

    @Override
    protected Journal createJournal() {
        return database.openStore().journal();
    }

    @Override
    protected void pass(Duration duration) {
        database.pass(duration);
    }
}
