package io.syncmachine.mongo;

import io.syncmachine.spi.Journal;
import io.syncmachine.test.JournalContract;
import java.time.Duration;

class MongoJournalTest extends JournalContract {

    private final TestStore test = new TestStore();

    @Override
    protected Journal createJournal() {
        return test.store().journal();
    }

    @Override
    protected void pass(Duration duration) {
        test.pass(duration);
    }
}
