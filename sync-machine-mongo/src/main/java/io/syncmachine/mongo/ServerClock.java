package io.syncmachine.mongo;

import com.mongodb.MongoCommandException;
import com.mongodb.client.MongoDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.concurrent.TimeUnit;
import org.bson.Document;
import org.jspecify.annotations.Nullable;

/**
 * The primary's clock, in milliseconds: read now and then, and carried on by this machine's monotonic one in between. All nodes go by it, within half of a
 * round trip, whatever their own clocks say. Safe for use by several threads.
 */
class ServerClock {

    /** How long it is carried on: machines' clocks do not drift apart by a millisecond in that time. */
    private static final long CARRIED_NANOS = Duration.ofSeconds(5).toNanos();

    /** Said of a server that is no MongoDB 6.0 or newer. */
    static final String STAND_IN = "standIn";

    private static final int COMMAND_NOT_FOUND = 59;
    private static final long LONGEST_MILLIS = Duration.ofDays(365_000).toMillis();

    private final MongoDatabase database;
    private volatile boolean isStandIn;
    private volatile Reading reading = new Reading(0, System.nanoTime() - CARRIED_NANOS);

    /** What the clock said, and when that was. */
    private record Reading(long millis, long atNanos) {}

    ServerClock(MongoDatabase database) {
        this.database = database;
    }

    long now() {
        Reading latest = reading;
        if (System.nanoTime() - latest.atNanos() >= CARRIED_NANOS) {
            latest = read();
            reading = latest;
        }
        return latest.millis() + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - latest.atNanos());
    }

    private Reading read() {
        long before = System.nanoTime();
        Document hello = isStandIn ? database.runCommand(new Document("isMaster", 1)) : hello(database);
        isStandIn |= hello.containsKey(STAND_IN);
        Instant time = instantOrNull(hello, "localTime");
        if (time == null) {
            throw new IllegalStateException("the server does not tell its time when it is told hello");
        }
        return new Reading(time.toEpochMilli(), before + (System.nanoTime() - before) / 2);
    }

    /** What the primary tells of itself; nothing of its kind, if it is a stand-in that does not know the question. */
    static Document hello(MongoDatabase database) {
        try {
            return database.runCommand(new Document("hello", 1));
        } catch (MongoCommandException e) {
            if (e.getErrorCode() == COMMAND_NOT_FOUND) {
                return database.runCommand(new Document("isMaster", 1)).append(STAND_IN, true);
            }
            throw e;
        }
    }

    /** The moment that comes after this long. */
    final long in(Duration duration) {
        return now() + millis(duration);
    }

    /** At most a thousand years, rounded up. */
    static long millis(Duration duration) {
        if (duration.compareTo(Duration.ofMillis(LONGEST_MILLIS)) > 0) {
            return LONGEST_MILLIS;
        }
        return TimeUnit.NANOSECONDS.toMillis(duration.plusNanos(999_999).toNanosPart())
                + TimeUnit.SECONDS.toMillis(duration.plusNanos(999_999).toSeconds());
    }

    /** A time that has passed, or will; none if it is negative. */
    static Duration duration(long millis) {
        return Duration.ofMillis(Math.max(millis, 0));
    }

    /** A stored time; the beginning of time if there is none. */
    static Instant instant(Document stored, String field) {
        Instant time = instantOrNull(stored, field);
        return time == null ? Instant.EPOCH : time;
    }

    static @Nullable Instant instantOrNull(Document stored, String field) {
        Date time = stored.getDate(field);
        return time == null ? null : time.toInstant();
    }
}
