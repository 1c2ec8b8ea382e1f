package io.syncmachine.http;

import io.syncmachine.FailureKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How to learn what became of a write that an API answers by 202: by asking where its answer says, until that tells the end. Immutable;
 * each method answers a copy with one thing changed.
 *
 * <pre>{@code
 * HttpPolling.location()
 *         .every(Duration.ofMillis(500))
 *         .doneWhen("/status", "succeeded")
 *         .failedWhen("/status", "failed")
 * }</pre>
 *
 * <p>The place must be of the API's scheme, host and port, or the publication is in doubt. So it is where the end is not known in time: by
 * the publication's deadline ({@link io.syncmachine.Policy#deadline}), by {@link #longest}, or because the API wants to be asked later
 * than that. What fails on the way (no connection, 408, 425, 429, 5xx) is asked again; any other status leaves doubt at once.
 */
public final class HttpPolling {

    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final Duration SHORTEST = Duration.ofMillis(10);

    private final String place;
    private final Function<HttpAnswer, Optional<String>> url;
    private final Duration interval;
    private final @Nullable Duration longest;
    private final List<End> ends;
    private final @Nullable Function<HttpAnswer, Optional<String>> remoteId;

    /**
     * An end that is told by the content.
     *
     * @param failure what it means; null for a success
     */
    private record End(
            String pointer, String value, @Nullable FailureKind failure) {}

    /**
     * What an answer with 2xx tells.
     *
     * @param ended whether it is over
     * @param failure what it means then; null for a success
     */
    record State(boolean ended, @Nullable FailureKind failure) {}

    private HttpPolling(
            String place,
            Function<HttpAnswer, Optional<String>> url,
            Duration interval,
            @Nullable Duration longest,
            List<End> ends,
            @Nullable Function<HttpAnswer, Optional<String>> remoteId) {
        this.place = place;
        this.url = url;
        this.interval = interval;
        this.longest = longest;
        this.ends = ends;
        this.remoteId = remoteId;
    }

    /** The header {@code Location} of the answer with 202 says where to ask. */
    public static HttpPolling location() {
        return header("Location");
    }

    /**
     * The same in another header.
     *
     * @throws IllegalArgumentException if this is no name of a header
     */
    public static HttpPolling header(String name) {
        String header = Syntax.header("the header of the place to ask", name);
        return new HttpPolling(
                "header " + header,
                answer -> answer.header(header).map(String::strip),
                INTERVAL,
                null,
                List.of(),
                null);
    }

    /**
     * The same at a JSON pointer into the answer with 202, such as {@code /links/status}.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static HttpPolling at(String pointer) {
        Syntax.pointer("the place to ask", pointer);
        return new HttpPolling("'" + pointer + "'", answer -> answer.at(pointer), INTERVAL, null, List.of(), null);
    }

    /**
     * How long to wait before each time it is asked; default 1 second. {@code Retry-After}, in the answer with 202 as in those that
     * follow, comes first.
     *
     * @throws IllegalArgumentException if below 10 ms or above a day
     */
    public HttpPolling every(Duration interval) {
        return new HttpPolling(place, url, inRange("every", interval), longest, ends, remoteId);
    }

    /**
     * How long to ask at most; default and at most until the publication's deadline.
     *
     * @throws IllegalArgumentException if below 10 ms or above a day
     */
    public HttpPolling longest(Duration longest) {
        return new HttpPolling(place, url, interval, inRange("longest", longest), ends, remoteId);
    }

    private static Duration inRange(String what, Duration duration) {
        if (duration.compareTo(SHORTEST) < 0 || duration.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException(what + " must be from 10 ms to a day, but is " + duration);
        }
        return duration;
    }

    /**
     * It was applied if an answer with 2xx has this value at this JSON pointer; may be said for several. Default: any status of 2xx but 202
     * says so, where {@link HttpDestination.Builder#successWhen} agrees.
     */
    public HttpPolling doneWhen(String pointer, String value) {
        return with("doneWhen", pointer, value, null);
    }

    /** It was refused for good if an answer with 2xx has this value at this JSON pointer; may be said for several. */
    public HttpPolling failedWhen(String pointer, String value) {
        return failedWhen(pointer, value, FailureKind.rejected());
    }

    /** The same, and what it means. */
    public HttpPolling failedWhen(String pointer, String value, FailureKind meaning) {
        return with("failedWhen", pointer, value, meaning);
    }

    private HttpPolling with(String what, String pointer, String value, @Nullable FailureKind failure) {
        Syntax.pointer(what, pointer);
        List<End> all = new ArrayList<>(ends);
        if (all.stream()
                .anyMatch(end -> end.pointer().equals(pointer) && end.value().equals(value))) {
            throw new IllegalArgumentException("what '" + value + "' at '" + pointer + "' means is said twice");
        }
        all.add(new End(pointer, value, failure));
        return new HttpPolling(place, url, interval, longest, List.copyOf(all), remoteId);
    }

    /** Where in the last answer the API's id of a created subject stands. Default: as in the answer to a create that is not 202. */
    public HttpPolling remoteIdAt(String pointer) {
        Syntax.pointer("remoteIdAt", pointer);
        return new HttpPolling(place, url, interval, longest, ends, answer -> answer.at(pointer));
    }

    String place() {
        return place;
    }

    Optional<String> url(HttpAnswer accepted) {
        return url.apply(accepted);
    }

    Duration interval() {
        return interval;
    }

    @Nullable
    Duration longest() {
        return longest;
    }

    @Nullable
    Function<HttpAnswer, Optional<String>> remoteId() {
        return remoteId;
    }

    /** Whether the content says when it is done, and not the status alone. */
    boolean isDoneByContent() {
        return ends.stream().anyMatch(end -> end.failure() == null);
    }

    boolean needsContent() {
        return !ends.isEmpty();
    }

    /** Of an answer with 2xx. */
    State state(HttpAnswer answer) {
        for (End end : ends) {
            if (answer.at(end.pointer()).filter(end.value()::equals).isPresent()) {
                return new State(true, end.failure());
            }
        }
        return new State(!isDoneByContent() && answer.status() != 202, null);
    }

    @Override
    public String toString() {
        return "HttpPolling[" + place + ", every " + interval + "]";
    }
}
