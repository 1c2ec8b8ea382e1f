package io.syncmachine.torture;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.SyncEngine;
import io.syncmachine.jdbc.JdbcStore;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A worker, in a process of its own: publishes until its standard input ends or it is killed. */
final class Worker {

    private static final int CONNECTIONS = 8;
    private static final long RETRY_MILLIS = 200;
    private static final Logger log = LoggerFactory.getLogger(Worker.class);

    private Worker() {}

    /**
     * Runs one.
     *
     * @param arguments the database's URL and the API's
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        ApiClient api = new ApiClient(arguments[1]);
        try (HikariDataSource pool = TortureDatabase.pool(arguments[0], CONNECTIONS);
                SyncEngine engine = start(pool, api)) {
            while (System.in.read() >= 0) {
                log.debug("{} goes on", engine);
            }
        }
    }

    private static SyncEngine start(HikariDataSource pool, ApiClient api) throws InterruptedException {
        while (true) {
            try {
                return SyncEngine.builder()
                        .machines(Shop.machine(api::send))
                        .entities(Shop.entities(pool))
                        .store(JdbcStore.of(pool))
                        .lease(Shop.LEASE)
                        .grace(Shop.GRACE)
                        .start();
            } catch (RuntimeException e) {
                log.warn("the database is away: {}", e.toString());
                Thread.sleep(RETRY_MILLIS);
            }
        }
    }
}
