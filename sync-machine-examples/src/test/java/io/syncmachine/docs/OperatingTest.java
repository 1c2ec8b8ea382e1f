package io.syncmachine.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangeHandler;
import io.syncmachine.DeadLetter;
import io.syncmachine.DeadLetters;
import io.syncmachine.Explanation;
import io.syncmachine.Explanation.Action;
import io.syncmachine.JournalPolicy;
import io.syncmachine.Policy;
import io.syncmachine.RejectedException;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncEngine.Backlog;
import io.syncmachine.SyncMachine;
import io.syncmachine.VersionRise;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.test.ManualClock;
import io.syncmachine.test.ManualThreads;
import jakarta.persistence.EntityManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The snippets about events, handlers and operating. */
class OperatingTest {

    record Order(Long id, String status) {}

    record Invoice(Long id) {}

    record InvoiceItem(Long id, Long invoiceId, int quantity) {}

    private final List<String> sent = new ArrayList<>();
    private final List<Object> shown = new ArrayList<>();
    private final Set<String> statuses = new HashSet<>();
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

    @Test
    void whatWasGivenUpIsShownAndTriedAgain() {
        ManualClock clock = ManualClock.create();
        ManualThreads threads = ManualThreads.create();
        InMemoryEntities entities = InMemoryEntities.create().type(Order.class, Long.class, Order::id);
        SyncMachine<Order, Long> orderToApi = SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class, "status")
                .build(Order::status)
                .publish((order, status) -> {
                    if (!statuses.contains(status)) {
                        throw new RejectedException("status is unknown: " + status);
                    }
                    sent.add(order.id() + " " + status);
                })
                .done();
        try (SyncEngine engine = SyncEngine.builder()
                .machines(orderToApi)
                .entities(entities)
                .store(InMemoryStore.create(clock))
                .keepDeadLetters(Duration.ofDays(30))
                .clock(clock)
                .threads(threads)
                .start()) {
            entities.save(new Order(7L, "new"), new Order(8L, "new"));
            threads.runAll();

            Backlog backlog = engine.backlog();
            assertThat(backlog.parked()).isEqualTo(2);
            assertThat(backlog.lag()).isZero();

            DeadLetters letters = engine.deadLetters(orderToApi).failingWith("status is unknown");
            for (DeadLetter letter : letters.page(50)) {
                show(letter.id(), letter.attempts(), letter.parkedAt(), letter.failure());
            }
            DeadLetter letter = engine.deadLetter(orderToApi, 7L).orElseThrow();
            show(letter.refused(), letter.history());
            assertThat(shown).hasSize(2 * 4 + 2).contains(Optional.of("\"new\""));

            engine.deadLetters().discard(letter);
            statuses.add("new");
            long count = engine.deadLetters(orderToApi).requeueAll(20); // in a second
            threads.runAll();
            assertThat(count).isEqualTo(1);
            assertThat(sent).containsExactly("8 new");
        }
    }

    private void show(Object... values) {
        shown.addAll(List.of(values));
    }
}
