package io.syncmachine.mongo;

import com.mongodb.ClientSessionOptions;
import com.mongodb.ReadConcern;
import com.mongodb.ReadPreference;
import com.mongodb.client.AggregateIterable;
import com.mongodb.client.ClientSession;
import com.mongodb.client.FindIterable;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;

/**
 * Sessions whose reads see all that was acknowledged by the majority before they began, and nothing that may be rolled back.
 *
 * <p>A read of the primary alone does not promise that: one that was deposed and does not know it yet answers what it has. So the primary first confirms
 * with the majority that it is one, by a linearizable read; what is read afterwards is read with read concern majority, and not before a server knows
 * all up to the time of that confirmation.
 */
final class FreshReads {

    private static final long PATIENCE_SECONDS = 10;
    private static final ClientSessionOptions TIMED =
            ClientSessionOptions.builder().causallyConsistent(false).build();
    private static final ClientSessionOptions CAUSAL =
            ClientSessionOptions.builder().causallyConsistent(true).build();

    private final MongoClient client;
    private final MongoDatabase database;
    private final MongoCollection<Document> fence;
    private volatile @Nullable Boolean sessions;

    /** Reads that belong together. For one thread. */
    static final class Reading implements AutoCloseable {

        private final @Nullable ClientSession session;

        /** Within a session that is somebody else's, or without any. */
        Reading(@Nullable ClientSession session) {
            this.session = session;
        }

        <T> FindIterable<T> find(MongoCollection<T> collection, Bson filter) {
            return session == null
                    ? primary(collection).find(filter)
                    : collection(collection, session).find(session, filter);
        }

        <T> AggregateIterable<T> aggregate(MongoCollection<T> collection, List<? extends Bson> pipeline) {
            return session == null
                    ? primary(collection).aggregate(pipeline)
                    : collection(collection, session).aggregate(session, pipeline);
        }

        /** A transaction says itself how it reads. */
        private static <T> MongoCollection<T> collection(MongoCollection<T> collection, ClientSession session) {
            return session.hasActiveTransaction() ? collection : primary(collection);
        }

        private static <T> MongoCollection<T> primary(MongoCollection<T> collection) {
            return collection.withReadPreference(ReadPreference.primary()).withReadConcern(ReadConcern.MAJORITY);
        }

        @Override
        public void close() {
            if (session != null) {
                session.close();
            }
        }
    }

    /**
     * Makes one.
     *
     * @param fence any collection beside what is read
     */
    FreshReads(MongoClient client, MongoDatabase database, MongoCollection<Document> fence) {
        this.client = client;
        this.database = database;
        this.fence = fence.withReadPreference(ReadPreference.primary()).withReadConcern(ReadConcern.LINEARIZABLE);
    }

    /** Begins; to be closed. A stand-in that has no sessions has no second server either, that could answer what is past. */
    Reading begin() {
        if (!hasSessions()) {
            return new Reading(null);
        }
        ClientSession causal = client.startSession(CAUSAL);
        try (ClientSession timed = client.startSession(TIMED)) {
            fence.find(timed, Filters.eq("fence"))
                    .maxTime(PATIENCE_SECONDS, TimeUnit.SECONDS)
                    .first();
            causal.advanceOperationTime(timed.getOperationTime());
            causal.advanceClusterTime(timed.getClusterTime());
            return new Reading(causal);
        } catch (RuntimeException e) {
            causal.close();
            throw e;
        }
    }

    private boolean hasSessions() {
        Boolean known = sessions;
        if (known == null) {
            known = ServerClock.hello(database).containsKey("logicalSessionTimeoutMinutes");
            sessions = known;
        }
        return known;
    }
}
