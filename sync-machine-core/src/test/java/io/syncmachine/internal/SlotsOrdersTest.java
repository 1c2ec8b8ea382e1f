package io.syncmachine.internal;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** In whatever order the steps of threads follow each other: nothing that was added is left, and whoever waits for room is told. */
@Tag("full")
class SlotsOrdersTest {

    private static final Duration LEASE = Duration.ofMinutes(1);

    private static final class Still implements EngineClock {
        @Override
        public Instant now() {
            return Instant.EPOCH;
        }

        @Override
        public long nanos() {
            return 0;
        }
    }

    /** Not by a library: its code would be gone through, too. */
    private static void must(boolean condition) {
        if (!condition) {
            throw new IllegalStateException("not so");
        }
    }

    @Test
    void nothingIsLeftAndRoomIsTold() {
        Checking.orders().check(OneSlot.class);
    }

    @Test
    void twoSlotsAreNotExceeded() {
        Checking.orders().threads(3).actorsPerThread(1).check(TwoSlots.class);
    }

    @Test
    void aSlotThatDoesNotLookAgainIsFoundOut() {
        assertThatThrownBy(() -> Checking.orders().iterations(30).check(Forgetful.class))
                .hasMessageContaining("Validation function");
    }

    public static class OneSlot {
        private final AtomicInteger published = new AtomicInteger();
        private final AtomicInteger added = new AtomicInteger();
        private volatile boolean waits;
        private final Slots<Integer> slots =
                new Slots<>(1, 1, true, Runnable::run, new Still(), LEASE, (runs, slot) -> {
                    published.incrementAndGet();
                    slot.free();
                });

        public OneSlot() {
            slots.onRoom(() -> waits = false);
        }

        @Operation
        public void add() {
            added.incrementAndGet();
            slots.add(List.of(1));
        }

        @Operation(nonParallelGroup = "claiming")
        public void claim() {
            waits = true;
            if (slots.room() > 0) {
                waits = false;
            }
        }

        @Validate
        public void allIsDone() {
            must(slots.load() == 0);
            must(published.get() == added.get());
            must(!waits);
        }
    }

    public static class TwoSlots {
        private final AtomicInteger busy = new AtomicInteger();
        private final AtomicInteger most = new AtomicInteger();
        private final Slots<Integer> slots =
                new Slots<>(2, 1, true, Runnable::run, new Still(), LEASE, (runs, slot) -> {
                    most.accumulateAndGet(busy.incrementAndGet(), Math::max);
                    busy.decrementAndGet();
                    slot.free();
                });

        @Operation
        public void add() {
            slots.add(List.of(1));
        }

        @Validate
        public void never() {
            must(most.get() <= 2);
            must(slots.load() == 0);
        }
    }

    /** A slot that goes without looking again whether something was added meanwhile. */
    public static class Forgetful {
        private final Queue<Integer> ready = new ConcurrentLinkedQueue<>();
        private final AtomicInteger busy = new AtomicInteger();

        @Operation
        public void add() {
            ready.add(1);
            if (busy.compareAndSet(0, 1)) {
                while (ready.poll() != null) {}
                busy.set(0);
            }
        }

        @Validate
        public void allIsDone() {
            must(ready.isEmpty());
        }
    }
}
