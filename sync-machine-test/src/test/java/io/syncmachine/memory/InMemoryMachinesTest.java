package io.syncmachine.memory;

import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.test.MachineRegistryContract;
import io.syncmachine.test.ManualClock;
import java.time.Duration;

class InMemoryMachinesTest extends MachineRegistryContract {

    private final ManualClock clock = ManualClock.create();

    @Override
    protected MachineRegistry createMachines() {
        return InMemoryStore.create(clock).machines();
    }

    @Override
    protected void pass(Duration duration) {
        clock.advance(duration);
    }
}
