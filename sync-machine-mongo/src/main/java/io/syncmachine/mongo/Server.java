package io.syncmachine.mongo;

import com.mongodb.MongoBulkWriteException;
import com.mongodb.MongoClientSettings;
import com.mongodb.MongoCommandException;
import com.mongodb.MongoException;
import com.mongodb.ReadConcern;
import com.mongodb.ReadPreference;
import com.mongodb.WriteConcern;
import com.mongodb.bulk.BulkWriteError;
import com.mongodb.bulk.BulkWriteResult;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.BulkWriteOptions;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.FindOneAndUpdateOptions;
import com.mongodb.client.model.ReturnDocument;
import com.mongodb.client.model.Updates;
import com.mongodb.client.model.WriteModel;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.bson.Document;

/**
 * The collections of a store. Whatever the application's handle says, they are read from the primary, and every write is kept by the majority before it
 * counts.
 */
final class Server {

    static final int DUPLICATE_KEY = 11000;

    /** Between the parts of a key. No name holds it, nor does any sensible id: it is a control character. */
    static final String SEPARATOR = "\u001f";

    private static final BulkWriteOptions IN_NO_ORDER = new BulkWriteOptions().ordered(false);
    /** How long a write waits for the majority; then it is tried again, like anything while servers are away. */
    private static final long PATIENCE_SECONDS = 30;

    private static final int TRIES = 5;

    private final MongoDatabase database;
    private final String prefix;
    private final ServerClock clock;

    /** What a batch of writes came to: how many met what they were for, and which of them met another document of the same key. */
    record Written(int count, Set<Integer> duplicates) {}

    Server(MongoDatabase database, String prefix, ServerClock clock) {
        this.database = settled(database);
        this.prefix = prefix;
        this.clock = clock;
    }

    static MongoDatabase settled(MongoDatabase database) {
        return database.withWriteConcern(WriteConcern.MAJORITY.withWTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .withReadConcern(ReadConcern.LOCAL)
                .withReadPreference(ReadPreference.primary())
                .withCodecRegistry(MongoClientSettings.getDefaultCodecRegistry());
    }

    MongoDatabase database() {
        return database;
    }

    String prefix() {
        return prefix;
    }

    ServerClock clock() {
        return clock;
    }

    MongoCollection<Document> collection(String name) {
        return database.getCollection(prefix + name);
    }

    /**
     * Calls the driver.
     *
     * @throws MongoStoreException what it throws
     */
    static <T> T call(Supplier<T> call) {
        try {
            return call.get();
        } catch (MongoException e) {
            throw new MongoStoreException(e);
        }
    }

    /** Takes so many numbers that were never given before, and answers the first; they are greater than all that were. */
    long take(int count) {
        MongoCollection<Document> counters = collection("counter");
        for (int tries = 1; ; tries++) {
            try {
                Document counter = counters.findOneAndUpdate(
                        Filters.eq("fence"),
                        Updates.inc("value", (long) count),
                        new FindOneAndUpdateOptions().upsert(true).returnDocument(ReturnDocument.AFTER));
                if (counter == null) {
                    throw new IllegalStateException("the counter 'fence' was not answered by the server");
                }
                return counter.getLong("value") - count + 1;
            } catch (MongoCommandException e) {
                if (e.getErrorCode() != DUPLICATE_KEY || tries == TRIES) {
                    throw e; // two nodes made the very first one
                }
            }
        }
    }

    /** Writes a batch, in no order. A write that would make a second document of a key is told, and nothing else goes wrong quietly. */
    static Written write(MongoCollection<Document> collection, List<? extends WriteModel<Document>> writes) {
        if (writes.isEmpty()) {
            return new Written(0, Set.of());
        }
        try {
            return new Written(count(collection.bulkWrite(writes, IN_NO_ORDER)), Set.of());
        } catch (MongoBulkWriteException e) {
            Set<Integer> duplicates = new TreeSet<>();
            for (BulkWriteError error : e.getWriteErrors()) {
                if (error.getCode() != DUPLICATE_KEY) {
                    throw e;
                }
                duplicates.add(error.getIndex());
            }
            if (e.getWriteConcernError() != null) {
                throw e;
            }
            return new Written(count(e.getWriteResult()), duplicates);
        }
    }

    private static int count(BulkWriteResult result) {
        return result.getInsertedCount()
                + result.getMatchedCount()
                + result.getDeletedCount()
                + result.getUpserts().size();
    }

    /**
     * Joins a key's parts, so that joined keys are in the order of their parts.
     *
     * @throws IllegalArgumentException if one but the last holds the separator
     */
    static String join(String... parts) {
        for (int i = 0; i < parts.length - 1; i++) {
            if (parts[i].contains(SEPARATOR)) {
                throw new IllegalArgumentException(
                        "the tenant or name '" + parts[i] + "' must not hold the control character U+001F");
            }
        }
        return String.join(SEPARATOR, parts);
    }

    /** A text that quotes anything, as it can be kept: half characters have no place in UTF-8. */
    static String storable(String text) {
        StringBuilder result = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean pair = Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1));
            if (pair) {
                i++;
            } else if (Character.isSurrogate(c)) {
                result = result == null ? new StringBuilder(text) : result;
                result.setCharAt(i, '\uFFFD');
            }
        }
        return result == null ? text : result.toString();
    }
}
