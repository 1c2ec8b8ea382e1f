package io.syncmachine.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.mongodb.MongoCommandException;
import com.mongodb.ServerAddress;
import com.mongodb.ServerCursor;
import com.mongodb.client.MongoChangeStreamCursor;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.changestream.ChangeStreamDocument;
import io.syncmachine.SyncEngine;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.Store;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.bson.Document;
import org.bson.types.ObjectId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whatever ends on the way from a change stream to the outbox: nothing is lost. */
class CaptureTest {

    private final Shop shop = new Shop();

    @AfterEach
    void end() {
        shop.close();
    }

    /** Knows the cursors that were opened. */
    private static final class Opened implements Streams {

        private final Streams streams;
        private final Queue<MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>>> cursors;

        Opened(Streams streams, Queue<MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>>> cursors) {
            this.streams = streams;
            this.cursors = cursors;
        }

        @Override
        public MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> open(@Nullable BsonDocument token) {
            MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> cursor = streams.open(token);
            cursors.add(cursor);
            return cursor;
        }
    }

    @Test
    void aCursorThatIsKilledIsResumed() {
        Queue<MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>>> cursors = new ConcurrentLinkedQueue<>();
        shop.start("node", true, streams -> new Opened(streams, cursors));
        ObjectId ada = shop.createCustomer("Ada", "London");
        shop.createOrder(1, ada, "new");
        shop.awaitInStep();

        int killed = 0;
        for (int i = 0; i < 5; i++) {
            killed += killAll(cursors);
            shop.changeStatus(1, "status-" + i);
            shop.move(ada, "city-" + i);
        }

        shop.awaitInStep();
        assertThat(killed).isPositive();
    }

    private int killAll(Collection<MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>>> cursors) {
        int killed = 0;
        for (MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> cursor : cursors) {
            ServerCursor server;
            try {
                server = cursor.getServerCursor();
            } catch (IllegalStateException e) {
                continue; // closed
            }
            if (server != null) {
                for (String collection : List.of("orders", "customers")) {
                    killed += shop.database()
                            .runCommand(
                                    new Document("killCursors", collection).append("cursors", List.of(server.getId())))
                            .getList("cursorsKilled", Long.class)
                            .size();
                }
            }
        }
        return killed;
    }

    @Test
    void whatChangedWhileNoNodeRanIsCapturedByTheNext() {
        SyncEngine first = shop.start("first", true);
        ObjectId ada = shop.createCustomer("Ada", "London");
        shop.createOrder(1, ada, "new");
        shop.createOrder(2, ada, "new");
        shop.awaitInStep();
        shop.move(ada, "Paris");
        shop.awaitInStep();
        first.close();

        shop.changeStatus(1, "shipped");
        shop.orders.deleteOne(Filters.eq("_id", 2L));
        shop.createOrder(3, ada, "new");
        shop.move(ada, "Rome");
        shop.start("second", true);

        shop.awaitInStep();
    }

    @Test
    void whatChangedRightAfterTheStartIsCaptured() {
        shop.start("node", false);
        ObjectId ada = shop.createCustomer("Ada", "London");
        shop.createOrder(1, ada, "new");
        shop.start("worker", true);

        shop.awaitInStep();
    }

    /** A store whose outbox keeps what it is given, and dies before it says so. */
    private static Store dyingAfterAppend(Store store, AtomicInteger deaths) {
        Outbox outbox = proxy(Outbox.class, (method, arguments) -> {
            Object answer = method.invoke(store.outbox(), arguments);
            if (method.getName().equals("append") && deaths.getAndDecrement() > 0) {
                throw new IllegalStateException("killed between the effect and the token");
            }
            return answer;
        });
        return proxy(
                Store.class,
                (method, arguments) -> method.getName().equals("outbox") ? outbox : method.invoke(store, arguments));
    }

    private interface Call {
        Object on(Method method, Object[] arguments) throws ReflectiveOperationException;
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    try {
                        return call.on(method, arguments);
                    } catch (InvocationTargetException e) {
                        throw Objects.requireNonNull(e.getCause());
                    }
                }));
    }

    @Test
    void aCrashBetweenTheEffectAndTheTokenRepeatsChangesAndLosesNone() throws Exception {
        MongoStore store = shop.store().build();
        store.open(() -> {}, false);
        AtomicInteger deaths = new AtomicInteger();
        MongoEntities first = shop.entities().build();
        first.capture(new AllListener(), dyingAfterAppend(store, deaths));
        ObjectId ada = shop.createCustomer("Ada", "London");
        shop.createOrder(1, ada, "new");
        assertThat(first.awaitCaptured(Shop.PATIENCE)).isTrue();
        assertThat(ids(store)).containsExactlyInAnyOrder("1", ada.toHexString());

        deaths.set(1);
        shop.createOrder(2, ada, "new");
        await().atMost(Shop.PATIENCE).until(() -> deaths.get() <= 0);
        first.close();
        shop.createOrder(3, ada, "new");
        MongoEntities second = shop.entities().build();
        second.capture(new AllListener(), store);
        await().atMost(Shop.PATIENCE).until(() -> store.outbox().depth() >= 3);
        assertThat(second.awaitCaptured(Shop.PATIENCE)).isTrue();
        second.close();

        assertThat(ids(store)).contains("2", "3").doesNotContain("1");
        store.close();
    }

    private static List<String> ids(Store store) {
        List<Change> taken = new ArrayList<>();
        store.outbox()
                .relay(
                        100,
                        changes -> {
                            taken.addAll(changes);
                            return List.of();
                        },
                        store.jobs());
        return taken.stream().map(Change::id).toList();
    }

    private static MongoCommandException historyLost() {
        return new MongoCommandException(
                new BsonDocument("ok", new BsonInt32(0))
                        .append("code", new BsonInt32(286))
                        .append("codeName", new BsonString("ChangeStreamHistoryLost"))
                        .append("errmsg", new BsonString("resume point may no longer be in the oplog")),
                new ServerAddress());
    }

    @Test
    void whereHistoryIsLostAllDocumentsAndAllSubjectsAreGoneThrough() {
        SyncEngine first = shop.start("first", true);
        ObjectId ada = shop.createCustomer("Ada", "London");
        ObjectId bob = shop.createCustomer("Bob", "London");
        for (long id = 1; id <= 30; id++) {
            shop.createOrder(id, id % 2 == 0 ? ada : bob, "new");
        }
        shop.awaitInStep();
        first.close();
        shop.changeStatus(1, "shipped");
        shop.orders.deleteOne(Filters.eq("_id", 2L));
        shop.createOrder(31, ada, "new");
        shop.move(bob, "Paris");

        AtomicBoolean lost = new AtomicBoolean(true);
        SyncEngine second = shop.start("second", true, streams -> token -> {
            if (token != null && lost.get()) {
                throw historyLost();
            }
            return streams.open(token);
        });
        shop.awaitInStep();
        lost.set(false);
        shop.changeStatus(3, "shipped");
        shop.awaitInStep();

        await().atMost(Shop.PATIENCE).until(() -> second.backlog().isEmpty());
        await().atMost(Shop.PATIENCE)
                .until(() ->
                        shop.database().getCollection("sync_machine_stream").countDocuments(Filters.exists("rescan"))
                                == 0);
    }

    @Test
    void aCollectionThatIsDroppedIsEmptyAtTheApiToo() {
        shop.start("node", true);
        ObjectId ada = shop.createCustomer("Ada", "London");
        shop.createOrder(1, ada, "new");
        shop.createOrder(2, ada, "new");
        shop.awaitInStep();

        shop.orders.drop();
        shop.awaitInStep();
        assertThat(shop.api).isEmpty();

        shop.createOrder(3, ada, "new");
        shop.awaitInStep();
        assertThat(shop.api).containsOnlyKeys(3L);
    }

    @Test
    void oneNodeCapturesAndAnotherTakesOver() {
        SyncEngine first = shop.start("first", false);
        shop.start("second", true);
        ObjectId ada = shop.createCustomer("Ada", "London");
        shop.createOrder(1, ada, "new");
        shop.awaitInStep();

        first.close();
        shop.changeStatus(1, "shipped");
        shop.awaitInStep();
    }
}
