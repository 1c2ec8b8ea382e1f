package io.syncmachine.mongo;

import com.mongodb.client.ClientSession;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.Updates;
import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.Wakeups;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import org.bson.Document;
import org.bson.types.ObjectId;
import org.jspecify.annotations.Nullable;

/**
 * Changes in a collection. A relay holds some, enqueues their jobs, and only then deletes them: one that dies in between repeats jobs and loses
 * nothing, and another takes what it held after a minute.
 */
final class MongoOutbox implements Outbox {

    private static final Duration HOLD = Duration.ofMinutes(1);
    private static final Instant NEVER = Instant.ofEpochMilli(0);

    private final Server server;
    private final MongoCollection<Document> changes;
    private final Wakeups wakeups;

    MongoOutbox(Server server, Wakeups wakeups) {
        this.server = server;
        this.changes = server.collection("outbox");
        this.wakeups = wakeups;
    }

    @Override
    public void append(Collection<Change> changes) {
        append(null, changes);
        wakeups.committed();
    }

    /** Keeps changes in a session's transaction, if there is one. */
    void append(@Nullable ClientSession session, Collection<Change> some) {
        if (some.isEmpty()) {
            return;
        }
        Instant now = Server.call(() -> Instant.ofEpochMilli(server.clock().now()));
        List<Document> documents =
                some.stream().map(change -> stored(change, now)).toList();
        Server.call(() -> session == null ? changes.insertMany(documents) : changes.insertMany(session, documents));
    }

    /** Says that changes were committed that were told in a transaction. */
    void committed() {
        wakeups.committed();
    }

    private static Document stored(Change change, Instant now) {
        Document stored = new Document("_id", new ObjectId())
                .append("tenant", change.tenant())
                .append("type", change.type())
                .append("id", change.id())
                .append("kind", change.kind().name())
                .append("changed", change.changed().encoded())
                .append("machines", List.copyOf(change.machines()))
                .append("at", now)
                .append("heldUntil", NEVER);
        if (change.trace() != null) {
            stored.append("trace", change.trace());
        }
        return stored;
    }

    private static Change change(Document stored) {
        return new Change(
                stored.getString("tenant"),
                stored.getString("type"),
                stored.getString("id"),
                ChangeKind.valueOf(stored.getString("kind")),
                ChangedProperties.decoded(stored.getList("changed", String.class)),
                new LinkedHashSet<>(stored.getList("machines", String.class)),
                stored.getString("trace"));
    }

    @Override
    public int relay(int limit, Router router, JobExecutor jobs) {
        ObjectId holder = new ObjectId();
        List<Change> held = Server.call(() -> hold(limit, holder));
        if (held.isEmpty()) {
            return 0;
        }
        try {
            List<JobRequest> requests = router.route(held);
            if (!requests.isEmpty()) {
                jobs.enqueue(requests);
            }
        } catch (RuntimeException e) {
            letGo(holder, e);
            throw e;
        }
        Server.call(() -> changes.deleteMany(Filters.eq("holder", holder)));
        if (held.size() == limit) {
            wakeups.plenty();
        }
        return held.size();
    }

    /** Takes up to so many that nobody holds. */
    private List<Change> hold(int limit, ObjectId holder) {
        Instant now = Instant.ofEpochMilli(server.clock().now());
        List<Document> free = changes.find(Filters.lte("heldUntil", now))
                .sort(Sorts.ascending("heldUntil", "_id"))
                .limit(limit)
                .into(new ArrayList<>());
        if (free.isEmpty()) {
            return List.of();
        }
        long taken = changes.updateMany(
                        Filters.and(
                                Filters.in(
                                        "_id",
                                        free.stream()
                                                .map(one -> one.getObjectId("_id"))
                                                .toList()),
                                Filters.lte("heldUntil", now)),
                        Updates.combine(
                                Updates.set("holder", holder),
                                Updates.set("heldUntil", Instant.ofEpochMilli(now.toEpochMilli() + HOLD.toMillis()))))
                .getMatchedCount();
        List<Document> held = taken == free.size()
                ? free
                : changes.find(Filters.eq("holder", holder)).into(new ArrayList<>());
        return held.stream().map(MongoOutbox::change).toList();
    }

    private void letGo(ObjectId holder, RuntimeException why) {
        try {
            Server.call(() -> changes.updateMany(Filters.eq("holder", holder), Updates.set("heldUntil", NEVER)));
        } catch (RuntimeException e) {
            why.addSuppressed(e); // they are held until the hold ends by itself
        }
    }

    @Override
    public long depth() {
        return Server.call(() -> changes.countDocuments());
    }

    @Override
    public Duration lag() {
        return Server.call(() -> {
            Document first = changes.find().sort(Sorts.ascending("_id")).first();
            return first == null
                    ? Duration.ZERO
                    : ServerClock.duration(server.clock().now()
                            - ServerClock.instant(first, "at").toEpochMilli());
        });
    }
}
