package io.syncmachine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The poll below the wake-ups. */
class AdaptivePollTest {

    private long nanos;
    private final AdaptivePoll poll = new AdaptivePoll(new EngineClock() {
        @Override
        public Instant now() {
            return Instant.EPOCH;
        }

        @Override
        public long nanos() {
            return nanos;
        }
    });

    private List<Duration> rests(int count) {
        return Stream.generate(poll::nothing).limit(count).toList();
    }

    private static List<Duration> millis(long... millis) {
        return LongStream.of(millis).mapToObj(Duration::ofMillis).toList();
    }

    @Test
    void restsDoubleUpToFiveSeconds() {
        assertThat(rests(8)).isEqualTo(millis(100, 200, 400, 800, 1600, 3200, 5000, 5000));
    }

    @Test
    void afterWorkThereIsNoRestAndTheNextIsShort() {
        rests(5);
        assertThat(poll.found()).isZero();
        assertThat(rests(2)).isEqualTo(millis(100, 200));
    }

    @Test
    void aRestEndsWhenSomethingIsDue() {
        rests(7);
        poll.expect(Duration.ofMillis(700));
        poll.expect(Duration.ofMillis(900));
        assertThat(poll.nothing()).isEqualTo(Duration.ofMillis(700));
        nanos += Duration.ofMillis(500).toNanos();
        assertThat(poll.nothing()).isEqualTo(Duration.ofMillis(200));
        nanos += Duration.ofMillis(200).toNanos();
        assertThat(poll.nothing()).isEqualTo(Duration.ofMillis(100));
    }

    @Test
    void whatIsExpectedLaterIsNotForgottenForWhatIsExpectedBefore() {
        rests(7);
        poll.expect(Duration.ofMillis(40));
        poll.expect(Duration.ofMillis(90));
        nanos += Duration.ofMillis(40).toNanos();

        assertThat(poll.nothing()).isEqualTo(Duration.ofMillis(50));
    }

    @Test
    void whatIsExpectedAtNearlyTheSameTimeIsLookedForOnce() {
        rests(7);
        poll.expect(Duration.ofMillis(40));
        poll.expect(Duration.ofMillis(41));
        poll.expect(Duration.ofMillis(43));
        nanos += Duration.ofMillis(40).toNanos();

        assertThat(poll.nothing()).isEqualTo(Duration.ofMillis(5));
        nanos += Duration.ofMillis(5).toNanos();
        assertThat(poll.nothing()).isEqualTo(Duration.ofMillis(100));
    }

    @Test
    void whatHasPassedWhileThereWasWorkMakesTheNextRestShort() {
        rests(7);
        poll.expect(Duration.ofMillis(40));
        nanos += Duration.ofMillis(50).toNanos();
        poll.expect(Duration.ofSeconds(9));

        assertThat(rests(2)).isEqualTo(millis(100, 200));
    }
}
