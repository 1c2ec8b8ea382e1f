package io.syncmachine.jdbc;

import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.test.MachineRegistryContract;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;

/** On PostgreSQL. */
class PostgresMachinesTest extends MachineRegistryContract {

    private final ContractDatabase database = new ContractDatabase();

    @Override
    protected MachineRegistry createMachines() {
        return database.openStore().machines();
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
