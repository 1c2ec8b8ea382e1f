package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.SyncEngine;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.SyncObserver;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ObserverTest {

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void changesNothingIfItFails() {
        List<Outcome> told = new ArrayList<>();
        SyncObserver failing = outcomes -> {
            throw new NoClassDefFoundError("observer");
        };
        try (SyncEngine engine = SyncEngine.builder()
                .machines(world.orders())
                .entities(world.entities)
                .store(world.store)
                .clock(world.clock)
                .threads(world.threads)
                .observer(failing)
                .observer(told::addAll)
                .start()) {
            world.save(1, "open");
            world.run();

            assertThat(told).hasSize(1);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
    }
}
