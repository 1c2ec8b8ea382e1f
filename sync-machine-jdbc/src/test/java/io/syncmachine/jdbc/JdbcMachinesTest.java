package io.syncmachine.jdbc;

import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.test.MachineRegistryContract;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import java.time.Duration;

@OnEveryDatabase
class JdbcMachinesTest extends MachineRegistryContract {

    private final ContractDatabase database;

    JdbcMachinesTest(DatabaseKind kind) {
        database = new ContractDatabase(kind);
    }

    @Override
    protected MachineRegistry createMachines() {
        return database.openStore().machines();
    }

    @Override
    protected void pass(Duration duration) {
        database.pass(duration);
    }
}
