package io.syncmachine.benchmarks;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the stub of an API knows of its calls and subjects. For one thread. */
final class StubLedger {

    private static final String VERSION = "\"version\":";

    private final Map<String, Subject> subjects = new HashMap<>();
    private long calls;
    private long redundant;
    private long overlapping;
    private long stale;
    private long lastChange;

    private static final class Subject {
        @Nullable
        String document;

        long version = -1;
        int inFlight;
    }

    /**
     * What was counted since the last {@link #reset}.
     *
     * @param calls all calls
     * @param redundant those with the document that the subject had already
     * @param overlapping those that came while another call for the subject was in flight
     * @param stale those with an older version than the subject had already; they are accepted all the same
     * @param lastChange when a document changed last, in microseconds since 1970; zero if none did
     */
    record Counts(long calls, long redundant, long overlapping, long stale, long lastChange) {}

    /** A call for a subject has come. */
    void begin(String subject) {
        calls++;
        Subject known = subjects.computeIfAbsent(subject, id -> new Subject());
        if (known.inFlight++ > 0) {
            overlapping++;
        }
    }

    /** A call that has come takes effect, and is answered. */
    void accept(String subject, @Nullable String document) {
        Subject known = subjects.computeIfAbsent(subject, id -> new Subject());
        known.inFlight--;
        if (Objects.equals(document, known.document)) {
            redundant++;
            return;
        }
        long version = document == null ? known.version : versionOf(document);
        if (version < known.version) {
            stale++;
        }
        known.version = version;
        known.document = document;
        lastChange = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    private static long versionOf(String document) {
        int at = document.indexOf(VERSION);
        if (at < 0) {
            return -1;
        }
        long version = 0;
        for (int i = at + VERSION.length(); Character.isDigit(document.charAt(i)); i++) {
            version = version * 10 + document.charAt(i) - '0';
        }
        return version;
    }

    Counts counts() {
        return new Counts(calls, redundant, overlapping, stale, lastChange);
    }

    /** Begins to count anew; documents stay. */
    void reset() {
        calls = 0;
        redundant = 0;
        overlapping = 0;
        stale = 0;
        lastChange = 0;
    }

    /** Forgets documents as well. */
    void clear() {
        subjects.clear();
        reset();
    }

    /** All documents, one a line, as they came. */
    String documents() {
        StringBuilder lines = new StringBuilder();
        for (Subject subject : subjects.values()) {
            if (subject.document != null) {
                lines.append(subject.document).append('\n');
            }
        }
        return lines.toString();
    }
}
