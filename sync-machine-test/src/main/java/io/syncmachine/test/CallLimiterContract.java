package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.Limits;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.CallLimiter.Grant;
import io.syncmachine.spi.CallLimiter.Returned;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What every {@link CallLimiter} promises. */
public abstract class CallLimiterContract {

    private static final String API = "erp";
    private static final Duration CALL = Duration.ofMinutes(5);
    private static final Duration WINDOW = Duration.ofMinutes(10);
    private static final Duration GUARD = Duration.ofMinutes(1);
    private static final Duration MARGIN = Duration.ofSeconds(20);

    private CallLimiter limiter;

    /** A limiter that has granted nothing yet. Called once, before each test. */
    protected abstract CallLimiter createLimiter() throws Exception;

    /** Lets at least this much time pass for the limiter: by moving its clock, moving what it has stored, or waiting. */
    protected abstract void pass(Duration duration) throws Exception;

    /** The same limiter as another node sees it; the default is the same object. */
    protected CallLimiter anotherNode() throws Exception {
        return limiter;
    }

    @BeforeEach
    final void begin() throws Exception {
        limiter = createLimiter();
    }

    private int granted(Limits limits, int calls) {
        return limiter.acquire(API, limits, calls, CALL).calls();
    }

    private void release(Limits limits, Grant grant, int calls, boolean made) {
        limiter.release(API, limits, List.of(new Returned(grant.at(), calls, made)));
    }

    @Nested
    class AWindow {

        private final Limits limits = Limits.none().atMost(5, WINDOW, GUARD);

        @Test
        void isNeverExceeded() throws Exception {
            assertThat(granted(limits, 3)).isEqualTo(3);
            assertThat(granted(limits, 3)).isEqualTo(2);
            assertThat(granted(limits, 1)).isZero();
            assertThat(anotherNode().acquire(API, limits, 1, CALL).calls()).isZero();
        }

        @Test
        void slides() throws Exception {
            granted(limits, 2);
            pass(WINDOW.dividedBy(2));
            granted(limits, 3);

            pass(WINDOW.dividedBy(2).plus(GUARD).plus(MARGIN));
            assertThat(granted(limits, 5)).isEqualTo(2);
            pass(WINDOW.dividedBy(2));
            assertThat(granted(limits, 5)).isEqualTo(3);
        }

        @Test
        void lastsUntilItsGuardIsOver() throws Exception {
            granted(limits, 5);
            pass(WINDOW.plus(GUARD).minus(MARGIN));
            assertThat(granted(limits, 1)).isZero();
            pass(MARGIN.plus(MARGIN));
            assertThat(granted(limits, 5)).isEqualTo(5);
        }

        @Test
        void tellsWhenMoreMayBeGranted() throws Exception {
            granted(limits, 2);
            pass(Duration.ofMinutes(4));
            assertThat(limiter.acquire(API, limits, 3, CALL).retryIn()).isZero();

            Duration retryIn = limiter.acquire(API, limits, 1, CALL).retryIn();
            assertThat(retryIn)
                    .isBetween(
                            Duration.ofMinutes(7).minus(MARGIN),
                            Duration.ofMinutes(7).plus(MARGIN));

            pass(retryIn.plusMillis(1));
            assertThat(granted(limits, 5)).isEqualTo(2);
        }

        @Test
        void doesNotCountWhatWasNotCalled() {
            Grant grant = limiter.acquire(API, limits, 5, CALL);
            release(limits, grant, 2, false);
            release(limits, grant, 1, true);

            assertThat(granted(limits, 5)).isEqualTo(2);
        }

        @Test
        void isNotShortenedByWhatAnotherGrantGivesBack() throws Exception {
            limiter.acquire(API, limits, 4, CALL);
            pass(WINDOW.dividedBy(2));
            Grant late = limiter.acquire(API, limits, 1, CALL);
            release(limits, late, 1, false);
            release(limits, late, 4, false);

            assertThat(granted(limits, 5)).isEqualTo(1);
        }

        @Test
        void isOfOneDestination() {
            granted(limits, 5);
            assertThat(limiter.acquire("crm", limits, 5, CALL).calls()).isEqualTo(5);
        }

        @Test
        void isKeptInEveryPlaceOverALongTime() throws Exception {
            Limits limits = Limits.none().atMost(7, WINDOW, Duration.ZERO);
            List<Duration> grants = new ArrayList<>();
            Duration now = Duration.ZERO;
            for (int i = 0; i < 60; i++) {
                int calls = granted(limits, 1 + i % 4);
                for (int call = 0; call < calls; call++) {
                    grants.add(now);
                }
                Duration step = Duration.ofSeconds(47 + 31 * (i % 5));
                pass(step);
                now = now.plus(step);
            }
            for (Duration grant : grants) {
                Duration end = grant.plus(WINDOW).minus(MARGIN);
                assertThat(grants.stream().filter(each -> each.compareTo(grant) >= 0 && each.compareTo(end) < 0))
                        .hasSizeLessThanOrEqualTo(7);
            }
            assertThat(grants.size()).isGreaterThan((int) (now.toSeconds() * 7 / WINDOW.toSeconds() * 3 / 4));
        }
    }

    @Nested
    class SeveralWindows {

        private final Limits limits =
                Limits.none().atMost(2, Duration.ofMinutes(1), Duration.ZERO).atMost(5, WINDOW, Duration.ZERO);

        @Test
        void tellToWaitOnlyForThatWhichHasNoRoom() {
            Limits both = Limits.none().atMost(5, WINDOW, GUARD).atMost(20, WINDOW.multipliedBy(10), GUARD);
            assertThat(granted(both, 5)).isEqualTo(5);

            Grant none = limiter.acquire(API, both, 20, CALL);
            assertThat(none.calls()).isZero();
            assertThat(none.retryIn()).isBetween(WINDOW, WINDOW.plus(GUARD).plus(MARGIN));
        }

        @Test
        void holdTogether() throws Exception {
            assertThat(granted(limits, 5)).isEqualTo(2);
            pass(Duration.ofMinutes(2));
            assertThat(granted(limits, 5)).isEqualTo(2);
            pass(Duration.ofMinutes(2));
            assertThat(granted(limits, 5)).isEqualTo(1);
            pass(Duration.ofMinutes(2));

            Grant none = limiter.acquire(API, limits, 5, CALL);
            assertThat(none.calls()).isZero();
            assertThat(none.retryIn()).isBetween(Duration.ofMinutes(4).minus(MARGIN), Duration.ofMinutes(4));
        }
    }

    @Nested
    class CallsInFlight {

        private final Limits limits = Limits.none().inFlight(3);

        @Test
        void areLimited() throws Exception {
            assertThat(granted(limits, 2)).isEqualTo(2);
            assertThat(granted(limits, 2)).isEqualTo(1);
            assertThat(granted(limits, 1)).isZero();
            assertThat(anotherNode().acquire(API, limits, 1, CALL).calls()).isZero();
        }

        @Test
        void endWhenTheyAreGivenBack() {
            Grant grant = limiter.acquire(API, limits, 3, CALL);
            release(limits, grant, 1, true);
            assertThat(granted(limits, 3)).isEqualTo(1);
        }

        @Test
        void endWhenTheyCanLastNoLonger() throws Exception {
            granted(limits, 2);
            pass(CALL.minus(MARGIN));
            granted(limits, 1);
            assertThat(granted(limits, 1)).isZero();

            pass(MARGIN.plus(MARGIN));
            assertThat(granted(limits, 3)).isEqualTo(2);
        }

        @Test
        void areIgnoredWhenTheyAreGivenBackTooLate() throws Exception {
            Grant late = limiter.acquire(API, limits, 3, CALL);
            pass(CALL.plus(MARGIN));
            granted(limits, 3);
            release(limits, late, 3, true);
            assertThat(granted(limits, 3)).isZero();
        }
    }

    @Nested
    class APause {

        private final Limits limits = Limits.none().atMost(5, WINDOW, GUARD);

        @Test
        void holdsForAllNodes() throws Exception {
            limiter.pause(API, Duration.ofMinutes(3));

            Grant grant = anotherNode().acquire(API, limits, 1, CALL);
            assertThat(grant.calls()).isZero();
            assertThat(grant.retryIn()).isBetween(Duration.ofMinutes(3).minus(MARGIN), Duration.ofMinutes(3));
            assertThat(anotherNode().pauses()).containsOnlyKeys(API);
            assertThat(anotherNode().pauses().get(API))
                    .isBetween(Duration.ofMinutes(3).minus(MARGIN), Duration.ofMinutes(3));
        }

        @Test
        void ends() throws Exception {
            limiter.pause(API, Duration.ofMinutes(3));
            pass(Duration.ofMinutes(3).plus(MARGIN));

            assertThat(limiter.pauses()).isEmpty();
            assertThat(granted(limits, 1)).isEqualTo(1);
        }

        @Test
        void isNotShortenedByAnother() {
            limiter.pause(API, Duration.ofMinutes(3));
            limiter.pause(API, Duration.ofMinutes(1));

            assertThat(limiter.pauses().get(API)).isGreaterThan(Duration.ofMinutes(2));
        }

        @Test
        void isOfOneDestination() {
            limiter.pause("crm", Duration.ofMinutes(3));
            assertThat(granted(limits, 1)).isEqualTo(1);
        }
    }

    @Test
    void threadsThatAskAtOnceGetNoMoreThanThereIs() throws Exception {
        Limits limits = Limits.none().atMost(50, WINDOW).inFlight(40);
        List<Integer> granted = Together.run(
                8,
                () -> Stream.generate(() -> granted(limits, 3))
                        .limit(10)
                        .mapToInt(Integer::intValue)
                        .sum());

        assertThat(granted.stream().mapToInt(Integer::intValue).sum()).isEqualTo(40);
    }
}
