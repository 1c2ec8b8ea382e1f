package io.syncmachine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class AdaptivePollTest {

    private long nanos;
    private final AdaptivePoll poll = new AdaptivePoll(new EngineClock() {
        @Override
        public Instant now() {
            return Instant.EPOCH.plusNanos(nanos);
        }

        @Override
        public long nanos() {
            return nanos;
        }
    });

    @Test
    void looksOftenWhereSomethingShouldBeDueByNow() {
        for (int i = 0; i < 10; i++) {
            poll.nothing();
        }
        poll.expect(Duration.ofSeconds(1));
        nanos += Duration.ofSeconds(1).toNanos();

        assertThat(poll.nothing()).isEqualTo(Duration.ofMillis(100));
    }
}
