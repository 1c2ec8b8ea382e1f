package io.syncmachine.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.SyncEngine;
import io.syncmachine.annotation.AnnotatedMachine;
import io.syncmachine.annotation.Build;
import io.syncmachine.annotation.ListenTo;
import io.syncmachine.annotation.OnDelete;
import io.syncmachine.annotation.Publish;
import io.syncmachine.annotation.PublishWhen;
import io.syncmachine.annotation.SyncMachineFor;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.test.ManualClock;
import io.syncmachine.test.ManualThreads;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The README's subject that declares its machine. */
class AnnotationsTest {

    record OrderDocument(Long id, String status) {}

    @SyncMachineFor(name = "order-to-api")
    static class Order {

        private final Long id;

        @ListenTo
        private final String status;

        @PublishWhen
        boolean isPurchased() {
            return !status.equals("draft");
        }

        @Build
        OrderDocument document() {
            return new OrderDocument(id, status);
        }

        Order(Long id, String status) {
            this.id = id;
            this.status = status;
        }
    }

    record OrderApi(Map<String, Object> api) {

        @Publish
        void put(Order order, OrderDocument document) {
            api.put("/orders/" + document.id(), document);
        }

        @OnDelete
        void delete(Long id) {
            api.remove("/orders/" + id);
        }
    }

    @Test
    void aSubjectDeclaresItsMachine() {
        Map<String, Object> api = new TreeMap<>();
        ManualClock clock = ManualClock.create();
        ManualThreads threads = ManualThreads.create();
        InMemoryEntities entities = InMemoryEntities.create().type(Order.class, Long.class, order -> order.id);
        try (SyncEngine engine = SyncEngine.builder()
                .machines(AnnotatedMachine.of(Order.class, new OrderApi(api)))
                .entities(entities)
                .store(InMemoryStore.create(clock))
                .clock(clock)
                .threads(threads)
                .start()) {
            entities.save(new Order(1L, "paid"), new Order(2L, "draft"), new Order(3L, "paid"));
            threads.runAll();
            entities.delete(Order.class, 3L);
            threads.runAll();

            assertThat(api).containsOnly(Map.entry("/orders/1", new OrderDocument(1L, "paid")));
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
    }
}
