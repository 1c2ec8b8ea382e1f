package io.syncmachine.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RateHeadersTest {

    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

    private static RateHeaders of(String... namesAndValues) {
        Map<String, List<String>> headers = new HashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.computeIfAbsent(namesAndValues[i], name -> new ArrayList<>())
                    .add(namesAndValues[i + 1]);
        }
        return new RateHeaders(HttpAnswer.of(429, headers, new byte[0], false), () -> NOW);
    }

    private static Optional<Duration> seconds(long seconds) {
        return Optional.of(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0 | 0",
                "120 | 120",
                " 120  | 120",
                "1.5 | 2",
                "Sat, 21 Nov 2026 12:00:30 GMT | 30",
                "Saturday, 21-Nov-26 12:00:30 GMT | 30",
                "Sat Nov 21 12:00:30 2026 | 30",
                "2026-11-21T12:00:30Z | 30",
                "Sat, 21 Nov 2026 11:59:30 GMT | 0",
                "Thu, 01 Jan 1970 00:00:00 GMT | 0",
                "1795262430 | 30",
                "1795262430000 | 30"
            })
    void retryAfterIsRead(String text, long seconds) {
        assertThat(of("Retry-After", text).retryAfter()).isEqualTo(seconds(seconds));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "soon",
                "-5",
                "+5",
                "1e3",
                "99999999999999999999",
                "Sat, 99 Nov 2026 12:00:30 GMT",
                "12:00",
                "٣",
                "NaN",
                "."
            })
    void retryAfterThatCannotBeReadIsPassedOver(String text) {
        assertThat(of("Retry-After", text).retryAfter()).isEmpty();
    }

    @Test
    void aDateIsByTheClockOfTheServerThatMadeIt() {
        assertThat(of("Retry-After", "Sat, 21 Nov 2026 10:00:30 GMT", "Date", "Sat, 21 Nov 2026 10:00:00 GMT")
                        .retryAfter())
                .isEqualTo(seconds(30));
    }

    @Test
    void aDateOfTheFirstDayOfAMonthInTheOldestFormIsRead() {
        assertThat(of("Retry-After", "Tue Dec  1 00:00:00 2026").retryAfter()).isEqualTo(seconds(9 * 86_400 + 43_200));
    }

    @Test
    void limitsThatAreUsedUpAreRead() {
        assertThat(of("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "60").usedUp())
                .isEqualTo(seconds(60));
        assertThat(of("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1795262430")
                        .usedUp())
                .isEqualTo(seconds(30));
        assertThat(of("X-Rate-Limit-Remaining", "0", "X-Rate-Limit-Reset", "5").usedUp())
                .isEqualTo(seconds(5));
        assertThat(of("RateLimit-Remaining", "0", "RateLimit-Reset", "7").usedUp())
                .isEqualTo(seconds(7));
        assertThat(of("RateLimit", "limit=100, remaining=0, reset=9").usedUp()).isEqualTo(seconds(9));
        assertThat(of("RateLimit", "\"day\";r=0;t=11").usedUp()).isEqualTo(seconds(11));
    }

    @Test
    void theLongestOfSeveralLimitsCounts() {
        assertThat(of("RateLimit", "\"a\";r=0;t=5, \"b\";r=0;t=50, \"c\";r=3;t=500")
                        .usedUp())
                .isEqualTo(seconds(50));
        assertThat(of("RateLimit", "\"a\";r=0;t=5", "RateLimit", "\"b\";r=0;t=50")
                        .usedUp())
                .isEqualTo(seconds(50));
    }

    @Test
    void aLimitThatDoesNotSayForHowLongLastsItsWindow() {
        assertThat(of("RateLimit-Policy", "\"a\";q=10;w=60, \"b\";q=10;w=5", "RateLimit", "\"b\";r=0")
                        .usedUp())
                .isEqualTo(seconds(5));
    }

    @Test
    void limitsThatAreNotUsedUpAreNone() {
        assertThat(of("X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "60").usedUp())
                .isEmpty();
        assertThat(of("RateLimit", "\"day\";r=1;t=11").usedUp()).isEmpty();
        assertThat(of("X-RateLimit-Reset", "60").usedUp()).isEmpty();
        assertThat(of().usedUp()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ",",
                ";;;",
                "=",
                "\"",
                "\"a",
                "r=0",
                "\"a\";r",
                "\"a\";r=;t=",
                "\"a\";r=0;t=-1",
                "\"a\\",
                "\"x;r=0;t=5\"",
                "remaining=0",
                "remaining=zero, reset=5",
                "\"a,b;r=0\";r=1;t=9"
            })
    void limitsThatCannotBeReadAreNone(String text) {
        assertThat(of("RateLimit", text).usedUp()).isEmpty();
        assertThat(of("RateLimit-Policy", text).usedUp()).isEmpty();
        assertThat(of("X-RateLimit-Remaining", text, "X-RateLimit-Reset", text).usedUp())
                .isEmpty();
        assertThat(of("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", text).usedUp())
                .isEmpty();
    }

    @Test
    void aNameInQuotesMayHaveSeparators() {
        assertThat(of("RateLimit", "\"a,b;r=9\\\"\";r=0;t=4").usedUp()).isEqualTo(seconds(4));
    }
}
