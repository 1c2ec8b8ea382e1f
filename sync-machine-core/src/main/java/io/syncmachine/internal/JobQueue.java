package io.syncmachine.internal;

import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.Stage;

/** The jobs that one loop works on. */
record JobQueue(String machine, Stage stage) {

    static JobQueue of(JobKey key) {
        return new JobQueue(key.machine(), key.stage());
    }
}
