package io.syncmachine.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import io.syncmachine.SyncEngine;
import io.syncmachine.event.JournalEntry;
import io.syncmachine.event.Outcome.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bson.types.ObjectId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The whole way from a document to the API, in an application without SQL. */
class MongoEndToEndTest {

    private final Shop shop = new Shop();

    @AfterEach
    void end() {
        shop.close();
    }

    @Test
    void anOrderIsPublishedChangedAndDeleted() {
        SyncEngine engine = shop.start("node", true);
        ObjectId ada = shop.createCustomer("Ada", "London");
        shop.createOrder(1, ada, "paid");
        shop.awaitInStep();
        assertThat(shop.api).containsOnlyKeys(1L);

        shop.move(ada, "Paris");
        shop.awaitInStep();
        shop.changeStatus(1, "shipped");
        shop.awaitInStep();
        shop.orders.deleteOne(Filters.eq("_id", 1L));
        shop.awaitInStep();

        assertThat(shop.api).isEmpty();
        await().atMost(Shop.PATIENCE).until(() -> engine.backlog().isEmpty());
        assertThat(engine.explain(shop.orderToApi, 1L).timeline())
                .extracting(JournalEntry::outcome)
                .extracting(outcome -> outcome.result())
                .filteredOn(result -> result != Result.NOT_PUBLISHABLE) // a run before the event saw the deletion
                .startsWith(Result.DELETED)
                .endsWith(Result.PUBLISHED);
    }

    @Test
    void whatConcernsNoDocumentIsNotSent() {
        SyncEngine engine = shop.start("node", true);
        ObjectId ada = shop.createCustomer("Ada", "London");
        shop.createOrder(1, ada, "paid");
        shop.awaitInStep();
        await().atMost(Shop.PATIENCE).until(() -> engine.backlog().isEmpty());
        int before = shop.calls.get();

        shop.customers.updateOne(Filters.eq("_id", ada), Updates.set("address.street", "2 Main Street"));
        shop.changeStatus(1, "shipped");
        shop.awaitInStep();
        await().atMost(Shop.PATIENCE).until(() -> engine.backlog().isEmpty());

        assertThat(shop.calls.get()).isEqualTo(before + 1);
    }

    @Test
    void severalNodesKeepTheApiInStepWhileOneOfThemGoes() {
        SyncEngine first = shop.start("first", true);
        SyncEngine second = shop.start("second", true);
        Random random = new Random(7);
        List<ObjectId> people = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            people.add(shop.createCustomer("customer-" + i, "London"));
        }
        for (long id = 1; id <= 60; id++) {
            shop.createOrder(id, people.get(random.nextInt(5)), "new");
        }
        shop.awaitInStep();
        for (int i = 0; i < 100; i++) {
            long id = 1L + random.nextInt(60);
            switch (random.nextInt(4)) {
                case 0 -> shop.move(people.get(random.nextInt(5)), "city-" + i);
                case 1 -> shop.orders.deleteOne(Filters.eq("_id", id));
                default -> shop.changeStatus(id, "status-" + i);
            }
            if (i == 50) {
                first.close();
            }
        }

        shop.awaitInStep();
        await().atMost(Shop.PATIENCE).until(() -> second.backlog().isEmpty());
        assertThat(second.deadLetters().count()).isZero();
    }

    @Test
    void whatIsToldIsLookedAtThoughNothingChanged() {
        SyncEngine engine = shop.start("node", true);
        ObjectId ada = shop.createCustomer("Ada", "London");
        shop.createOrder(1, ada, "paid");
        shop.awaitInStep();
        await().atMost(Shop.PATIENCE).until(() -> engine.backlog().isEmpty());

        engine.changed(Shop.Order.class, List.of(1L));

        await().atMost(Shop.PATIENCE)
                .until(() -> engine.explain(shop.orderToApi, 1L)
                                .timeline()
                                .get(0)
                                .outcome()
                                .result()
                        == Result.UNCHANGED);
    }
}
