package io.syncmachine.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.Updates;
import io.syncmachine.spi.ResyncStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.bson.Document;
import org.jspecify.annotations.Nullable;

/** Resyncs in a collection, and their pages of ids in another. */
final class MongoResyncs implements ResyncStore {

    private final MongoCollection<Document> resyncs;
    private final MongoCollection<Document> pages;

    MongoResyncs(Server server) {
        this.resyncs = server.collection("resync");
        this.pages = server.collection("resync_page");
    }

    @Override
    public void add(Entry entry) {
        Document added = new Document("_id", entry.id())
                .append("machine", entry.machine())
                .append("status", entry.status().name())
                .append("force", entry.force())
                .append("done", entry.done())
                .append("total", entry.total())
                .append("position", entry.position())
                .append("requestedAt", entry.requestedAt())
                .append("revision", 0L);
        if (entry.endedAt() != null) {
            added.append("endedAt", entry.endedAt());
        }
        Server.call(() -> resyncs.insertOne(added));
    }

    @Override
    public boolean update(Entry entry) {
        Instant endedAt = entry.endedAt();
        return Server.call(() -> resyncs.updateOne(
                                Filters.and(Filters.eq(entry.id()), Filters.eq("revision", entry.revision())),
                                Updates.combine(
                                        Updates.set("status", entry.status().name()),
                                        Updates.set("done", entry.done()),
                                        Updates.set("total", entry.total()),
                                        Updates.set("position", entry.position()),
                                        Updates.inc("revision", 1L),
                                        endedAt == null ? Updates.unset("endedAt") : Updates.set("endedAt", endedAt)))
                        .getMatchedCount()
                > 0);
    }

    @Override
    public List<Entry> all() {
        return Server.call(() -> resyncs.find()
                .sort(Sorts.ascending("requestedAt", "_id"))
                .map(MongoResyncs::entry)
                .into(new ArrayList<>()));
    }

    private static Entry entry(Document stored) {
        return new Entry(
                stored.getString("_id"),
                stored.getString("machine"),
                Status.valueOf(stored.getString("status")),
                stored.getBoolean("force"),
                stored.getLong("done"),
                stored.getLong("total"),
                stored.getString("position"),
                ServerClock.instant(stored, "requestedAt"),
                ServerClock.instantOrNull(stored, "endedAt"),
                stored.getLong("revision"));
    }

    private static String id(String resync, int page) {
        return Server.join(resync, Integer.toString(page));
    }

    @Override
    public void addPage(String id, int page, String subjectIds) {
        Server.call(() -> pages.insertOne(
                new Document("_id", id(id, page)).append("resync", id).append("ids", subjectIds)));
    }

    @Override
    public @Nullable String page(String id, int page) {
        Document found = Server.call(() -> pages.find(Filters.eq(id(id, page))).first());
        return found == null ? null : found.getString("ids");
    }

    @Override
    public void deletePages(String id) {
        Server.call(() -> pages.deleteMany(Filters.eq("resync", id)));
    }

    @Override
    public void delete(String id) {
        deletePages(id);
        Server.call(() -> resyncs.deleteOne(Filters.eq(id)));
    }
}
