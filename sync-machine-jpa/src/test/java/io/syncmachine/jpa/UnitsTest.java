package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.hibernate.engine.transaction.jta.platform.spi.JtaPlatform;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several persistence units and engines in one process. */
class UnitsTest {

    private final TestDatabase database = TestDatabase.create();
    private final List<String> calls = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        database.close();
    }

    @Entity(name = "Product")
    static class Product {
        @Id
        @Nullable
        Long id;

        @Nullable
        String name;
    }

    @Entity(name = "Supplier")
    static class Supplier {
        @Id
        @Nullable
        Long id;
    }

    private SyncMachine<Product, Long> products(String machine) {
        return SyncMachine.define(machine, Product.class, Long.class)
                .listenTo(Product.class)
                .build(product -> String.valueOf(product.name))
                .publish(publication -> calls.add(machine + " put " + publication.id() + " " + publication.document()))
                .onDelete(id -> calls.add(machine + " delete " + id))
                .done();
    }

    private static void save(Unit unit, long id, String name) {
        unit.inTransaction(manager -> {
            Product product = new Product();
            product.id = id;
            product.name = name;
            manager.merge(product);
        });
    }

    @Test
    void twoUnitsOfTheSameEntitiesEachWithItsStore() {
        try (Unit first = Unit.of(database, Product.class);
                Unit second = Unit.of(database, Product.class)) {
            first.start("first_", true, products("a"));
            second.start("second_", true, products("b"));
            save(first, 1, "x");
            save(second, 2, "y");
            first.settle();
            second.settle();
            assertThat(calls).containsExactlyInAnyOrder("a put 1 x", "b put 2 y");
        }
    }

    @Test
    void twoUnitsOfDifferentEntities() {
        try (Unit first = Unit.of(database, Product.class);
                Unit second = Unit.of(database, Supplier.class)) {
            first.start("first_", true, products("a"));
            second.start(
                    "second_",
                    true,
                    SyncMachine.define("suppliers", Supplier.class, Long.class)
                            .listenTo(Supplier.class)
                            .build(supplier -> String.valueOf(supplier.id))
                            .publish((supplier, document) -> calls.add("supplier " + document))
                            .done());
            assertThatThrownBy(() -> second.capture(products("b")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("'b'", "Product", "[Supplier]");
            save(first, 1, "x");
            second.inTransaction(manager -> {
                Supplier supplier = new Supplier();
                supplier.id = 5L;
                manager.persist(supplier);
            });
            first.settle();
            second.settle();
            assertThat(calls).containsExactlyInAnyOrder("a put 1 x", "supplier 5");
        }
    }

    @Test
    void twoEnginesOnOneUnitAndStore() {
        try (Unit unit = Unit.of(database, Product.class)) {
            SyncEngine a = unit.work(products("a"));
            unit.work(products("b"));
            save(unit, 1, "x");
            unit.settle();
            assertThat(calls).containsExactlyInAnyOrder("a put 1 x", "b put 1 x");
            a.close();
            calls.clear();
            save(unit, 2, "y");
            awaitCall("b put 2 y");
            assertThat(calls).containsExactly("b put 2 y");
        }
    }

    @Test
    void twoEnginesOnOneUnitWithStoresOfTheirOwn() {
        try (Unit unit = Unit.of(database, Product.class)) {
            unit.start("first_", true, products("a"));
            SyncEngine second = unit.start("second_", true, products("a"));
            save(unit, 1, "x");
            unit.settle();
            assertThat(calls).containsExactly("a put 1 x", "a put 1 x");
            second.close();
            calls.clear();
            save(unit, 2, "y");
            awaitCall("a put 2 y");
            assertThat(database.number("select count(*) from second_outbox")).isZero();
        }
    }

    private void awaitCall(String call) {
        await().atMost(Duration.ofSeconds(20)).until(() -> calls.contains(call));
    }

    @Test
    void machinesOfOneNameInTwoEnginesShareTheirWork() {
        try (Unit first = Unit.of(database, Product.class);
                Unit second = Unit.of(database, Product.class)) {
            first.work(products("a"));
            second.work(products("a"));
            save(first, 1, "x");
            save(second, 2, "y");
            first.settle();
            assertThat(calls).containsExactlyInAnyOrder("a put 1 x", "a put 2 y");
        }
    }

    @Test
    void oneSourceServesOneEngine() {
        try (Unit unit = Unit.of(database, Product.class)) {
            unit.capture(products("a"));
            JpaEntities entities = JpaEntities.of(unit.factory);
            SyncEngine.Builder builder = SyncEngine.builder()
                    .machines(products("b"))
                    .entities(entities)
                    .store(JdbcStore.of(database.dataSource()));
            try (SyncEngine engine = builder.start()) {
                assertThat(engine.backlog().isEmpty()).isTrue();
                assertThatThrownBy(() -> SyncEngine.builder()
                                .machines(products("c"))
                                .entities(entities)
                                .store(JdbcStore.of(database.dataSource()))
                                .start())
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("make another");
            }
        }
    }

    @Test
    void aUnitWithJtaTransactionsIsRefused() {
        JtaPlatform platform = (JtaPlatform) Proxy.newProxyInstance(
                JtaPlatform.class.getClassLoader(),
                new Class<?>[] {JtaPlatform.class},
                (proxy, method, arguments) -> method.getReturnType() == boolean.class ? Boolean.TRUE : null);
        try (Unit unit = Unit.of(
                database,
                Map.of(
                        "hibernate.transaction.coordinator_class",
                        "jta",
                        "hibernate.transaction.jta.platform",
                        platform,
                        "hibernate.dialect",
                        "org.hibernate.dialect.PostgreSQLDialect",
                        "hibernate.hbm2ddl.auto",
                        "none"),
                Product.class)) {
            assertThatThrownBy(() -> JpaEntities.of(unit.factory))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("JTA", "RESOURCE_LOCAL");
        }
    }
}
