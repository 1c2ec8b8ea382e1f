package io.syncmachine.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.Sorts;
import io.syncmachine.PublicationKind;
import io.syncmachine.event.Cause;
import io.syncmachine.event.JournalEntry;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.bson.types.ObjectId;
import org.jspecify.annotations.Nullable;

/** A journal in a collection. Entries of one millisecond are in the order of their ids, which each node counts up. */
final class MongoJournal implements Journal {

    private static final int MOST_CHARACTERS = 10_000;

    private final Server server;
    private final MongoCollection<Document> entries;

    MongoJournal(Server server) {
        this.server = server;
        this.entries = server.collection("journal");
    }

    @Override
    public void append(String node, Collection<Outcome> outcomes) {
        if (!outcomes.isEmpty()) {
            Instant now = Server.call(() -> Instant.ofEpochMilli(server.clock().now()));
            List<Document> documents =
                    outcomes.stream().map(outcome -> stored(node, outcome, now)).toList();
            Server.call(() -> entries.insertMany(documents));
        }
    }

    private static Document stored(String node, Outcome outcome, Instant now) {
        Document stored = new Document("_id", new ObjectId())
                .append("at", now)
                .append("node", node)
                .append("tenant", outcome.tenant())
                .append("machine", outcome.machine())
                .append("subject", outcome.subjectId())
                .append("result", outcome.result().name())
                .append("attempt", outcome.attempt());
        PublicationKind kind = outcome.kind();
        appendIfThere(stored, "kind", kind == null ? null : kind.name());
        appendIfThere(stored, "reason", shortened(outcome.reason()));
        appendIfThere(stored, "fingerprint", outcome.fingerprint());
        Duration took = outcome.took();
        appendIfThere(stored, "tookMicros", took == null ? null : TimeUnit.NANOSECONDS.toMicros(took.toNanos()));
        if (!outcome.causes().isEmpty()) {
            stored.append(
                    "causes",
                    outcome.causes().stream()
                            .map(Cause::encoded)
                            .map(Server::storable)
                            .toList());
        }
        return stored;
    }

    private static @Nullable String shortened(@Nullable String reason) {
        return reason == null ? null : Server.storable(reason.substring(0, Math.min(reason.length(), MOST_CHARACTERS)));
    }

    private static void appendIfThere(Document document, String field, @Nullable Object value) {
        if (value != null) {
            document.append(field, value);
        }
    }

    private static Bson of(SubjectKey subject) {
        return Filters.and(
                Filters.eq("machine", subject.machine()),
                Filters.eq("subject", subject.id()),
                Filters.eq("tenant", subject.tenant()));
    }

    @Override
    public List<JournalEntry> read(SubjectKey subject, int limit) {
        return Server.call(() -> entries.find(of(subject))
                .sort(Sorts.descending("at", "_id"))
                .limit(limit)
                .map(MongoJournal::entry)
                .into(new ArrayList<>()));
    }

    private static JournalEntry entry(Document stored) {
        String kind = stored.getString("kind");
        Long took = stored.getLong("tookMicros");
        return new JournalEntry(
                ServerClock.instant(stored, "at"),
                stored.getString("node"),
                new Outcome(
                        stored.getString("tenant"),
                        stored.getString("machine"),
                        stored.getString("subject"),
                        Result.valueOf(stored.getString("result")),
                        kind == null ? null : PublicationKind.valueOf(kind),
                        stored.getInteger("attempt"),
                        stored.getString("reason"),
                        stored.getString("fingerprint"),
                        took == null ? null : Duration.ofNanos(TimeUnit.MICROSECONDS.toNanos(took)),
                        Job.causes(stored, "causes")));
    }

    @Override
    public int prune(Duration olderThan, long most, int limit) {
        return Server.call(() -> {
            long tooMany = Math.max(entries.estimatedDocumentCount() - most, 0);
            Instant oldest = Instant.ofEpochMilli(server.clock().now() - ServerClock.millis(olderThan));
            List<ObjectId> ids = new ArrayList<>();
            entries.find()
                    .projection(Projections.include("at"))
                    .sort(Sorts.ascending("at", "_id"))
                    .limit(limit)
                    .forEach(stored -> {
                        if (ids.size() < tooMany
                                || ServerClock.instant(stored, "at").isBefore(oldest)) {
                            ids.add(stored.getObjectId("_id"));
                        }
                    });
            return ids.isEmpty()
                    ? 0
                    : (int) entries.deleteMany(Filters.in("_id", ids)).getDeletedCount();
        });
    }

    @Override
    public void erase(SubjectKey subject) {
        Server.call(() -> entries.deleteMany(of(subject)));
    }
}
