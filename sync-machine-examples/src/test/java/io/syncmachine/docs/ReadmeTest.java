package io.syncmachine.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.Limits;
import io.syncmachine.Policy;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.UniqueRun;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jpa.JpaEntities;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.test.ManualClock;
import io.syncmachine.test.ManualThreads;
import jakarta.persistence.EntityManagerFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** The README's snippets. */
class ReadmeTest {

    record Order(Long id, String status) {}

    private static final SyncMachine<Order, Long> ORDER_TO_API = machine(new ArrayList<>());

    private static SyncMachine<Order, Long> machine(List<String> sent) {
        return SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class, "status")
                .build(Order::status)
                .publish((order, status) -> sent.add(order.id() + " " + status))
                .done();
    }

    /** Compiled only: the examples run it. */
    static void run(EntityManagerFactory entityManagerFactory, DataSource dataSource) {
        try (SyncEngine engine = SyncEngine.builder()
                .machines(ORDER_TO_API)
                .entities(JpaEntities.of(entityManagerFactory))
                .store(JdbcStore.of(dataSource))
                .start()) {
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
    }

    @Test
    void limitsAreDeclaredInAPolicy() {
        Policy policy = Policy.defaults()
                .limits(Limits.none().atMost(1_000, Duration.ofSeconds(10)).inFlight(10));
        assertThat(policy.limits().windows()).hasSize(1);
    }

    @Test
    void aTaskIsRunOnceAtATime() throws Exception {
        try (SyncEngine engine = SyncEngine.builder()
                .machines(ORDER_TO_API)
                .entities(InMemoryEntities.create().type(Order.class, Long.class, Order::id))
                .store(InMemoryStore.create())
                .start()) {
            Optional<UniqueRun> other = engine.runUnique("fetch", "partner-7", Duration.ofMinutes(10), () -> fetch());
            assertThat(other).isEmpty();
        }
    }

    private static void fetch() {}

    @Test
    void aMachineIsTestedWithoutWaiting() {
        List<String> sent = new ArrayList<>();
        SyncMachine<Order, Long> orderToApi = machine(sent);
        ManualClock clock = ManualClock.create();
        ManualThreads threads = ManualThreads.create();
        InMemoryEntities entities = InMemoryEntities.create().type(Order.class, Long.class, Order::id);
        try (SyncEngine engine = SyncEngine.builder()
                .machines(orderToApi)
                .entities(entities)
                .store(InMemoryStore.create(clock))
                .clock(clock)
                .threads(threads)
                .start()) {
            entities.save(new Order(1L, "paid"));
            threads.runAll();
            assertThat(sent).containsExactly("1 paid");
        }
    }
}
