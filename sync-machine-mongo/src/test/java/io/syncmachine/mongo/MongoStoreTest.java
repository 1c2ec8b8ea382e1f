package io.syncmachine.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.mongodb.MongoException;
import com.mongodb.MongoSecurityException;
import com.mongodb.ReadPreference;
import com.mongodb.WriteConcern;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Indexes;
import de.bwaldvogel.mongo.MongoServer;
import io.syncmachine.spi.Store;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.bson.Document;
import org.junit.jupiter.api.Test;

/** Opening, settings, and what counts as away. */
class MongoStoreTest {

    private final MongoDatabase database = TestMongo.newDatabase();

    @Test
    void makesWhatIsMissingAndLeavesWhatIsThere() {
        for (int i = 0; i < 2; i++) {
            MongoStore store = MongoStore.of(database);
            store.open(() -> {}, true);
            store.close();
        }

        assertThat(database.listCollectionNames())
                .contains("sync_machine_job", "sync_machine_payload", "sync_machine_lease", "sync_machine_outbox");
        assertThat(database.getCollection("sync_machine_job").listIndexes())
                .extracting(index -> index.getString("name"))
                .contains("due", "due_of_tenant", "letters");
        assertThat(database.getCollection("sync_machine_counter")
                        .find(new Document("_id", "store"))
                        .first())
                .containsEntry("version", Schema.VERSION);
    }

    @Test
    void failsWhereNothingIsThereAndNothingMayBeMade() {
        MongoStore store = MongoStore.builder(database)
                .schemaMode(SchemaMode.VALIDATE)
                .prefix("shop.")
                .build();

        assertThatThrownBy(() -> store.open(() -> {}, true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("shop.counter")
                .hasMessageContaining("SchemaMode.CREATE");

        MongoStore.builder(database).prefix("shop.").build().open(() -> {}, true);
        store.open(() -> {}, true);
        store.close();
    }

    @Test
    void failsWhereAnIndexIsMissing() {
        MongoStore.of(database).open(() -> {}, true);
        database.getCollection("sync_machine_payload").dropIndex(Indexes.ascending("machine", "state", "_id"));

        assertThatThrownBy(() -> MongoStore.builder(database)
                        .schemaMode(SchemaMode.VALIDATE)
                        .build()
                        .open(() -> {}, true))
                .hasMessageContaining("sync_machine_payload.outdated");
    }

    @Test
    void ofAnotherVersionIsRefused() {
        MongoStore.of(database).open(() -> {}, true);
        database.getCollection("sync_machine_counter")
                .updateOne(new Document("_id", "store"), new Document("$set", new Document("version", 99)));

        assertThatThrownBy(() -> MongoStore.of(database).open(() -> {}, true)).hasMessageContaining("version 99");
    }

    @Test
    void isForOneEngine() {
        MongoStore store = MongoStore.of(database);
        store.open(() -> {}, true);

        assertThatThrownBy(() -> store.open(() -> {}, true)).hasMessageContaining("make a second one");
        store.close();
        store.open(() -> {}, true);
        store.close();
    }

    @Test
    void writesToTheMajorityWhateverTheHandleSays() {
        MongoDatabase careless =
                database.withWriteConcern(WriteConcern.UNACKNOWLEDGED).withReadPreference(ReadPreference.secondary());

        Server server = MongoStore.of(careless).server();

        assertThat(server.collection("payload").getWriteConcern().getWString()).isEqualTo("majority");
        assertThat(server.collection("payload").getReadPreference()).isEqualTo(ReadPreference.primary());
    }

    @Test
    void refusesAPrefixThatCannotBe() {
        assertThatThrownBy(() -> MongoStore.builder(database).prefix("$x")).hasMessageContaining("'$x'");
        assertThatThrownBy(() -> MongoStore.builder(database).prefix("system.")).hasMessageContaining("system.");
    }

    @Test
    void aServerThatIsGoneIsAway() {
        MongoServer server = TestMongo.startStandIn();
        try (MongoClient client = TestMongo.client(server.getConnectionString() + "/?serverSelectionTimeoutMS=300")) {
            Store store = MongoStore.of(client.getDatabase("shop"));
            store.open(() -> {}, true);
            server.shutdownNow();

            Throwable failure = catchThrowable(() -> store.jobs().backlog());

            assertThat(store.isAway(failure)).isTrue();
            assertThat(store.isAway(new IllegalStateException(failure))).isTrue();
        }
    }

    @Test
    void aMistakeOrSomebodyElsesFailureIsNotAway() {
        Store store = MongoStore.of(database);

        assertThat(store.isAway(new MongoStoreException(new MongoException(2, "bad value"))))
                .isFalse();
        assertThat(store.isAway(new MongoException(91, "shutting down"))).isFalse();
        assertThat(store.isAway(new MongoStoreException(new MongoException(91, "shutting down"))))
                .isTrue();
        assertThat(Away.is(new MongoException("no", new MongoSecurityException(null, "wrong password"))))
                .isFalse();
    }

    @Test
    void wakesItselfForWhatItIsTold() {
        AtomicInteger wakes = new AtomicInteger();
        MongoStore store = MongoStore.of(database);
        store.open(wakes::incrementAndGet, true);

        store.outbox().append(List.of());

        assertThat(wakes.get()).isPositive();
        store.close();
    }
}
