package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.syncmachine.ChangedProperties;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jpa.shop.Customer;
import io.syncmachine.jpa.shop.FakeApi;
import io.syncmachine.jpa.shop.Node;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.OrderDocument;
import io.syncmachine.jpa.shop.OrderLine;
import io.syncmachine.jpa.shop.Shop;
import io.syncmachine.jpa.shop.ShopMachines;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.testing.CountingDataSource;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.EntityManager;
import jakarta.transaction.Synchronization;
import java.lang.ref.WeakReference;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.Transaction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is written to the outbox, and what it costs the host. */
class ChangeCaptureTest {

    private final TestDatabase database = TestDatabase.create();
    private final CountingDataSource counting = new CountingDataSource(database.dataSource());
    private final FakeApi api = new FakeApi();
    private final Node host = Node.capturing(counting.dataSource(), ShopMachines.orderToApi(api));
    private final Shop shop = host.shop();

    @BeforeEach
    void createTwoOrders() {
        shop.inTransaction(manager -> {
            Customer ann = new Customer(1, "Ann", "Yang");
            manager.persist(ann);
            manager.persist(new Customer(2, "Bob", "Zorn"));
            manager.persist(new Order(10, ann, "new"));
            Order order = new Order(11, ann, "new");
            manager.persist(order);
            manager.persist(new OrderLine(order, "tea", 1));
        });
        database.execute("delete from sync_machine_outbox");
        counting.clear();
    }

    @AfterEach
    void close() {
        host.close();
        database.close();
    }

    private List<String> outboxInserts() {
        return counting.statements().stream()
                .filter(sql -> sql.contains("sync_machine_outbox"))
                .toList();
    }

    private long rows(String condition) {
        return database.number("select count(*) from sync_machine_outbox where " + condition);
    }

    @Test
    void oneInsertForAllChangesOfATransaction() {
        shop.inTransaction(manager -> {
            manager.find(Order.class, 10L).setStatus("paid");
            manager.flush();
            manager.find(Order.class, 11L).setStatus("paid");
            manager.find(Customer.class, 1L).setLastName("Young");
        });
        assertThat(outboxInserts()).hasSize(1);
        assertThat(rows("true")).isEqualTo(3);
        assertThat(rows("type = 'Order' and entity_id = '10' and kind = 'UPDATE' and changed = 'status'"))
                .isEqualTo(1);
        assertThat(rows("machines = 'order-to-api'")).isEqualTo(3);
    }

    @Test
    void severalChangesOfOneEntityAreOneRow() {
        shop.inTransaction(manager -> {
            manager.find(Order.class, 10L).setStatus("paid");
            manager.flush();
            manager.find(Order.class, 10L).setStatus("sent");
            manager.flush();
            Order created = new Order(12, manager.find(Customer.class, 1L), "new");
            manager.persist(created);
            manager.flush();
            created.setStatus("paid");
        });
        assertThat(rows("true")).isEqualTo(2);
        assertThat(rows("entity_id = '12' and kind = 'CREATE'")).isEqualTo(1);
    }

    @Test
    void nothingForPropertiesThatNoMachineReads() {
        shop.inTransaction(manager -> {
            manager.find(Order.class, 10L).setWarehouseCode("W7");
            manager.find(Customer.class, 1L).setNote("vip");
        });
        assertThat(outboxInserts()).isEmpty();
    }

    @Test
    void nothingForATransactionThatOnlyReads() {
        shop.inTransaction(manager -> manager.find(Order.class, 10L).document());
        assertThat(outboxInserts()).isEmpty();
    }

    @Test
    void nothingAfterARollback() {
        shop.rollBack(manager -> manager.find(Order.class, 10L).setStatus("paid"));
        assertThat(outboxInserts()).isEmpty();
        assertThat(rows("true")).isZero();
    }

    @Test
    void aRollbackLeavesNothingForTheNextTransactionOfTheSession() {
        try (var manager = shop.factory().createEntityManager()) {
            manager.getTransaction().begin();
            manager.find(Order.class, 10L).setStatus("paid");
            manager.flush();
            manager.getTransaction().rollback();
            manager.clear();
            manager.getTransaction().begin();
            manager.find(Order.class, 11L).setStatus("paid");
            manager.getTransaction().commit();
        }
        assertThat(rows("entity_id = '11'")).isEqualTo(1);
        assertThat(rows("true")).isEqualTo(1);
    }

    @Test
    void anOutboxThatIsAwayFailsTheHostTransaction() {
        database.execute("alter table sync_machine_outbox rename to away");
        assertThatThrownBy(() -> shop.inTransaction(
                        manager -> manager.find(Order.class, 10L).setStatus("paid")))
                .hasStackTraceContaining("outbox");
        database.execute("alter table away rename to sync_machine_outbox");
        assertThat(database.number("select count(*) from orders where status = 'paid'"))
                .isZero();
    }

    @Test
    void oldReferencesTravelWithTheChange() {
        shop.inTransaction(
                manager -> manager.find(Order.class, 10L).setCustomer(manager.getReference(Customer.class, 2L)));
        assertThat(rows("changed = 'customer' || chr(31) || 'customer=1'")).isEqualTo(1);
    }

    @Test
    void aChangedCollectionIsAChangedPropertyOfItsOwner() {
        shop.inTransaction(manager -> manager.find(Order.class, 10L).getTags().add("gift"));
        assertThat(rows("type = 'Order' and entity_id = '10' and changed = 'tags'"))
                .isEqualTo(1);
    }

    @Test
    void compositeIdsAreWrittenAsSortedJson() {
        shop.inTransaction(manager ->
                manager.find(OrderLine.class, new OrderLine.Key(11L, "tea")).setQuantity(2));
        assertThat(rows("type = 'OrderLine' and entity_id = '{\"orderId\":11,\"product\":\"tea\"}'"))
                .isEqualTo(1);
    }

    @Test
    void theSubjectsOfADeletedEntityAreFoundInItsTransaction() {
        shop.inTransaction(manager -> {
            Order order = manager.find(Order.class, 11L);
            order.getLines().remove(0);
        });
        assertThat(rows("type = 'OrderLine' and kind = 'DELETE'")).isEqualTo(1);
        assertThat(rows("type like '#%' and entity_id = '11'")).isEqualTo(1);
    }

    @Test
    void aFinderThatFailsOnADeletedEntityDoesNotFailTheHost() {
        try (Node other = Node.capturing(database.anotherPool(5), failingFinder())) {
            other.shop().inTransaction(manager -> {
                Customer bob = manager.find(Customer.class, 2L);
                bob.setNote("gone");
                manager.remove(bob);
            });
        }
        assertThat(database.number("select count(*) from customer where id = 2"))
                .isZero();
        assertThat(rows("type = 'Customer' and kind = 'DELETE'")).isEqualTo(1);
        assertThat(rows("type = '!resync' and entity_id = '*' and machines = 'failing'"))
                .isEqualTo(1);
    }

    @Test
    void aResyncIsAskedForWithTheTransactionThatDeletesOrNotAtAll() {
        try (Node other = Node.capturing(database.anotherPool(5), failingFinder())) {
            other.shop().rollBack(manager -> manager.remove(manager.find(Customer.class, 2L)));
        }
        assertThat(rows("type = '!resync'")).isZero();
    }

    private SyncMachine<Order, Long> failingFinder() {
        return SyncMachine.define("failing", Order.class, Long.class)
                .listenTo(Customer.class, (Customer customer, ChangedProperties changed) -> fail())
                .build(Order::document)
                .publish((order, document) -> {})
                .done();
    }

    private static Collection<Long> fail() {
        throw new IllegalStateException("this finder always fails");
    }

    @Test
    void finderIsGivenWhatChangedAndWhatItPointedTo() {
        List<ChangedProperties> seen = new CopyOnWriteArrayList<>();
        SyncMachine<Customer, Long> machine = customerToApi(seen);
        try (Node worker = Node.working(database.anotherPool(10), machine)) {
            worker.shop()
                    .inTransaction(manager ->
                            manager.find(Order.class, 10L).setCustomer(manager.getReference(Customer.class, 2L)));
            worker.settle();
        }
        assertThat(seen).isNotEmpty().allSatisfy(changed -> {
            assertThat(changed.names()).containsExactly("customer");
            assertThat(changed.oldReferences("customer", Long.class)).containsExactly(1L);
        });
        assertThat(api.documents()).containsOnlyKeys(1L, 2L);
    }

    private SyncMachine<Customer, Long> customerToApi(List<ChangedProperties> seen) {
        return SyncMachine.define("customer-to-api", Customer.class, Long.class)
                .listenTo(Order.class, (Order order, ChangedProperties changed) -> {
                    seen.add(changed);
                    List<Long> ids = new ArrayList<>(changed.oldReferences("customer", Long.class));
                    ids.add(order.getCustomer().getId());
                    return ids;
                })
                .build(customer -> new OrderDocument(customer.getId(), customer.getFirstName(), ""))
                .publish((customer, document) -> api.put(document))
                .done();
    }

    @Test
    void whatAnEntityReferredToBeforeIsPublishedThoughItIsDeletedBeforeItsJobRuns() {
        SyncMachine<Customer, Long> machine = customerToApi(new ArrayList<>());
        try (Node captures = Node.capturing(database.anotherPool(5), machine)) {
            captures.shop()
                    .inTransaction(manager ->
                            manager.find(Order.class, 10L).setCustomer(manager.getReference(Customer.class, 2L)));
            captures.shop().inTransaction(manager -> manager.remove(manager.find(Order.class, 10L)));
        }
        try (Node worker = Node.working(database.anotherPool(10), machine)) {
            worker.settle();
        }
        assertThat(api.documents()).containsOnlyKeys(1L, 2L);
    }

    @Test
    void aFinderThatFailsOnAMovedEntityHindersNobodyAndIsAskedAgain() {
        SyncMachine<Customer, Long> machine = SyncMachine.define("customer-to-api", Customer.class, Long.class)
                .listenTo(Order.class, (Order order, ChangedProperties changed) -> {
                    if (failsFirst.getAndSet(false)) {
                        throw new IllegalStateException("not now");
                    }
                    return changed.oldReferences("customer", Long.class);
                })
                .build(customer -> new OrderDocument(customer.getId(), customer.getFirstName(), ""))
                .publish((customer, document) -> api.put(document))
                .done();
        try (Node worker = Node.working(database.anotherPool(10), machine)) {
            worker.shop()
                    .inTransaction(manager ->
                            manager.find(Order.class, 10L).setCustomer(manager.getReference(Customer.class, 2L)));
            worker.settle();
        }
        assertThat(failsFirst).isFalse();
        assertThat(api.documents()).containsOnlyKeys(1L);
    }

    private final AtomicBoolean failsFirst = new AtomicBoolean(true);

    @Test
    void manyDeletedEntitiesCostOneSavepoint() {
        shop.inTransaction(manager -> {
            for (int i = 0; i < 50; i++) {
                manager.persist(new OrderLine(manager.find(Order.class, 10L), "p" + i, 1));
            }
        });
        database.execute("delete from sync_machine_outbox");
        counting.clear();

        shop.inTransaction(manager -> manager.createQuery("select l from OrderLine l", OrderLine.class)
                .getResultList()
                .forEach(manager::remove));

        assertThat(rows("type like '#%'")).isEqualTo(2);
        assertThat(counting.statements().stream().filter(sql -> sql.equals("savepoint")))
                .hasSize(1);
        assertThat(outboxInserts()).hasSize(1);
    }

    @Test
    void aFinderThatFailsOnADeletedEntityKeepsNoSubjectsFromOtherMachines() {
        try (Node other = Node.start(
                database.anotherPool(5),
                failingFinder(),
                engine -> engine.works(false)
                        .machines(SyncMachine.define("working", Order.class, Long.class)
                                .listenTo(Customer.class, customer -> List.of(77L))
                                .build(Order::document)
                                .publish((order, document) -> {})
                                .done()))) {
            other.shop().inTransaction(manager -> manager.remove(manager.find(Customer.class, 2L)));
        }
        assertThat(rows("type like '#%' and entity_id = '77' and machines = 'working'"))
                .isEqualTo(1);
    }

    @Test
    void aSessionThatIsClosedInTheMiddleOfATransactionIsForgotten() {
        WeakReference<Session> closed = new WeakReference<>(closedInTheMiddle());
        await().atMost(Duration.ofSeconds(20)).until(() -> {
            System.gc();
            return closed.get() == null;
        });
    }

    private Session closedInTheMiddle() {
        Session session = shop.factory().unwrap(SessionFactory.class).openSession();
        session.beginTransaction();
        session.find(Order.class, 10L).setStatus("paid");
        session.flush();
        session.close();
        return session;
    }

    @Test
    void entitiesThatAreFlushedAndClearedAreNotKept() {
        shop.inTransaction(manager -> {
            WeakReference<Order> cleared = new WeakReference<>(flushed(manager, 10));
            manager.clear();
            flushed(manager, 11); // Hibernate 7 keeps the one that it wrote last
            manager.clear();
            await().atMost(Duration.ofSeconds(20)).until(() -> {
                System.gc();
                return cleared.get() == null;
            });
        });
        assertThat(rows("entity_id = '10'")).isEqualTo(1);
    }

    private static Order flushed(EntityManager manager, long id) {
        Order order = manager.find(Order.class, id);
        order.setStatus("paid");
        manager.flush();
        return order;
    }

    @Test
    void changesOfASynchronizationAreSeen() {
        try (Session session = shop.factory().unwrap(SessionFactory.class).openSession()) {
            Transaction transaction = session.beginTransaction();
            session.find(Order.class, 10L).setStatus("paid");
            transaction.registerSynchronization(new Synchronization() {
                @Override
                public void beforeCompletion() {
                    session.find(Order.class, 11L).setStatus("sent");
                    session.flush();
                }

                @Override
                public void afterCompletion(int status) {}
            });
            transaction.commit();
        }
        assertThat(rows("entity_id = '10'")).isEqualTo(1);
        assertThat(rows("entity_id = '11'")).isEqualTo(1);
    }

    @Test
    void aDetachedEntityWithANewCollectionIsReattached() throws Exception {
        Method update = Arrays.stream(Session.class.getMethods())
                .filter(method -> method.getName().equals("update") && method.getParameterCount() == 1)
                .findFirst()
                .orElse(null);
        assumeTrue(update != null, "Hibernate 7 has no update");
        Order detached = new Order(10, null, "paid");
        try (Session session = shop.factory().unwrap(SessionFactory.class).openSession()) {
            session.beginTransaction();
            update.invoke(session, detached);
            session.getTransaction().commit();
        }
        assertThat(rows("entity_id = '10'")).isEqualTo(1);
    }

    @Test
    void aStoreElsewhereIsRefused() {
        assertThatThrownBy(() -> SyncEngine.builder()
                        .machines(ShopMachines.orderToApi(api))
                        .entities(JpaEntities.of(shop.factory()))
                        .store(InMemoryStore.create())
                        .start())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("JdbcStore");
    }

    @Test
    void unknownPropertiesAndEntitiesAreTold() {
        SyncMachine<Order, Long> unknownProperty = SyncMachine.define("typo", Order.class, Long.class)
                .listenTo(Order.class, "statu")
                .build(Order::document)
                .publish((order, document) -> {})
                .done();
        assertThatThrownBy(() -> Node.capturing(database.anotherPool(2), unknownProperty))
                .hasMessageContaining("typo")
                .hasMessageContaining("statu")
                .hasMessageContaining("warehouseCode");
        SyncMachine<String, Long> noEntity = SyncMachine.define("wrong", String.class, Long.class)
                .build(text -> text)
                .publish((text, document) -> {})
                .done();
        assertThatThrownBy(() -> Node.capturing(database.anotherPool(2), noEntity))
                .hasMessageContaining("wrong")
                .hasMessageContaining("java.lang.String")
                .hasMessageContaining("Customer");
        SyncMachine<Order, String> wrongId = SyncMachine.define("wrong-id", Order.class, String.class)
                .build(Order::document)
                .publish((order, document) -> {})
                .done();
        assertThatThrownBy(() -> Node.capturing(database.anotherPool(2), wrongId))
                .hasMessageContaining("wrong-id")
                .hasMessageContaining("java.lang.Long");
    }
}
