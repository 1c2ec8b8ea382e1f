package io.syncmachine.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.syncmachine.SyncEngine;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.torture.Shop.Customer;
import io.syncmachine.torture.Shop.Document;
import io.syncmachine.torture.Shop.Order;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** The API answers badly in each of its ways, to a subject for each; the client makes of it what it should. */
class ApiClientTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Set<Fault> THROTTLING = Set.of(Fault.THROTTLED_FOR_SECONDS, Fault.THROTTLED_UNTIL_DATE);

    private final Map<Long, Fault> faults = new ConcurrentHashMap<>();
    private final Map<String, List<Outcome>> outcomes = new ConcurrentHashMap<>();

    @Test
    void everyBadAnswerIsUnderstoodAndTheNextOneSetsItRight() throws Exception {
        Ledger ledger = new Ledger(Shop.GRACE.toMillis(), (id, document) -> {});
        InMemoryEntities entities = InMemoryEntities.create()
                .type(Order.class, Long.class, Order::id)
                .type(Customer.class, Long.class, Customer::id);
        try (Api api = Api.start(ledger, this::once);
                SyncEngine engine = SyncEngine.builder()
                        .machines(Shop.machine(new ApiClient(api.url())::send))
                        .entities(entities)
                        .store(InMemoryStore.create())
                        .lease(Shop.LEASE)
                        .grace(Shop.GRACE)
                        .observer(some -> some.forEach(this::note))
                        .start()) {
            for (Fault fault : Fault.values()) {
                faults.put(id(fault), fault);
                entities.save(new Order(id(fault), 1, "Ann", "new", 1));
            }
            await().atMost(PATIENCE).until(() -> engine.backlog().isEmpty());
        }

        for (Fault fault : Fault.values()) {
            Outcome first = of(fault).get(0);
            Result expected = fault == Fault.NONE
                    ? Result.PUBLISHED
                    : THROTTLING.contains(fault) ? Result.SNOOZED : Result.RETRYING;
            assertThat(first.result()).as("%s", fault).isEqualTo(expected);
            assertThat(ledger.documents().get(id(fault))).isEqualTo(new Document(id(fault), "Ann", "new", 1));
        }
        assertThat(of(Fault.HUGE).get(0).reason()).contains("more than 65536 bytes");
        assertThat(of(Fault.SLOW).get(0).reason())
                .as("given up by the engine or, at that moment, by the API")
                .containsAnyOf("within the deadline", "bytes received: 1");
        assertThat(of(Fault.HTML).get(0).reason()).contains("not JSON");
        Ledger.Counts counts = ledger.counts();
        long lost = Arrays.stream(Fault.values()).filter(Fault::losesAnswer).count();
        assertThat(counts.calls()).isEqualTo(2 * Fault.values().length - 1);
        assertThat(counts.lostAnswers()).isEqualTo(lost);
        assertThat(counts.redundant()).isEqualTo(lost);
        assertThat(counts.overlapping()).isZero();
    }

    /** Of the subject that meets the fault. */
    private static long id(Fault fault) {
        return List.of(Fault.values()).indexOf(fault);
    }

    private Fault once(long id) {
        Fault fault = faults.remove(id);
        return fault == null ? Fault.NONE : fault;
    }

    private void note(Outcome outcome) {
        outcomes.computeIfAbsent(outcome.subjectId(), id -> new CopyOnWriteArrayList<>())
                .add(outcome);
    }

    private List<Outcome> of(Fault fault) {
        return outcomes.getOrDefault("" + id(fault), List.of());
    }
}
