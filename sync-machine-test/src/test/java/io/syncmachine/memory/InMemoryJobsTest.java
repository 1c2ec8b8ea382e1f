package io.syncmachine.memory;

import io.syncmachine.spi.JobExecutor;
import io.syncmachine.test.JobExecutorContract;
import io.syncmachine.test.ManualClock;
import java.time.Duration;

class InMemoryJobsTest extends JobExecutorContract {

    private final ManualClock clock = ManualClock.create();

    @Override
    protected JobExecutor createJobs() {
        return InMemoryStore.create(clock).jobs();
    }

    @Override
    protected void pass(Duration duration) {
        clock.advance(duration);
    }
}
