package io.syncmachine.mongo;

import com.mongodb.MongoCommandException;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.IndexModel;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.Indexes;
import com.mongodb.client.model.UpdateOptions;
import com.mongodb.client.model.Updates;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.bson.Document;
import org.bson.conversions.Bson;

/** The collections of a store, their indexes and the version of both. */
final class Schema {

    static final int VERSION = 1;

    private static final String STORE = "store";
    /** So long after their end leases are cleared away by the server. */
    private static final long LEASES_KEPT_DAYS = 1;

    private static final int NAMESPACE_EXISTS = 48;

    private final Server server;

    Schema(Server server) {
        this.server = server;
    }

    /** What each collection is searched by, besides the keys. */
    private static Map<String, List<IndexModel>> indexes() {
        Map<String, List<IndexModel>> indexes = new LinkedHashMap<>();
        indexes.put("counter", List.of());
        indexes.put("outbox", List.of(index("free", "heldUntil", "_id"), index("holder", "holder")));
        indexes.put(
                "job",
                List.of(
                        index("due", "machine", "stage", "parked", "lane", "readyAt"),
                        index("due_of_tenant", "machine", "stage", "parked", "tenant", "lane", "readyAt"),
                        index("longest_due", "parked", "readyAt"),
                        index("letters", "parked", "_id"),
                        index("token", "token")));
        indexes.put("payload", List.of(index("outdated", "machine", "state", "_id")));
        indexes.put(
                "lease",
                List.of(new IndexModel(
                        Indexes.ascending("until"),
                        new IndexOptions().name("ended").expireAfter(LEASES_KEPT_DAYS, TimeUnit.DAYS))));
        indexes.put(
                "journal",
                List.of(index("at", "at", "_id"), index("subject", "machine", "subject", "tenant", "at", "_id")));
        indexes.put("machine", List.of());
        indexes.put("destination", List.of());
        indexes.put("resync", List.of());
        indexes.put("resync_page", List.of(index("resync", "resync")));
        return indexes;
    }

    private static IndexModel index(String name, String... fields) {
        return new IndexModel(Indexes.ascending(fields), new IndexOptions().name(name));
    }

    /**
     * Makes, or checks.
     *
     * @throws IllegalStateException if something is missing or of another version
     */
    void prepare(SchemaMode mode) {
        if (mode == SchemaMode.NONE) {
            return;
        }
        if (mode == SchemaMode.CREATE) {
            create();
        }
        validate();
    }

    /** Several nodes may do it at once: what is there is left alone. The version comes last. */
    private void create() {
        Set<String> there = server.database().listCollectionNames().into(new TreeSet<>());
        indexes().forEach((name, indexes) -> {
            if (!there.contains(server.prefix() + name) && indexes.isEmpty()) {
                make(server.prefix() + name);
            }
            if (!indexes.isEmpty()) {
                server.collection(name).createIndexes(indexes);
            }
        });
        server.collection("counter")
                .updateOne(
                        new Document("_id", STORE),
                        Updates.setOnInsert("version", VERSION),
                        new UpdateOptions().upsert(true));
    }

    private void make(String collection) {
        try {
            server.database().createCollection(collection);
        } catch (MongoCommandException e) {
            if (e.getErrorCode() != NAMESPACE_EXISTS) {
                throw e;
            }
        }
    }

    private void validate() {
        Document store =
                server.collection("counter").find(new Document("_id", STORE)).first();
        if (store == null) {
            throw new IllegalStateException(
                    "the collection " + server.prefix() + "counter of database "
                            + server.database().getName()
                            + " tells no version: let an engine with SchemaMode.CREATE start once, with the right to create collections and indexes");
        }
        if (store.getInteger("version") != VERSION) {
            throw new IllegalStateException("the collections " + server.prefix() + "* are of version "
                    + store.getInteger("version") + ", but this release needs version " + VERSION);
        }
        List<String> missing = new ArrayList<>();
        indexes().forEach((name, indexes) -> {
            Set<String> names = new TreeSet<>();
            MongoCollection<Document> collection = server.collection(name);
            collection.listIndexes().forEach(index -> names.add(index.getString("name")));
            for (IndexModel index : indexes) {
                String wanted = index.getOptions().getName();
                if (!names.contains(wanted)) {
                    missing.add(collection.getNamespace().getCollectionName() + "." + wanted + " on "
                            + json(index.getKeys()));
                }
            }
        });
        if (!missing.isEmpty()) {
            throw new IllegalStateException(
                    "indexes are missing: " + missing + "; make them, or use SchemaMode.CREATE");
        }
    }

    private static String json(Bson keys) {
        return keys.toBsonDocument().toJson();
    }
}
