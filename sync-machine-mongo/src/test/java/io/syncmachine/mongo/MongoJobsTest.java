package io.syncmachine.mongo;

import io.syncmachine.spi.JobExecutor;
import io.syncmachine.test.JobExecutorContract;
import java.time.Duration;

class MongoJobsTest extends JobExecutorContract {

    private final TestStore test = new TestStore();

    @Override
    protected JobExecutor createJobs() {
        return test.store().jobs();
    }

    @Override
    protected JobExecutor anotherNode() {
        return test.another().jobs();
    }

    @Override
    protected void pass(Duration duration) {
        test.pass(duration);
    }
}
