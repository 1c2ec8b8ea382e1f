package io.syncmachine.mongo;

import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.test.MachineRegistryContract;
import java.time.Duration;

class MongoMachinesTest extends MachineRegistryContract {

    private final TestStore test = new TestStore();

    @Override
    protected MachineRegistry createMachines() {
        return test.store().machines();
    }

    @Override
    protected MachineRegistry anotherNode() {
        return test.another().machines();
    }

    @Override
    protected void pass(Duration duration) {
        test.pass(duration);
    }
}
