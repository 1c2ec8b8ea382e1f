package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.Publication;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome;
import io.syncmachine.functional.World.Order;
import io.syncmachine.functional.World.OrderDocument;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.test.ManualClock;
import io.syncmachine.test.ManualThreads;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A process is stopped for longer than its lease on its way to the send, at each place where that can be told by the clock. */
class StoppedTest {

    private static final Duration STOP = World.LEASE.multipliedBy(2);

    /** Jumps when it is looked at for the so-many-th time since it was armed. */
    private static final class JumpingClock implements EngineClock {

        private final ManualClock clock = ManualClock.create();
        private int looksUntilJump = Integer.MAX_VALUE;

        void arm(int looks) {
            looksUntilJump = looks;
        }

        boolean hasJumped() {
            return looksUntilJump <= 0;
        }

        private void look() {
            if (--looksUntilJump == 0) {
                clock.advance(STOP);
            }
        }

        @Override
        public Instant now() {
            look();
            return clock.now();
        }

        @Override
        public long nanos() {
            look();
            return clock.nanos();
        }
    }

    private enum End {
        NOT_CALLED,
        CALLED_AND_TOLD_THAT_IT_IS_LATE,
        CALLED_AND_NOT_TOLD,
        STOPPED_AFTER_THE_CALL
    }

    @Test
    void aStoppedCallHasNoTimeLeft() {
        List<End> ends =
                IntStream.rangeClosed(1, 40).mapToObj(StoppedTest::stoppedAt).toList();
        assertThat(ends)
                .doesNotContain(End.CALLED_AND_NOT_TOLD)
                .contains(End.NOT_CALLED, End.CALLED_AND_TOLD_THAT_IT_IS_LATE, End.STOPPED_AFTER_THE_CALL);
    }

    private static End stoppedAt(int look) {
        JumpingClock clock = new JumpingClock();
        List<Outcome> outcomes = new ArrayList<>();
        List<End> calls = new ArrayList<>();
        SyncMachine<Order, Long> machine = SyncMachine.define(World.MACHINE, Order.class, Long.class)
                .listenTo(Order.class)
                .build(order -> {
                    if (!clock.hasJumped()) {
                        clock.arm(look);
                    }
                    return World.document(order);
                })
                .publish((Publication<Order, Long, OrderDocument> publication) -> {
                    if (calls.isEmpty() && outcomes.isEmpty()) {
                        boolean stopped = clock.hasJumped();
                        boolean late = publication.timeLeft().isZero()
                                && !publication.deadline().isAfter(clock.clock.now());
                        calls.add(
                                !stopped
                                        ? End.STOPPED_AFTER_THE_CALL
                                        : late ? End.CALLED_AND_TOLD_THAT_IT_IS_LATE : End.CALLED_AND_NOT_TOLD);
                    }
                })
                .policy(World.POLICY)
                .done();
        InMemoryEntities entities = InMemoryEntities.create().type(Order.class, Long.class, Order::id);
        ManualThreads threads = ManualThreads.create();
        try (SyncEngine engine = SyncEngine.builder()
                .machines(machine)
                .entities(entities)
                .store(InMemoryStore.create(clock.clock))
                .clock(clock)
                .threads(threads)
                .lease(World.LEASE)
                .grace(World.GRACE)
                .observer(outcomes::addAll)
                .start()) {
            entities.save(new Order(1, "open", 0));
            threads.runAll();
            assertThat(engine.backlog().changes()).isZero();
        }
        assertThat(outcomes).isNotEmpty();
        return calls.isEmpty() ? End.NOT_CALLED : calls.get(0);
    }
}
