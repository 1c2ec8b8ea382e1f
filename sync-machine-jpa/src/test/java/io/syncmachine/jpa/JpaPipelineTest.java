package io.syncmachine.jpa;

import static io.syncmachine.testing.DatabaseKind.POSTGRESQL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.syncmachine.DryRun;
import io.syncmachine.Explanation.Difference;
import io.syncmachine.JournalPolicy;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.shop.Customer;
import io.syncmachine.jpa.shop.FakeApi;
import io.syncmachine.jpa.shop.Node;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.OrderDocument;
import io.syncmachine.jpa.shop.OrderLine;
import io.syncmachine.jpa.shop.Shop;
import io.syncmachine.jpa.shop.ShopMachines;
import io.syncmachine.testing.CountingDataSource;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import io.syncmachine.testing.TestDatabase;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The whole way from a committed entity to the API. */
@OnEveryDatabase(
        except = {DatabaseKind.H2, DatabaseKind.MARIADB, DatabaseKind.MARIADB_BY_MYSQL_DRIVER, DatabaseKind.MYSQL})
class JpaPipelineTest {

    private final TestDatabase database;
    private final FakeApi api = new FakeApi();

    JpaPipelineTest(DatabaseKind kind) {
        database = TestDatabase.create(kind);
    }

    @AfterEach
    void closeDatabase() {
        database.close();
    }

    private static void createOrders(Shop shop, long customers, long ordersPerCustomer) {
        LongStream.rangeClosed(1, customers)
                .forEach(c -> shop.inTransaction(manager -> {
                    Customer customer = new Customer(c, "Ann", "No" + c);
                    manager.persist(customer);
                    LongStream.range(0, ordersPerCustomer)
                            .forEach(o -> manager.persist(new Order(c * 1000 + o, customer, "new")));
                }));
    }

    @Test
    void anEntityThatALoadingQueryLeavesOutIsNotTakenForDeleted() {
        Shop shop = Shop.on(database.dataSource());
        try (shop;
                SyncEngine engine = SyncEngine.builder()
                        .machines(ShopMachines.orderToApi(api))
                        .entities(JpaEntities.of(shop.factory())
                                .loading(
                                        Order.class,
                                        "select o from Order o join fetch o.customer where o.id in (:ids)"))
                        .store(JdbcStore.builder(database.dataSource())
                                .schemaMode(SchemaMode.CREATE)
                                .build())
                        .start()) {
            Node node = new Node(shop, engine, true);
            createOrders(shop, 1, 1);
            node.settle();
            assertThat(api.documents()).containsOnlyKeys(1000L);

            shop.inTransaction(manager -> manager.find(Order.class, 1000L).setCustomer(null));
            node.settle();

            assertThat(api.documents()).containsEntry(1000L, new OrderDocument(1000, null, "new"));
        }
    }

    @Test
    void aDryRunTellsWhatAChangeWouldConcernAndWhatWaits() {
        SyncMachine<Order, Long> machine = ShopMachines.orderToApi(api);
        try (Node node = Node.working(database.dataSource(), machine)) {
            Shop shop = node.shop();
            SyncEngine engine = node.engine();
            createOrders(shop, 2, 250);
            node.settle();
            api.forgetCalls();

            DryRun before = engine.dryRunOf(machine, new Customer(1L, "Ann", "No1"));
            assertThat(before.unchanged()).isEqualTo(250);
            assertThat(before.ifAllDiffer().calls()).isEqualTo(250);
            assertThat(engine.backlog().isEmpty()).isTrue();

            engine.pause(machine, "for a while");
            shop.inTransaction(manager -> manager.find(Customer.class, 1L).setLastName("Yang"));
            await().until(() -> engine.dryRun(machine).updated() == 250);
            DryRun waiting = engine.dryRun(machine);
            assertThat(waiting.subjects()).isEqualTo(250);
            assertThat(waiting.samples().get(0).differences())
                    .extracting(Difference::after)
                    .containsExactly("\"Ann Yang\"");
            assertThat(api.calls()).isEmpty();

            engine.resume(machine);
            node.settle();
            assertThat(api.callCount()).isEqualTo(250);
        }
    }

    @Test
    void publishesWhatWasCommitted() {
        try (Node node = Node.working(database.dataSource(), ShopMachines.orderToApi(api))) {
            Shop shop = node.shop();
            createOrders(shop, 2, 3);
            node.settle();
            assertThat(api.documents()).hasSize(6).containsEntry(1001L, new OrderDocument(1001, "Ann No1", "new"));
            assertThat(api.callCount()).isEqualTo(6);

            api.forgetCalls();
            shop.inTransaction(manager -> manager.find(Customer.class, 1L).setLastName("Yang"));
            node.settle();
            assertThat(api.calls()).containsExactlyInAnyOrder("put 1000 new", "put 1001 new", "put 1002 new");
            assertThat(api.documents()).containsEntry(1001L, new OrderDocument(1001, "Ann Yang", "new"));

            api.forgetCalls();
            shop.inTransaction(manager -> manager.find(Customer.class, 1L).setNote("vip"));
            shop.inTransaction(manager -> manager.find(Order.class, 1000L).setWarehouseCode("W1"));
            shop.inTransaction(manager -> manager.remove(manager.find(Order.class, 2000L)));
            node.settle();
            assertThat(api.calls()).containsExactly("delete 2000");
        }
    }

    @Test
    void publishesAChangeThatLandsBetweenBuildAndRecord() {
        AtomicInteger puts = new AtomicInteger();
        Shop[] host = new Shop[1];
        var machine = ShopMachines.orderToApi(
                (order, document) -> {
                    if (puts.incrementAndGet() == 1) {
                        host[0].inTransaction(manager ->
                                manager.find(Order.class, document.id()).setStatus("paid"));
                    }
                    api.put(document);
                },
                api::delete);
        try (Node node = Node.working(database.dataSource(), machine)) {
            host[0] = node.shop();
            createOrders(node.shop(), 1, 1);
            node.settle();
        }
        assertThat(api.calls()).containsExactly("put 1000 new", "put 1000 paid");
    }

    @Test
    void coalescesChangesThatWait() {
        try (Node host = Node.capturing(database.dataSource(), ShopMachines.orderToApi(api))) {
            createOrders(host.shop(), 1, 3);
            for (String status : List.of("picked", "packed", "sent")) {
                host.shop()
                        .inTransaction(manager -> LongStream.range(1000, 1003)
                                .forEach(id -> manager.find(Order.class, id).setStatus(status)));
            }
            try (Node worker = Node.working(database.anotherPool(10), ShopMachines.orderToApi(api))) {
                worker.settle();
            }
        }
        assertThat(api.calls()).containsExactlyInAnyOrder("put 1000 sent", "put 1001 sent", "put 1002 sent");
    }

    @Test
    void anEngineCanBeStoppedAndStartedOnTheSameFactory() {
        try (Shop shop = Shop.on(database.dataSource())) {
            for (long customer = 1; customer <= 2; customer++) {
                try (Node node = Node.on(shop, database.dataSource(), ShopMachines.orderToApi(api))) {
                    long id = customer;
                    shop.inTransaction(manager -> manager.persist(new Order(id, null, "new")));
                    assertThat(database.number("select count(*) from sync_machine_outbox"))
                            .isLessThanOrEqualTo(1);
                    node.settle();
                }
            }
            shop.inTransaction(manager -> manager.find(Order.class, 1L).setStatus("unseen"));
        }
        assertThat(api.calls()).containsExactly("put 1 new", "put 2 new");
        assertThat(database.number("select count(*) from sync_machine_outbox")).isZero();
    }

    @Test
    void twoEnginesPublishThousandsOfSubjectsWithoutOverlapOrDuplicate() {
        int subjects = database.kind() == POSTGRESQL ? 10_000 : 2_000;
        try (Node one = Node.working(database.dataSource(), ShopMachines.orderToApi(api));
                Node other = Node.working(database.anotherPool(20), ShopMachines.orderToApi(api))) {
            createOrders(one.shop(), 20, subjects / 20);
            one.settle();
            assertThat(other.engine().backlog().isEmpty()).isTrue();
        }
        assertThat(api.documents()).hasSize(subjects);
        assertThat(api.callCount()).isEqualTo(subjects);
        assertThat(api.overlapping()).isZero();
    }

    /** A tenth on PostgreSQL; elsewhere more, for a step reads what it locks before it writes. */
    @Test
    void aBacklogCostsAFractionOfAStatementPerPublishedSubject() {
        assertThat(statementsForTwoThousand(engine -> engine.journal(JournalPolicy.off())))
                .isLessThanOrEqualTo(database.kind() == POSTGRESQL ? 200 : 500);
    }

    @Test
    void theJournalCostsLittleMore() {
        assertThat(statementsForTwoThousand(engine -> engine))
                .isLessThanOrEqualTo(database.kind() == POSTGRESQL ? 240 : 550);
        assertThat(database.number("select count(*) from sync_machine_journal where result = 'PUBLISHED'"))
                .isEqualTo(2000);
    }

    private long statementsForTwoThousand(UnaryOperator<SyncEngine.Builder> settings) {
        try (Node host = Node.capturing(database.dataSource(), ShopMachines.orderToApi(api))) {
            createOrders(host.shop(), 20, 100);
            CountingDataSource counting = new CountingDataSource(database.anotherPool(20));
            try (Node worker = Node.start(counting.dataSource(), ShopMachines.orderToApi(api), settings)) {
                counting.clear();
                host.settle();
            }
            assertThat(api.callCount()).isEqualTo(2000);
            return counting.statements().size();
        }
    }

    /** 16 publications are under way together although the pool has 3 connections, one of which listens for wake-ups. */
    @Test
    void noConnectionIsHeldWhileUserCodePublishes() {
        CyclicBarrier allUnderWay = new CyclicBarrier(16);
        var machine = ShopMachines.orderToApi(
                (order, document) -> {
                    meet(allUnderWay);
                    api.put(document);
                },
                api::delete);
        try (Node host = Node.capturing(database.dataSource(), machine)) {
            createOrders(host.shop(), 1, 16);
            try (Node worker = Node.working(database.anotherPool(3), machine)) {
                host.settle();
            }
        }
        assertThat(api.callCount()).isEqualTo(16);
    }

    /**
     * 32 transactions that concern the same 100 subjects reach their commit, with all that capture has written before it, while none
     * of them has committed: so none waits for another because of capture.
     */
    @Test
    void writersOfHotSubjectsDoNotWaitForEachOther() throws Exception {
        int writers = 32;
        int rounds = 5;
        try (Node host = Node.capturing(database.dataSource(), ShopMachines.orderToApi(api))) {
            createOrders(host.shop(), 1, 100);
            host.shop()
                    .inTransaction(manager -> LongStream.range(1000, 1100).forEach(id -> {
                        Order order = manager.find(Order.class, id);
                        IntStream.range(0, writers).forEach(w -> manager.persist(new OrderLine(order, "p" + w, 0)));
                    }));
            ExecutorService threads = Executors.newFixedThreadPool(writers);
            CyclicBarrier allBeforeCommit = new CyclicBarrier(writers);
            BeforeCommit gate = new BeforeCommit(database.anotherPool(writers + 2), () -> meet(allBeforeCommit));
            try (Node writing = Node.capturing(gate.dataSource(), ShopMachines.orderToApi(api))) {
                gate.arm();
                List<Callable<Void>> work = IntStream.range(0, writers)
                        .mapToObj(w -> (Callable<Void>) () -> {
                            Random random = new Random(w);
                            for (int round = 0; round < rounds; round++) {
                                writing.shop()
                                        .inTransaction(manager -> random.longs(10, 1000, 1100)
                                                .distinct()
                                                .forEach(id -> manager.find(
                                                                OrderLine.class, new OrderLine.Key(id, "p" + w))
                                                        .setQuantity(random.nextInt())));
                            }
                            return null;
                        })
                        .toList();
                for (Future<Void> done : threads.invokeAll(work, 60, TimeUnit.SECONDS)) {
                    done.get();
                }
                gate.disarm();
            } finally {
                threads.shutdownNow();
            }
            try (Node worker = Node.working(database.anotherPool(20), ShopMachines.orderToApi(api))) {
                worker.settle();
            }
        }
        assertThat(api.documents()).hasSize(100);
        assertThat(api.callCount()).isEqualTo(100);
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new IllegalStateException("a writer never reached its commit", e);
        }
    }
}
