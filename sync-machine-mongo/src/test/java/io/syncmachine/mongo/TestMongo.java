package io.syncmachine.mongo;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bson.UuidRepresentation;
import org.jspecify.annotations.Nullable;

/**
 * A MongoDB for tests: a stand-in in this process; or, given {@code -Dmongo.uri=}, a replica set or cluster, in which databases are made
 * and dropped whose names begin with {@code sync_machine_test_}.
 */
final class TestMongo {

    private static final String URI = System.getProperty("mongo.uri", "");
    private static final AtomicInteger DATABASES = new AtomicInteger();
    private static final TestMongo SHARED = new TestMongo(isReal() ? null : startStandIn());

    private final MongoClient client;

    private TestMongo(@Nullable MongoServer standIn) {
        String uri = standIn == null ? URI : standIn.getConnectionString();
        client = client(uri);
    }

    /** Whether the tests run on a real server. */
    static boolean isReal() {
        return !URI.isEmpty();
    }

    static MongoServer startStandIn() {
        MongoServer server = new MongoServer(new MemoryBackend());
        server.enableOplog();
        server.bind();
        return server;
    }

    static MongoClient client(String uri) {
        return MongoClients.create(MongoClientSettings.builder()
                .applyConnectionString(new ConnectionString(uri))
                .uuidRepresentation(UuidRepresentation.STANDARD)
                .applyToClusterSettings(cluster -> cluster.serverSelectionTimeout(5, TimeUnit.SECONDS))
                .build());
    }

    static MongoClient client() {
        return SHARED.client;
    }

    /** A database that nobody else uses; dropped when the tests have ended. */
    static MongoDatabase newDatabase() {
        String name = "sync_machine_test_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
        MongoDatabase database = client().getDatabase(name);
        if (isReal()) {
            Runtime.getRuntime().addShutdownHook(new Thread(database::drop));
        }
        return database;
    }
}
