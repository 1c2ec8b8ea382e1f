package io.syncmachine.memory;

import io.syncmachine.spi.Journal;
import io.syncmachine.test.JournalContract;
import io.syncmachine.test.ManualClock;
import java.time.Duration;

class InMemoryJournalTest extends JournalContract {

    private final ManualClock clock = ManualClock.create();

    @Override
    protected Journal createJournal() {
        return InMemoryStore.create(clock).journal();
    }

    @Override
    protected void pass(Duration duration) {
        clock.advance(duration);
    }
}
