package io.syncmachine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How many publications are in flight, and how many are prepared ahead. */
class SlotsTest {

    private static final int LIMIT = 4;
    private static final Duration LEASE = Duration.ofSeconds(60);

    /** A clock on which each publication takes as long as the test says. */
    private static final class CallClock implements EngineClock {
        private long nanos;

        @Override
        public Instant now() {
            return Instant.EPOCH.plusNanos(nanos);
        }

        @Override
        public long nanos() {
            return nanos;
        }
    }

    private final CallClock clock = new CallClock();
    private final Queue<Runnable> started = new ArrayDeque<>();
    private final List<Integer> published = new ArrayList<>();
    private final AtomicInteger refills = new AtomicInteger();
    private Duration call = Duration.ofMillis(20);
    private final Slots<Integer> slots = new Slots<>(LIMIT, 1, true, started::add, clock, LEASE, this::publish);

    private void publish(List<Integer> batch, Slots.Slot slot) {
        clock.nanos += call.toNanos();
        published.addAll(batch);
        slot.free();
    }

    private static List<Integer> items(int count) {
        return IntStream.range(0, count).boxed().toList();
    }

    private void runAll() {
        while (!started.isEmpty()) {
            started.remove().run();
        }
    }

    @Test
    void noMoreSlotsAreTakenThanAllowed() {
        slots.add(items(10));
        assertThat(started).hasSize(LIMIT);
        slots.add(items(10));
        assertThat(started).hasSize(LIMIT);
    }

    @Test
    void aFreeSlotTakesTheNext() {
        slots.add(items(10));
        started.remove().run();
        assertThat(published).isEqualTo(items(10));
    }

    @Test
    void nothingIsLeftWhenAllAreDone() {
        slots.add(items(10));
        runAll();
        assertThat(slots.load()).isZero();
        slots.add(List.of(10));
        runAll();
        assertThat(published).hasSize(11);
    }

    @Test
    void beforeTheFirstCallOnlyTheSlotsAreFilled() {
        assertThat(slots.room()).isEqualTo(LIMIT);
    }

    @Test
    void aFastApiIsPreparedForWellAhead() {
        slots.add(items(1));
        runAll();
        assertThat(slots.room()).isEqualTo(400);
    }

    @Test
    void aSlowApiIsPreparedForAsFarAsItCanTakeInHalfALease() {
        call = Duration.ofSeconds(10);
        slots.add(items(1));
        runAll();
        assertThat(slots.room()).isEqualTo(LIMIT * 3);
    }

    @Test
    void withOneCallPerHalfLeaseNothingIsClaimedThatCannotBeSent() {
        call = Duration.ofSeconds(30);
        slots.add(items(1));
        runAll();
        assertThat(slots.room()).isEqualTo(LIMIT);
        slots.add(items(LIMIT));
        assertThat(slots.room()).isZero();
    }

    @Test
    void whoFoundNoRoomIsToldOfRoomOnce() {
        slots.onRoom(refills::incrementAndGet);
        slots.add(items(10));
        assertThat(slots.room()).isZero();
        runAll();
        assertThat(refills).hasValue(1);
    }

    @Test
    void aSlotIsTakenUntilItsCallHasEnded() {
        List<Slots.Slot> calling = new ArrayList<>();
        Slots<Integer> waiting =
                new Slots<>(1, 1, true, started::add, clock, LEASE, (batch, slot) -> calling.add(slot));
        waiting.add(items(2));
        runAll();
        assertThat(calling).hasSize(1);
        assertThat(waiting.load()).isEqualTo(2);
        calling.remove(0).free();
        runAll();
        calling.remove(0).free();
        runAll();
        assertThat(waiting.load()).isZero();
    }

    @Test
    void aSlotTakesABatch() {
        List<List<Integer>> batches = new ArrayList<>();
        Slots<Integer> batching = new Slots<>(1, 4, true, started::add, clock, LEASE, (batch, slot) -> {
            batches.add(batch);
            slot.free();
        });
        batching.add(items(10));
        runAll();
        assertThat(batches).extracting(List::size).containsExactly(4, 4, 2);
    }

    @Test
    void whatIsNotStartedCanBeTakenBack() {
        slots.add(items(3));
        List<Integer> back = new ArrayList<>();
        for (Integer item = slots.takeBack(); item != null; item = slots.takeBack()) {
            back.add(item);
        }
        assertThat(back).isEqualTo(items(3));
        runAll();
        assertThat(published).isEqualTo(Collections.emptyList());
        assertThat(slots.load()).isZero();
    }
}
