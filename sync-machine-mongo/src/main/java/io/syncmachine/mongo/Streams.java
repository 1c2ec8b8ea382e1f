package io.syncmachine.mongo;

import com.mongodb.client.MongoChangeStreamCursor;
import com.mongodb.client.model.changestream.ChangeStreamDocument;
import org.bson.BsonDocument;
import org.jspecify.annotations.Nullable;

/** Opens the change stream of one collection. */
interface Streams {

    /**
     * A stream of all changes after some moment.
     *
     * @param token the moment; null for now
     */
    MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> open(@Nullable BsonDocument token);
}
