package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.Backoff;
import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.functional.World.Order;
import io.syncmachine.memory.InMemoryStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls that are not back in time, with the engine's own threads. */
class DeadlineTest {

    private static final Duration DEADLINE = Duration.ofMillis(200);

    private final World world = new World();
    private final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
    private final List<String> keys = new CopyOnWriteArrayList<>();
    private final AtomicInteger calls = new AtomicInteger();
    private final CountDownLatch interrupted = new CountDownLatch(1);
    private final CountDownLatch never = new CountDownLatch(1);

    @AfterEach
    void close() {
        world.close();
    }

    private SyncMachine<Order, Long> machine() {
        return SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .build(World::document)
                .publish(this::hangTheFirstTime)
                .policy(Policy.defaults()
                        .deadline(DEADLINE)
                        .retry(Backoff.exponential(Duration.ofMillis(1), Duration.ofMillis(1))))
                .done();
    }

    /** The first call comes back only when it is interrupted, and then pretends that all went well. */
    private void hangTheFirstTime(Publication<?, ?, ?> publication) {
        keys.add(publication.idempotencyKey());
        if (calls.incrementAndGet() == 1) {
            try {
                never.await();
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
        }
    }

    @Test
    void aCallThatIsNotBackIsInterruptedAndMadeAgainWithItsKey() throws Exception {
        try (SyncEngine engine = SyncEngine.builder()
                .machines(machine())
                .entities(world.entities)
                .store(InMemoryStore.create())
                .lease(Duration.ofSeconds(10))
                .grace(Duration.ofMillis(20))
                .observer(outcomes::addAll)
                .start()) {
            world.save(1, "open");

            Outcome first = outcomes.poll(20, TimeUnit.SECONDS);
            assertThat(first).isNotNull();
            assertThat(first.result()).isEqualTo(Result.RETRYING);
            assertThat(first.reason()).contains("deadline");
            assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();

            Outcome second = outcomes.poll(20, TimeUnit.SECONDS);
            assertThat(second).isNotNull();
            assertThat(second.result()).isEqualTo(Result.PUBLISHED);
            assertThat(second.attempt()).isEqualTo(2);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
        assertThat(keys).hasSize(2);
        assertThat(keys.get(0)).isEqualTo(keys.get(1));
        assertThat(outcomes).isEmpty();
    }
}
