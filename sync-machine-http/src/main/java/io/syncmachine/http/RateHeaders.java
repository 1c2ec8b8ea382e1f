package io.syncmachine.http;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What an answer tells of limits: <code>Retry-After</code>, the drafts of <code>RateLimit</code> and <code>RateLimit-Policy</code>, and
 * <code>X-RateLimit-…</code>. What cannot be read is passed over.
 */
final class RateHeaders {

    /** From here on, a number is no duration in seconds but a time: seconds since 1970, and from the second on milliseconds. */
    private static final long EPOCH_SECONDS = 1_000_000_000L;

    private static final long EPOCH_MILLIS = 1_000_000_000_000L;
    private static final int MOST_DIGITS = 15;

    /** The obsolete forms of a date, which are to be understood still. */
    private static final List<DateTimeFormatter> DATES = List.of(
            DateTimeFormatter.RFC_1123_DATE_TIME,
            new DateTimeFormatterBuilder()
                    .parseCaseInsensitive()
                    .appendPattern("EEEE, dd-MMM-")
                    .appendValueReduced(ChronoField.YEAR, 2, 2, 2000)
                    .appendPattern(" HH:mm:ss zzz")
                    .toFormatter(Locale.ENGLISH),
            new DateTimeFormatterBuilder()
                    .appendPattern("EEE MMM ppd HH:mm:ss yyyy")
                    .toFormatter(Locale.ENGLISH)
                    .withZone(ZoneOffset.UTC));

    private final HttpAnswer answer;
    private final Supplier<Instant> clock;

    RateHeaders(HttpAnswer answer, Supplier<Instant> clock) {
        this.answer = answer;
        this.clock = clock;
    }

    /** How long to wait by <code>Retry-After</code>; zero for a date that has passed. */
    Optional<Duration> retryAfter() {
        return answer.header("retry-after")
                .flatMap(text -> seconds(text).or(() -> date(text).map(this::fromNow)));
    }

    /** How long nothing more may be sent, where the answer tells that a limit is used up; the longest of all that are. */
    Optional<Duration> usedUp() {
        List<Duration> waits = new ArrayList<>();
        structured(waits);
        counters("ratelimit-", waits);
        counters("x-ratelimit-", waits);
        counters("x-rate-limit-", waits);
        return waits.stream().max(Duration::compareTo);
    }

    /** <code>RateLimit: "day";r=0;t=50</code> (and an older <code>limit=10, remaining=0, reset=50</code>). */
    private void structured(List<Duration> waits) {
        Map<String, Long> windows = new HashMap<>();
        for (Map<String, String> item : items("ratelimit-policy")) {
            number(item.get("w")).ifPresent(window -> windows.put(item.getOrDefault("", ""), window));
        }
        for (Map<String, String> item : items("ratelimit")) {
            Optional<Long> left = number(item.get("r"));
            if (left.isPresent() && left.get() == 0) {
                number(item.get("t"))
                        .or(() -> Optional.ofNullable(windows.get(item.getOrDefault("", ""))))
                        .ifPresent(seconds -> waits.add(Duration.ofSeconds(seconds)));
            }
        }
        Map<String, String> old = new HashMap<>();
        items("ratelimit").forEach(old::putAll);
        if (number(old.get("remaining")).filter(left -> left == 0).isPresent()) {
            number(old.get("reset")).ifPresent(seconds -> waits.add(Duration.ofSeconds(seconds)));
        }
    }

    /** <code>X-RateLimit-Remaining: 0</code> with <code>X-RateLimit-Reset</code> in seconds, or as a time. */
    private void counters(String prefix, List<Duration> waits) {
        boolean usedUp = answer.header(prefix + "remaining")
                .flatMap(text -> number(text.split("[,;]", 2)[0].strip()))
                .filter(left -> left == 0)
                .isPresent();
        if (usedUp) {
            answer.header(prefix + "reset").flatMap(this::reset).ifPresent(waits::add);
        }
    }

    private Optional<Duration> reset(String text) {
        String first = text.split("[,;]", 2)[0].strip();
        return seconds(first).or(() -> date(text.strip()).map(this::fromNow));
    }

    /** Of a number of seconds, with a fraction perhaps, or of a time in seconds or milliseconds since 1970. */
    private Optional<Duration> seconds(String text) {
        String whole = text.strip();
        int dot = whole.indexOf('.');
        if (dot > 0 && number(whole.substring(0, dot)).isPresent()) {
            return number(whole.substring(0, dot)).flatMap(number -> seconds(Long.toString(number + 1)));
        }
        return number(whole).map(number -> {
            if (number >= EPOCH_MILLIS) {
                return fromNow(Instant.ofEpochMilli(number));
            }
            return number >= EPOCH_SECONDS ? fromNow(Instant.ofEpochSecond(number)) : Duration.ofSeconds(number);
        });
    }

    private static Optional<Long> number(@Nullable String text) {
        if (text == null || text.isEmpty() || text.length() > MOST_DIGITS) {
            return Optional.empty();
        }
        return text.chars().allMatch(c -> c >= '0' && c <= '9') ? Optional.of(Long.parseLong(text)) : Optional.empty();
    }

    private static Optional<Instant> date(String text) {
        for (DateTimeFormatter format : DATES) {
            try {
                return Optional.of(ZonedDateTime.parse(text.strip(), format).toInstant());
            } catch (DateTimeException e) {
                // perhaps another one
            }
        }
        try {
            return Optional.of(Instant.parse(text.strip()));
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /** By the clock of the API, if it tells the time, as that one made the date. */
    private Duration fromNow(Instant time) {
        Instant now = answer.header("date").flatMap(RateHeaders::date).orElseGet(clock);
        Duration left = Duration.between(now, time);
        return left.isNegative() ? Duration.ZERO : left;
    }

    /** The members of a list of structured fields: the bare item under "", the parameters under their names. */
    private List<Map<String, String>> items(String header) {
        List<Map<String, String>> items = new ArrayList<>();
        for (String line : answer.headers(header)) {
            for (String member : split(line, ',')) {
                Map<String, String> item = new HashMap<>();
                for (String parameter : split(member, ';')) {
                    int equals = parameter.indexOf('=');
                    boolean quoted = parameter.strip().startsWith("\"");
                    if (equals < 0 || quoted) {
                        item.put("", parameter.strip());
                    } else {
                        item.put(
                                parameter.substring(0, equals).strip().toLowerCase(Locale.ROOT),
                                parameter.substring(equals + 1).strip());
                    }
                }
                items.add(item);
            }
        }
        return items;
    }

    /** At the separators that are not in quotes. */
    private static List<String> split(String text, char separator) {
        List<String> parts = new ArrayList<>();
        boolean quoted = false;
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && quoted) {
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == separator && !quoted) {
                parts.add(text.substring(start, i));
                start = i + 1;
            }
        }
        parts.add(text.substring(start));
        return parts;
    }
}
