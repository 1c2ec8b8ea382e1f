package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.SyncEngine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.shop.Customer;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.OrderLine;
import io.syncmachine.jpa.shop.Shop;
import io.syncmachine.jpa.shop.ShopMachines;
import io.syncmachine.spi.Change;
import io.syncmachine.testing.CountingDataSource;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.EntityGraph;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How a batch of entities is read, and what it costs. */
class JpaReadTest {

    private final TestDatabase database = TestDatabase.create();
    private final CountingDataSource counting = new CountingDataSource(database.dataSource());
    private final Shop shop = Shop.on(counting.dataSource());
    private final List<Long> ids = LongStream.range(0, 100).boxed().toList();

    @BeforeEach
    void createOrders() {
        shop.inTransaction(manager -> ids.forEach(id -> {
            Customer customer = new Customer(id, "Ann", "No" + id);
            manager.persist(customer);
            Order order = new Order(id, customer, "new");
            manager.persist(order);
            manager.persist(new OrderLine(order, "tea", 1));
        }));
        counting.clear();
    }

    @AfterEach
    void close() {
        shop.close();
        database.close();
    }

    private Map<Long, String> customersOf(JpaEntities entities) throws Exception {
        Map<Long, String> customers = entities.read(
                Change.DEFAULT_TENANT,
                Order.class,
                ids,
                found -> found.entrySet().stream()
                        .collect(Collectors.toMap(
                                Map.Entry::getKey,
                                entry -> entry.getValue().document().customer())));
        return Objects.requireNonNull(customers);
    }

    @Test
    void withoutAPlanLazyReferencesAreLoadedOneByOne() throws Exception {
        assertThat(customersOf(JpaEntities.of(shop.factory()))).hasSize(100).containsEntry(7L, "Ann No7");
        assertThat(counting.statements()).hasSize(101);
    }

    @Test
    void aQueryOfTheUsersReadsABatchAtOnce() throws Exception {
        JpaEntities entities = JpaEntities.of(shop.factory()).loading(Order.class, ShopMachines.LOAD_ORDERS);
        assertThat(customersOf(entities)).hasSize(100).containsEntry(7L, "Ann No7");
        assertThat(counting.statements()).hasSize(1);
    }

    @Test
    void aFetchPlanReadsABatchAtOnce() throws Exception {
        EntityGraph<Order> graph;
        try (var manager = shop.factory().createEntityManager()) {
            graph = manager.createEntityGraph(Order.class);
        }
        graph.addAttributeNodes("customer");
        JpaEntities entities = JpaEntities.of(shop.factory()).fetching(Order.class, graph);
        assertThat(customersOf(entities)).hasSize(100).containsEntry(7L, "Ann No7");
        assertThat(counting.statements()).hasSize(1);
    }

    @Test
    void compositeIdsAreReadAtOnce() throws Exception {
        List<OrderLine.Key> keys =
                ids.stream().map(id -> new OrderLine.Key(id, "tea")).toList();
        Integer found = JpaEntities.of(shop.factory())
                .read(Change.DEFAULT_TENANT, OrderLine.class, keys, lines -> lines.size());
        assertThat(found).isEqualTo(100);
        assertThat(counting.statements()).hasSize(1);
    }

    @Test
    void theTransactionIsNotMarkedReadOnlyAndWritesNothing() throws Exception {
        JpaEntities.of(shop.factory()).read(Change.DEFAULT_TENANT, Order.class, ids, found -> {
            found.values().forEach(order -> order.setStatus("changed by build"));
            return found.size();
        });
        assertThat(counting.markedReadOnly()).isZero();
        assertThat(database.number("select count(*) from orders where status <> 'new'"))
                .isZero();
    }

    /** PostgreSQL keeps the plan of a statement that a connection runs often; one from when a table was small is bad when it is large. */
    @Test
    void noPlanIsKept() throws Exception {
        try (Shop one = Shop.on(database.anotherPool(1))) {
            JpaEntities entities = JpaEntities.of(one.factory()).loading(Order.class, ShopMachines.LOAD_ORDERS);
            try (SyncEngine engine = SyncEngine.builder()
                    .machines(ShopMachines.orderToApi((order, document) -> {}, id -> {}))
                    .entities(entities)
                    .store(JdbcStore.builder(database.dataSource())
                            .schemaMode(SchemaMode.CREATE)
                            .build())
                    .works(false)
                    .start()) {
                for (int i = 0; i < 20; i++) {
                    assertThat(customersOf(entities)).hasSize(100);
                }
                assertThat(plansKeptFor(one, "from Order o where o.status = 'none'", "o1_0.status='none'"))
                        .isEqualTo(1);
                assertThat(plansKeptFor(one, "from Order", "o1_0.id in")).isZero();
                assertThat(engine.backlog().isEmpty()).isTrue();
            }
        }
    }

    /** Runs a query often, and tells how many plans its connection keeps of statements with this in it. */
    private static long plansKeptFor(Shop one, String query, String part) {
        List<Long> plans = new ArrayList<>();
        one.inTransaction(manager -> {
            for (int i = 0; i < 20; i++) {
                manager.createQuery(query, Order.class).getResultList();
            }
            plans.add(((Number) manager.createNativeQuery(
                                    "select count(*) from pg_prepared_statements where position(:part in statement) > 0")
                            .setParameter("part", part)
                            .getSingleResult())
                    .longValue());
        });
        return plans.get(0);
    }

    @Test
    void aQueryWithoutIdsIsRefused() {
        JpaEntities entities = JpaEntities.of(shop.factory());
        assertThatThrownBy(() -> entities.loading(Order.class, "select o from Order o"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(":ids")
                .hasMessageContaining("select o from Order o");
    }
}
