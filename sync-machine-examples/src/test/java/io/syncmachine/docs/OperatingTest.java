package io.syncmachine.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangeHandler;
import io.syncmachine.Explanation;
import io.syncmachine.Explanation.Action;
import io.syncmachine.JournalPolicy;
import io.syncmachine.Policy;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.VersionRise;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.test.ManualClock;
import io.syncmachine.test.ManualThreads;
import jakarta.persistence.EntityManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The snippets about events, handlers and operating. */
class OperatingTest {

    record Order(Long id, String status) {}

    record Invoice(Long id) {}

    record InvoiceItem(Long id, Long invoiceId, int quantity) {}

    private final List<String> sent = new ArrayList<>();
    private final SyncMachine<Order, Long> orderToApi = SyncMachine.define("order-to-api", Order.class, Long.class)
            .listenTo(Order.class, "status")
            .listenToEvent("order-shipped")
            .build(Order::status)
            .publish((order, status) -> sent.add(order.id() + " " + status))
            .policy(Policy.defaults().builderVersion(3).onVersionRise(VersionRise.trickle(50)))
            .done();

    /** Compiled only: the tests of the JPA module run such handlers. */
    static final ChangeHandler<InvoiceItem> TOTALS = ChangeHandler.onChange(
                    "invoice-totals", InvoiceItem.class, change -> {
                        EntityManager manager = change.transaction(EntityManager.class);
                        recompute(manager, change.entity().map(InvoiceItem::invoiceId));
                    })
            .listenTo("quantity", "price");

    private static void recompute(EntityManager manager, Optional<Long> invoice) {
        invoice.ifPresent(id -> manager.find(Invoice.class, id));
    }

    /** Compiled only. */
    static void tell(SyncEngine engine, EntityManager entityManager, Order order) {
        engine.in(entityManager).changed(order);
        engine.in(entityManager).changed(Order.class, List.of(7L, 8L));
        engine.in(entityManager).signal("order-shipped", order);
    }

    @Test
    void anEngineExplainsPausesAndForgets() {
        ManualClock clock = ManualClock.create();
        ManualThreads threads = ManualThreads.create();
        InMemoryEntities entities = InMemoryEntities.create().type(Order.class, Long.class, Order::id);
        try (SyncEngine engine = SyncEngine.builder()
                .machines(orderToApi)
                .entities(entities)
                .store(InMemoryStore.create(clock))
                .journal(JournalPolicy.defaults().keptFor(Duration.ofDays(7)))
                .clock(clock)
                .threads(threads)
                .start()) {
            engine.pause(orderToApi, "the API moves tonight");
            entities.save(new Order(1L, "paid"));
            threads.runAll();
            assertThat(sent).isEmpty();
            engine.resume(orderToApi);
            threads.runAll();
            assertThat(sent).containsExactly("1 paid");

            Explanation why = engine.explain(orderToApi, 1L);
            assertThat(why.next().action()).isEqualTo(Action.NOTHING_UNCHANGED);
            assertThat(why.timeline()).hasSize(1);

            engine.forget(orderToApi, 1L);
            assertThat(engine.explain(orderToApi, 1L).timeline()).isEmpty();
        }
    }
}
