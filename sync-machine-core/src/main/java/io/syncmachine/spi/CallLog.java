package io.syncmachine.spi;

import io.syncmachine.Limits;
import io.syncmachine.Limits.Window;
import io.syncmachine.spi.CallLimiter.Grant;
import io.syncmachine.spi.CallLimiter.Returned;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * The calls that were granted to one destination lately: a sliding log, kept short. Calls granted within a 128th of a window become one
 * entry, which counts until the <em>last</em> of them is older than the window, so that there are never more in any window than
 * allowed, and up to a 128th of it later than they could be. For authors of limiters; where it is kept, and that one acquires at a
 * time, is theirs. Times are microseconds of one clock; should that go back, the latest time seen is taken for now. Not safe for use by
 * several threads.
 */
public final class CallLog {

    private static final int ENTRIES = 128;

    private final Map<Long, Deque<Entry>> windows = new TreeMap<>();
    private final Deque<Entry> inFlight = new ArrayDeque<>();
    private long latest = Long.MIN_VALUE;

    /** Calls that were granted from one time to another; or at one time, and in flight until the other. */
    private static final class Entry {
        final long from;
        long until;
        int calls;

        Entry(long from, long until, int calls) {
            this.from = from;
            this.until = until;
            this.calls = calls;
        }
    }

    /** Without any calls. */
    public CallLog() {}

    /**
     * What {@link #toString()} has written.
     *
     * @throws IllegalArgumentException if it is nothing of the kind
     */
    public static CallLog parse(String text) {
        CallLog log = new CallLog();
        String[] parts = text.split(";", -1);
        try {
            log.latest = Long.parseLong(parts[0]);
            read(parts[1], log.inFlight);
            for (int i = 2; i < parts.length; i++) {
                String[] window = parts[i].split(":", 2);
                read(window[1], log.windows.computeIfAbsent(Long.parseLong(window[0]), length -> new ArrayDeque<>()));
            }
            return log;
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            throw new IllegalArgumentException("not a log of calls: '" + text + "'", e);
        }
    }

    private static void read(String text, Deque<Entry> entries) {
        for (String each : text.isEmpty() ? new String[0] : text.split(" ", -1)) {
            String[] numbers = each.split(",", 3);
            long from = Long.parseLong(numbers[0]);
            entries.add(new Entry(from, from + Long.parseLong(numbers[1]), Integer.parseInt(numbers[2])));
        }
    }

    /** Grants what is free, see {@link CallLimiter#acquire}. */
    public Grant acquire(Limits limits, int calls, Duration longest, long nowMicros) {
        long now = Math.max(nowMicros, latest);
        latest = now;
        forget(limits, now);
        long free = calls;
        for (Window window : limits.windows()) {
            free = Math.min(free, window.calls() - count(entries(window)));
        }
        if (limits.inFlight() > 0) {
            free = Math.min(free, limits.inFlight() - count(inFlight));
        }
        int granted = (int) Math.max(free, 0);
        if (granted > 0) {
            note(limits, granted, longest, now);
        }
        return new Grant(
                granted, now, granted == calls ? Duration.ZERO : micros(Math.max(freeAt(limits, now) - now, 1)));
    }

    /** When there will be room for one more call in all that has none now. */
    private long freeAt(Limits limits, long now) {
        long freeAt = now;
        for (Window window : limits.windows()) {
            Deque<Entry> entries = entries(window);
            if (!entries.isEmpty() && count(entries) >= window.calls()) {
                freeAt = Math.max(freeAt, entries.element().until + length(window));
            }
        }
        if (!inFlight.isEmpty() && limits.inFlight() > 0 && count(inFlight) >= limits.inFlight()) {
            freeAt = Math.max(
                    freeAt,
                    inFlight.stream().mapToLong(entry -> entry.until).min().orElseThrow());
        }
        return freeAt;
    }

    private void note(Limits limits, int calls, Duration longest, long now) {
        for (Window window : limits.windows()) {
            Deque<Entry> entries = entries(window);
            Entry last = entries.peekLast();
            if (last != null && now - last.from < micros(window.length()) / ENTRIES) {
                last.until = now;
                last.calls += calls;
            } else {
                entries.add(new Entry(now, now, calls));
            }
        }
        if (limits.inFlight() > 0) {
            inFlight.add(new Entry(now, now + micros(longest), calls));
        }
    }

    /** Takes calls back, see {@link CallLimiter#release}. */
    public void release(Limits limits, Returned returned) {
        remove(inFlight.iterator(), returned, false);
        if (!returned.made()) {
            limits.windows().forEach(window -> remove(entries(window).iterator(), returned, true));
        }
    }

    private static void remove(Iterator<Entry> entries, Returned returned, boolean anywhere) {
        int left = returned.calls();
        while (entries.hasNext() && left > 0) {
            Entry entry = entries.next();
            boolean holds = anywhere
                    ? entry.from <= returned.at() && returned.at() <= entry.until
                    : entry.from == returned.at();
            if (holds) {
                int taken = Math.min(left, entry.calls);
                entry.calls -= taken;
                left -= taken;
                if (entry.calls == 0) {
                    entries.remove();
                }
            }
        }
    }

    /** What counts no more; windows that another release of the application declares are left until then. */
    private void forget(Limits limits, long now) {
        inFlight.removeIf(entry -> entry.until <= now);
        limits.windows().forEach(window -> {
            Deque<Entry> entries = entries(window);
            while (!entries.isEmpty() && entries.element().until + length(window) <= now) {
                entries.remove();
            }
        });
        windows.forEach((length, entries) -> {
            while (!entries.isEmpty() && entries.element().until + 2 * length <= now) {
                entries.remove();
            }
        });
        windows.values().removeIf(Deque::isEmpty);
    }

    private Deque<Entry> entries(Window window) {
        return windows.computeIfAbsent(micros(window.length()), length -> new ArrayDeque<>());
    }

    private static long count(Deque<Entry> entries) {
        return entries.stream().mapToLong(entry -> entry.calls).sum();
    }

    /** How long a call counts in a window. */
    private static long length(Window window) {
        return micros(window.length().plus(window.guard()));
    }

    private static long micros(Duration duration) {
        return Math.addExact(Math.multiplyExact(duration.getSeconds(), 1_000_000), (duration.getNano() + 999) / 1_000);
    }

    private static Duration micros(long micros) {
        return Duration.ofSeconds(micros / 1_000_000, micros % 1_000_000 * 1_000);
    }

    /** As text, to be {@linkplain #parse read} again. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder().append(latest).append(';');
        write(inFlight, text);
        windows.forEach((length, entries) -> {
            text.append(';').append(length).append(':');
            write(entries, text);
        });
        return text.toString();
    }

    private static void write(Deque<Entry> entries, StringBuilder text) {
        String between = "";
        for (Entry entry : entries) {
            text.append(between)
                    .append(entry.from)
                    .append(',')
                    .append(entry.until - entry.from)
                    .append(',')
                    .append(entry.calls);
            between = " ";
        }
    }
}
