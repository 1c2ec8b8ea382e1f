package io.syncmachine.jpa;

import io.syncmachine.jpa.shop.Shop;
import jakarta.persistence.EntityManager;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * What this thread and PostgreSQL's server had to say to each other, as the driver logs it.
 *
 * @param statements that the server executed, begin and commit among them
 * @param roundTrips after which the driver waited for the server
 */
record Wire(long statements, long roundTrips) {

    private static final Logger DRIVER = Logger.getLogger("org.postgresql.core.v3.QueryExecutorImpl");

    /** Counts for a transaction. */
    static Wire of(Shop shop, Consumer<EntityManager> work) {
        Counter counter = new Counter();
        boolean parents = DRIVER.getUseParentHandlers();
        DRIVER.setUseParentHandlers(false);
        DRIVER.addHandler(counter);
        DRIVER.setLevel(Level.FINEST);
        try {
            shop.inTransaction(work);
        } finally {
            DRIVER.setLevel(null);
            DRIVER.removeHandler(counter);
            DRIVER.setUseParentHandlers(parents);
        }
        return new Wire(counter.statements.get(), counter.roundTrips.get());
    }

    private static final class Counter extends Handler {

        private final long thread = Thread.currentThread().getId();
        private final AtomicLong statements = new AtomicLong();
        private final AtomicLong roundTrips = new AtomicLong();

        Counter() {
            setLevel(Level.ALL);
        }

        @Override
        public void publish(LogRecord line) {
            String said = line.getMessage();
            if (Thread.currentThread().getId() != thread || said == null) {
                return;
            }
            if (said.contains("FE=> Execute")) {
                statements.incrementAndGet();
            } else if (said.contains("FE=> Sync")) {
                roundTrips.incrementAndGet();
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
