package io.syncmachine.mongo;

import com.mongodb.MongoWriteException;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.UpdateOptions;
import com.mongodb.client.model.Updates;
import org.bson.BsonDocument;
import org.bson.BsonString;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;

/** How far a collection's changes are captured, kept in a document. */
final class StreamState {

    private final MongoCollection<BsonDocument> states;
    private final Bson self;

    /**
     * What is kept.
     *
     * @param token all changes up to here are in the outbox; null if a stand-in has told none yet
     * @param rescan how far the documents are gone through, because changes before the token were lost; null if they are not
     */
    record State(@Nullable BsonDocument token, @Nullable BsonDocument rescan) {}

    StreamState(MongoCollection<Document> states, String collection) {
        this.states = states.withDocumentClass(BsonDocument.class);
        this.self = Filters.eq("_id", new BsonString(collection));
    }

    @Nullable
    State read() {
        BsonDocument stored = states.find(self).first();
        return stored == null ? null : new State(stored.getDocument("token", null), stored.getDocument("rescan", null));
    }

    /** Begins with a token, unless another node has begun already. */
    void begin(BsonDocument token) {
        try {
            states.updateOne(self, Updates.setOnInsert("token", token), new UpdateOptions().upsert(true));
        } catch (MongoWriteException e) {
            if (e.getError().getCode() != Server.DUPLICATE_KEY) {
                throw e;
            }
        }
    }

    void captured(BsonDocument token) {
        states.updateOne(self, Updates.set("token", token), new UpdateOptions().upsert(true));
    }

    /** Goes on from a token, and begins to go through all documents for what was lost before; both at once. */
    void lost(@Nullable BsonDocument token, BsonDocument rescan) {
        states.updateOne(
                self,
                Updates.combine(
                        token == null ? Updates.unset("token") : Updates.set("token", token),
                        Updates.set("rescan", rescan)),
                new UpdateOptions().upsert(true));
    }

    /** Notes how far the documents are gone through; null if to the end. */
    void rescanned(@Nullable BsonDocument rescan) {
        states.updateOne(self, rescan == null ? Updates.unset("rescan") : Updates.set("rescan", rescan));
    }
}
