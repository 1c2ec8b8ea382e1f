package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.functional.World.Order;
import io.syncmachine.spi.EngineThreads;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AfterPublishTest {

    private static final int MANY = 100;

    private final World world = new World();
    private final List<Long> told = new ArrayList<>();
    private final Queue<Runnable> underWay = new ArrayDeque<>();

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void isCalledForAFewPublicationsAtOnceAndHoldsUpNone() {
        try (SyncEngine engine = start()) {
            world.entities.save(LongStream.range(0, MANY)
                    .mapToObj(id -> new Order(id, "open", 0))
                    .toArray());
            world.run();
            assertThat(world.api.content).hasSize(MANY);
            assertThat(engine.backlog().isEmpty()).isTrue();
            assertThat(underWay).hasSize(16);

            while (!underWay.isEmpty()) {
                underWay.remove().run();
            }

            assertThat(told).hasSize(MANY).doesNotHaveDuplicates();
        }
    }

    private SyncEngine start() {
        return SyncEngine.builder()
                .machines(SyncMachine.define(World.MACHINE, Order.class, Long.class)
                        .listenTo(Order.class)
                        .build(World::document)
                        .publish(world.api::put)
                        .afterPublish((order, document) -> told.add(order.id()))
                        .done())
                .entities(world.entities)
                .store(world.store)
                .clock(world.clock)
                .threads(new ThreadsWithSlowSideEffects(world.threads, underWay))
                .start();
    }

    /** Runs what follows a publication only when it is told to. */
    private record ThreadsWithSlowSideEffects(EngineThreads threads, Queue<Runnable> underWay)
            implements EngineThreads {

        @Override
        public Loop repeat(String name, Step step) {
            return threads.repeat(name, step);
        }

        @Override
        public Executor publications(String machine, int limit) {
            return machine.equals("after-publish") ? underWay::add : threads.publications(machine, limit);
        }

        @Override
        public void await(BooleanSupplier done, Duration patience) {
            threads.await(done, patience);
        }

        @Override
        public void close() {
            threads.close();
        }
    }
}
