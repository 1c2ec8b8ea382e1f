package io.syncmachine.examples.ordersmongo;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import org.jspecify.annotations.Nullable;

/** A MongoDB: a given one, or a stand-in within this process, which keeps everything in memory. */
final class Mongo implements AutoCloseable {

    static final String DATABASE = "sync_machine_demo";

    private final @Nullable MongoServer standIn;
    private final MongoClient client;

    private Mongo(@Nullable MongoServer standIn, String uri) {
        this.standIn = standIn;
        this.client = MongoClients.create(uri);
    }

    /** Opens it; the database {@value #DATABASE} is empty then. */
    static Mongo open(@Nullable String uri) {
        if (uri != null) {
            Mongo given = new Mongo(null, uri);
            given.database().drop();
            return given;
        }
        MongoServer server = new MongoServer(new MemoryBackend());
        server.enableOplog();
        server.bind();
        return new Mongo(server, server.getConnectionString());
    }

    MongoClient client() {
        return client;
    }

    MongoDatabase database() {
        return client.getDatabase(DATABASE);
    }

    String description() {
        return standIn == null ? "a given MongoDB" : "a stand-in for MongoDB";
    }

    @Override
    public void close() {
        client.close();
        if (standIn != null) {
            standIn.shutdownNow();
        }
    }
}
