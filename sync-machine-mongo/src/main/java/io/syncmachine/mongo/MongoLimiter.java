package io.syncmachine.mongo;

import com.mongodb.MongoWriteException;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.UpdateOptions;
import com.mongodb.client.model.Updates;
import io.syncmachine.Limits;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.CallLog;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bson.Document;
import org.bson.types.ObjectId;
import org.jspecify.annotations.Nullable;

/** Limits in a collection, a document for each destination: its log is written where it is still the one that was read, else it is read again. */
final class MongoLimiter implements CallLimiter {

    private static final int TRIES = 1_000;

    private final Server server;
    private final MongoCollection<Document> destinations;

    /** What is to become of a log; called again if another was quicker. */
    private interface Change {
        Grant on(CallLog log, long nowMicros);
    }

    private interface IsWritten {
        boolean test(Grant grant);
    }

    MongoLimiter(Server server) {
        this.server = server;
        this.destinations = server.collection("destination");
    }

    @Override
    public Grant acquire(String destination, Limits limits, int calls, Duration longest) {
        return change(
                destination, true, (log, now) -> log.acquire(limits, calls, longest, now), grant -> grant.calls() > 0);
    }

    @Override
    public void release(String destination, Limits limits, Collection<Returned> returned) {
        change(
                destination,
                false,
                (log, now) -> {
                    returned.forEach(each -> log.release(limits, each));
                    return new Grant(0, now, Duration.ZERO);
                },
                done -> true);
    }

    private Grant change(String destination, boolean heedsPause, Change change, IsWritten isWritten) {
        return Server.call(() -> {
            for (int tries = 0; tries < TRIES; tries++) {
                if (tries > 0) {
                    MongoJobs.pause(tries);
                }
                Document stored = destinations.find(Filters.eq(destination)).first();
                long now = server.clock().now();
                Instant paused =
                        stored == null || !heedsPause ? null : ServerClock.instantOrNull(stored, "pausedUntil");
                long nowMicros = TimeUnit.MILLISECONDS.toMicros(now);
                if (paused != null && paused.toEpochMilli() > now) {
                    return new Grant(0, nowMicros, ServerClock.duration(paused.toEpochMilli() - now));
                }
                String text = stored == null ? null : stored.getString("log");
                CallLog log = text == null ? new CallLog() : CallLog.parse(text);
                Grant grant = change.on(log, nowMicros);
                if (!isWritten.test(grant) || isKept(destination, stored, log)) {
                    return grant;
                }
            }
            throw new IllegalStateException("the calls of '" + destination + "' are counted by others again and again");
        });
    }

    private boolean isKept(String destination, @Nullable Document stored, CallLog log) {
        ObjectId read = stored == null ? null : stored.getObjectId("v");
        try {
            destinations.updateOne(
                    Filters.and(Filters.eq(destination), Filters.eq("v", read)),
                    Updates.combine(Updates.set("log", log.toString()), Updates.set("v", new ObjectId())),
                    new UpdateOptions().upsert(true));
            return true;
        } catch (MongoWriteException e) {
            if (e.getError().getCode() == Server.DUPLICATE_KEY) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public void pause(String destination, Duration duration) {
        Server.call(() -> {
            for (int tries = 0; ; tries++) {
                try {
                    return destinations.updateOne(
                            Filters.eq(destination),
                            Updates.max(
                                    "pausedUntil",
                                    Instant.ofEpochMilli(server.clock().in(duration))),
                            new UpdateOptions().upsert(true));
                } catch (MongoWriteException e) {
                    if (e.getError().getCode() != Server.DUPLICATE_KEY || tries == TRIES) {
                        throw e; // another node made it just then
                    }
                }
            }
        });
    }

    @Override
    public Map<String, Duration> pauses() {
        return Server.call(() -> {
            Map<String, Duration> pauses = new HashMap<>();
            long now = server.clock().now();
            destinations
                    .find(Filters.gt("pausedUntil", Instant.ofEpochMilli(now)))
                    .forEach(stored -> pauses.put(
                            stored.getString("_id"),
                            ServerClock.duration(
                                    ServerClock.instant(stored, "pausedUntil").toEpochMilli() - now)));
            return pauses;
        });
    }
}
