package io.syncmachine.functional;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.Destination;
import io.syncmachine.DryRun;
import io.syncmachine.Limits;
import io.syncmachine.Policy;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RecordingDestination;
import io.syncmachine.ShadowingDestination;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.test.ManualClock;
import io.syncmachine.test.ManualThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the page on destinations shows. */
class DestinationsDocumentTest {

    private static final Logger log = LoggerFactory.getLogger(DestinationsDocumentTest.class);
    private static final Map<Object, String> HOME = new TreeMap<>();

    record Order(long id, String country, long customerId) {}

    record Customer(long id, String name, List<Long> orderIds) {}

    record OrderDocument(long id, String country) {}

    private static final SyncMachine<Order, Long> ORDERS = SyncMachine.define("orders", Order.class, Long.class)
            .listenTo(Order.class)
            .listenTo(Customer.class, Customer::orderIds)
            .build(order -> new OrderDocument(order.id(), order.country()))
            .publish((order, document) -> HOME.put(order.id(), document.country()))
            .onDelete(id -> HOME.remove(id))
            .done();

    /** A client that answers later. */
    private static final class Client {

        private final Map<Object, String> content = new TreeMap<>();
        private final Set<String> keys = new HashSet<>();

        CompletionStage<PublishResult> put(Object id, String json, String key) {
            keys.add(key);
            content.put(id, json);
            return CompletableFuture.completedFuture(PublishResult.done());
        }

        CompletionStage<PublishResult> delete(Object id, String key) {
            keys.add(key);
            content.remove(id);
            return CompletableFuture.completedFuture(PublishResult.done());
        }
    }

    record Partner(Client client) implements Destination<Object, Object, Object> {

        @Override
        public String name() {
            return "partner";
        }

        @Override
        public Limits limits() {
            return Limits.none().atMost(1_000, Duration.ofSeconds(10)).inFlight(20);
        }

        @Override
        public CompletionStage<PublishResult> send(Publication<?, ?, ?> publication) {
            return publication.kind() == PublicationKind.DELETE
                    ? client.delete(publication.id(), publication.idempotencyKey())
                    : client.put(publication.id(), publication.json().orElseThrow(), publication.idempotencyKey());
        }
    }

    private final Client client = new Client();
    private final Partner partner = new Partner(client);
    private final ManualClock clock = ManualClock.create();
    private final ManualThreads threads = ManualThreads.create();
    private final InMemoryEntities entities = InMemoryEntities.create()
            .type(Order.class, Long.class, Order::id)
            .type(Customer.class, Long.class, Customer::id);
    private final List<Object> shown = new ArrayList<>();

    private void show(Object... what) {
        shown.addAll(List.of(what));
    }

    private SyncEngine start(SyncMachine<?, ?>... machines) {
        HOME.clear();
        return SyncEngine.builder()
                .machines(machines)
                .entities(entities)
                .store(InMemoryStore.create(clock))
                .clock(clock)
                .threads(threads)
                .start();
    }

    @Test
    void anAdapterTakesThePlaceOfHooks() {
        SyncMachine<Order, Long> overTheNewClient = ORDERS.withDestination(partner);
        try (SyncEngine engine = start(overTheNewClient)) {
            entities.save(new Order(1, "DE", 7));
            threads.runAll();
            assertThat(client.content).containsKey(1L);
            assertThat(HOME).isEmpty();
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
    }

    @Test
    void twoThirdPartiesStandSideBySide() {
        SyncMachine<Order, Long> domestic =
                ORDERS.onlyFor(order -> order.country().equals("DE"));
        SyncMachine<Order, Long> abroad = ORDERS.beside("orders-abroad", partner)
                .onlyFor(order -> !order.country().equals("DE"));
        try (SyncEngine engine = start(domestic, abroad)) {
            entities.save(new Order(1, "DE", 7), new Order(2, "FR", 7));
            threads.runAll();
            entities.save(new Order(1, "AT", 7));
            threads.runAll();

            assertThat(HOME).isEmpty();
            assertThat(client.content).containsOnlyKeys(1L, 2L);
            assertThat(client.keys).hasSize(2);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
    }

    @Test
    void aNewOneIsComparedWithTheOldOne() {
        SyncMachine<Order, Long> compared = ORDERS.shadowedBy(partner, difference -> log.warn("{}", difference));
        try (SyncEngine engine = start(compared)) {
            entities.save(new Order(1, "DE", 7));
            threads.runAll();
            assertThat(HOME).containsOnlyKeys(1L);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
    }

    @Test
    void aShadowHasSettingsAndCounts() {
        RecordingDestination old = RecordingDestination.named("old");
        ShadowingDestination<Order, Long, OrderDocument> both = ShadowingDestination.<Order, Long, OrderDocument>of(
                        old, partner)
                .inFlight(10)
                .onDifference(difference -> log.warn("{}", difference));
        SyncMachine<Order, Long> machine = SyncMachine.define("orders", Order.class, Long.class)
                .listenTo(Order.class)
                .build(order -> new OrderDocument(order.id(), order.country()))
                .publish(both)
                .done();
        try (SyncEngine engine = start(machine)) {
            entities.save(new Order(1, "DE", 7));
            threads.runAll();
            Awaiting.until(() -> both.same() == 1);
            assertThat(old.count()).isEqualTo(1);
            assertThat(engine.backlog().isEmpty()).isTrue();
        }
    }

    @Test
    void aDryRunTellsWhatWouldBeSent() {
        SyncMachine<Order, Long> atThePartner = ORDERS.beside("orders-partner", partner);
        RecordingDestination recorded = RecordingDestination.named("trial").keeping(1_000);
        SyncMachine<Order, Long> trial = ORDERS.beside("orders-trial", recorded);
        try (SyncEngine engine = start(ORDERS, trial)) {
            Customer customer = new Customer(7, "Ann", List.of(1L, 2L));
            entities.save(new Order(1, "DE", 7), new Order(2, "FR", 7), customer);
            threads.runAll();

            DryRun some = engine.dryRun(ORDERS, List.of(1L, 2L, 3L));
            DryRun waiting = engine.dryRun(ORDERS);
            DryRun fanOut = engine.dryRunOf(ORDERS, customer);
            show(some.created(), some.updated(), some.deleted(), some.unchanged(), some.failed());
            show(some.samples(), some.failures());
            show(fanOut.ifAllDiffer().calls(), fanOut.ifAllDiffer().atLeast());
            show(fanOut.ifAllDiffer().atLeast(Duration.ofMillis(300)));

            assertThat(shown)
                    .containsExactly(
                            0L, 0L, 0L, 2L, 0L, List.of(), List.of(), 2L, Duration.ZERO, Duration.ofMillis(300));
            assertThat(waiting.subjects()).isZero();
            assertThat(engine.dryRun(atThePartner, List.of(1L, 2L)).created()).isEqualTo(2);
            assertThat(recorded.count()).isEqualTo(2);
        }
    }

    @Test
    void aBurstComesToRest() {
        Policy policy = Policy.defaults().settle(Duration.ofSeconds(2), Duration.ofSeconds(30));
        RecordingDestination recorded = RecordingDestination.named("recorded");
        SyncMachine<Order, Long> machine = SyncMachine.define("orders", Order.class, Long.class)
                .listenTo(Order.class)
                .build(order -> new OrderDocument(order.id(), order.country()))
                .publish(recorded)
                .policy(policy)
                .done();
        try (SyncEngine engine = start(machine)) {
            for (String country : List.of("DE", "FR", "AT")) {
                entities.save(new Order(1, country, 7));
                threads.runAll();
                clock.advance(Duration.ofSeconds(1));
            }
            assertThat(engine.backlog().jobs()).isEqualTo(1);

            clock.advance(Duration.ofSeconds(1));
            threads.runAll();

            assertThat(recorded.count()).isEqualTo(1);
        }
    }
}
