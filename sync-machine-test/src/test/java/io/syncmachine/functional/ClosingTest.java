package io.syncmachine.functional;

import static io.syncmachine.functional.World.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Order;
import io.syncmachine.memory.InMemoryStore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ClosingTest {

    private final World world = new World();
    private final FakeApi api = world.api;

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void writesWhatWasAnswered() {
        SyncEngine engine = world.start(world.orders());
        world.save(1, "open");
        while (api.calls.isEmpty()) {
            world.threads.runNext();
        }
        assertThat(world.record(1).inDoubt()).isTrue();

        engine.close();

        assertThat(world.record(1).inDoubt()).isFalse();
        assertThat(world.results()).containsExactly(Result.PUBLISHED);
        assertThat(world.store.jobs().backlog()).isZero();
    }

    @Test
    void leavesTheRestToTheNext() {
        SyncEngine engine = world.start(world.orders());
        world.save(1, "open");

        engine.close();
        engine.close();
        assertThat(api.calls).isEmpty();
        assertThat(world.threads.runNext()).isFalse();

        world.start(world.orders());
        world.run();
        assertThat(api.content).containsEntry("1", json(1, "open"));
    }

    @Test
    void endsCapturing() {
        SyncEngine engine = world.start(world.orders());
        engine.close();

        world.save(1, "open");

        assertThat(world.store.outbox().depth()).isZero();
    }

    @Test
    void endsAnEngineThatOnlyCaptures() {
        SyncEngine capture = SyncEngine.builder()
                .machines(world.orders())
                .entities(world.entities)
                .store(world.store)
                .threads(world.threads)
                .works(false)
                .start();
        world.save(1, "open");
        world.run();
        assertThat(World.counts(capture)).containsExactly(1L, 0L, 0L);
        World.Node other = world.startAnother("other", world.store.another(), world.orders());

        capture.close();
        other.threads().runAll();

        assertThat(api.content).containsEntry("1", json(1, "open"));
    }

    @Nested
    class WithThreadsOfItsOwn {

        private static final int COUNT = 200;

        private final List<Outcome> outcomes = Collections.synchronizedList(new ArrayList<>());
        private final CountDownLatch published = new CountDownLatch(COUNT);

        @Test
        void anEnginePublishesAndStops() throws Exception {
            InMemoryStore store = InMemoryStore.create();
            FakeApi slow = new FakeApi();
            try (SyncEngine engine = SyncEngine.builder()
                    .machines(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                            .listenTo(Order.class)
                            .build(World::document)
                            .publish(publication -> {
                                synchronized (slow) {
                                    slow.put(publication);
                                }
                            })
                            .done())
                    .entities(world.entities)
                    .store(store)
                    .observer(batch -> {
                        outcomes.addAll(batch);
                        batch.forEach(outcome -> published.countDown());
                    })
                    .start()) {
                for (int id = 0; id < COUNT; id++) {
                    world.save(id, "open");
                }
                assertThat(published.await(30, TimeUnit.SECONDS)).isTrue();
                assertThat(engine.backlog().jobs()).isZero();
            }

            assertThat(slow.content).hasSize(COUNT);
            assertThat(outcomes).extracting(Outcome::result).containsOnly(Result.PUBLISHED);
        }
    }
}
