package io.syncmachine.jdbc;

import io.syncmachine.spi.Store;
import io.syncmachine.test.OutboxContract;
import org.junit.jupiter.api.AfterEach;

/** On PostgreSQL. */
class PostgresOutboxTest extends OutboxContract {

    private final ContractDatabase database = new ContractDatabase();

    @Override
    protected Store createStore() {
        return database.store();
    }

    @AfterEach
    void close() {
        database.close();
    }
}
