package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ManualClockTest {

    private final ManualClock clock = ManualClock.startingAt(Instant.parse("2026-01-01T00:00:00Z"));

    @Test
    void standsStill() {
        assertThat(clock.now()).isEqualTo("2026-01-01T00:00:00Z");
        assertThat(clock.nanos()).isEqualTo(clock.nanos());
    }

    @Test
    void goesOnWhenItIsTold() {
        long before = clock.nanos();

        clock.advance(Duration.ofSeconds(90));
        clock.advance(Duration.ofNanos(1));

        assertThat(clock.now()).isEqualTo("2026-01-01T00:01:30.000000001Z");
        assertThat(clock.nanos() - before).isEqualTo(90_000_000_001L);
    }

    @Test
    void doesNotGoBack() {
        assertThatThrownBy(() -> clock.advance(Duration.ofNanos(-1))).isInstanceOf(IllegalArgumentException.class);
    }
}
