package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.SyncObserver;
import io.syncmachine.functional.World.Order;
import io.syncmachine.memory.InMemoryStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ObserverTest {

    private static final int MANY = 50;

    private final World world = new World();

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void changesNothingIfItIsStuck() throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        InMemoryStore store = InMemoryStore.create();
        Map<Long, String> published = new ConcurrentHashMap<>();
        CountDownLatch all = new CountDownLatch(MANY);
        try (SyncEngine engine = SyncEngine.builder()
                .machines(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                        .listenTo(Order.class)
                        .build(World::document)
                        .publish((order, document) -> {
                            published.put(order.id(), order.status());
                            all.countDown();
                        })
                        .done())
                .entities(world.entities)
                .store(store)
                .observer(outcomes -> {
                    told.countDown();
                    waitFor(stuck);
                })
                .stopWithin(Duration.ofSeconds(20))
                .start()) {
            world.save(0, "open");
            assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();

            for (long id = 1; id < MANY; id++) {
                world.save(id, "open");
            }

            assertThat(all.await(20, TimeUnit.SECONDS)).isTrue();
            Awaiting.until(() -> engine.backlog().isEmpty());
            stuck.countDown();
        }
        assertThat(published).hasSize(MANY);
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
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
