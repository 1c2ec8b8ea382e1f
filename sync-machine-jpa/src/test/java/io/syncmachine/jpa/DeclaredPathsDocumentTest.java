package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.PathsExplanation;
import io.syncmachine.ReadPolicy;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.annotation.AnnotatedMachine;
import io.syncmachine.annotation.Build;
import io.syncmachine.annotation.OnDelete;
import io.syncmachine.annotation.Publish;
import io.syncmachine.annotation.Reads;
import io.syncmachine.annotation.SyncMachineFor;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.test.ManualClock;
import io.syncmachine.test.ReadSetCheck;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.CascadeType;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.OneToMany;
import jakarta.persistence.Table;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The page about declared paths. */
class DeclaredPathsDocumentTest {

    private final TestDatabase database = TestDatabase.create();
    private final Unit unit = Unit.of(database, Order.class, Line.class, Product.class, Customer.class);

    @Entity(name = "Order")
    @Table(name = "orders")
    static class Order {
        @Id
        Long id;

        String status = "new";

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Customer customer;

        @OneToMany(mappedBy = "order", cascade = CascadeType.ALL)
        Set<Line> lines = new HashSet<>();
    }

    @Entity(name = "Line")
    static class Line {
        @Id
        Long id;

        int quantity;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Order order;

        @ManyToOne(fetch = FetchType.LAZY)
        @Nullable
        Product product;
    }

    @Entity(name = "Product")
    static class Product {
        @Id
        Long id;

        String name = "";
    }

    @Entity(name = "Customer")
    static class Customer {
        @Id
        Long id;

        String firstName = "";
        String lastName = "";
        String notes = "";

        String firstName() {
            return firstName;
        }

        String lastName() {
            return lastName;
        }
    }

    /** What the API gets. */
    record OrderView(String status, String customer, List<String> products) {
        static OrderView of(Order order) {
            return new OrderView(
                    order.status,
                    order.customer == null ? "" : order.customer.firstName(),
                    order.lines.stream()
                            .map(line -> line.product == null ? "" : PathModel.real(line.product).name)
                            .sorted()
                            .toList());
        }
    }

    private final SyncMachine<Order, Long> orders = orders();

    private static SyncMachine<Order, Long> orders() {
        return SyncMachine.define("orders", Order.class, Long.class)
                .reads("status", "customer.firstName", "lines.product.name")
                .build(OrderView::of)
                .publish((order, view) -> {})
                .done();
    }

    private static SyncMachine<Order, Long> mixed() {
        return SyncMachine.define("orders", Order.class, Long.class)
                .reads("status", "lines.quantity")
                .reads(ReadPolicy.PACED, "lines.product.name")
                .reads(ReadPolicy.IGNORED, "customer.notes")
                .build(OrderView::of)
                .publish((order, view) -> {})
                .done();
    }

    @SyncMachineFor(subject = Order.class, name = "orders")
    @Reads({"status", "customer.firstName"})
    @Reads(value = "lines.product.name", policy = ReadPolicy.PACED)
    static class Annotated {

        @Build
        OrderView view(Order order) {
            return OrderView.of(order);
        }

        @Publish
        void publish(Order order, OrderView view) {}

        @OnDelete
        void delete(Long id) {}
    }

    @BeforeEach
    void createOrders() {
        unit.inTransaction(manager -> {
            Product tea = new Product();
            tea.id = 1L;
            tea.name = "tea";
            manager.persist(tea);
            for (long id = 7; id <= 8; id++) {
                Customer customer = new Customer();
                customer.id = id;
                customer.firstName = "Ann" + id;
                manager.persist(customer);
            }
            for (long id = 1; id <= 3; id++) {
                Order order = new Order();
                order.id = id;
                order.customer = manager.find(Customer.class, 7L);
                Line line = new Line();
                line.id = id;
                line.order = order;
                line.product = tea;
                order.lines.add(line);
                manager.persist(order);
            }
        });
    }

    @AfterEach
    void close() {
        unit.close();
        database.close();
    }

    @Test
    void theCheckPasses() {
        EntityManagerFactory factory = unit.factory;
        ReadSetCheck.of(JpaEntities.of(factory), orders).assertCovered(1L, 2L);
    }

    @Test
    void theExplanationIsAsThePageShowsIt() throws IOException {
        try (SyncEngine engine = unit.capture(orders)) {
            PathsExplanation paths = engine.explainPaths(orders);
            String page = Files.readString(Path.of("..", "docs", "paths.md"));
            String counted = paths.withRowCounts().toString();
            String customers = counted.substring(counted.indexOf("customer: "), counted.indexOf("lines: "));
            assertThat(page).contains(counted.substring(0, counted.indexOf("    select")));
            assertThat(page).contains(customers.substring(customers.indexOf("  2 rows")));
            assertThat(counted)
                    .contains("2 rows, of which one concerns at most 3 subjects (7)")
                    .endsWith("largest fan-out: one change concerns at most 3 subjects");
        }
    }

    @Test
    void theErrorIsAsThePageShowsIt() throws IOException {
        SyncMachine<Order, Long> wrong = SyncMachine.define("orders", Order.class, Long.class)
                .reads("customer.fullName")
                .build(OrderView::of)
                .publish((order, view) -> {})
                .done();
        String page = Files.readString(Path.of("..", "docs", "paths.md"));
        assertThatThrownBy(() -> unit.capture(wrong))
                .satisfies(failure -> assertThat(page).contains(failure.getMessage()));
    }

    @Test
    void theCheckFailsAsThePageShowsIt() throws IOException {
        SyncMachine<Order, Long> machine = SyncMachine.define("orders", Order.class, Long.class)
                .reads("status", "customer.firstName")
                .build(order -> order.status + (order.customer == null ? "" : order.customer.lastName()))
                .publish((order, view) -> {})
                .done();
        String page = Files.readString(Path.of("..", "docs", "paths.md"));
        assertThatThrownBy(() ->
                        ReadSetCheck.of(JpaEntities.of(unit.factory), machine).assertCovered(1L))
                .satisfies(failure -> assertThat(page)
                        .contains(String.join(
                                "\n",
                                String.valueOf(failure.getMessage())
                                        .lines()
                                        .limit(3)
                                        .toList())));
    }

    @Test
    void annotationsSayTheSame() {
        Map<String, ReadPolicy> reads =
                AnnotatedMachine.of(new Annotated()).definition().reads();
        assertThat(reads)
                .containsEntry("status", ReadPolicy.NOW)
                .containsEntry("customer.firstName", ReadPolicy.NOW)
                .containsEntry("lines.product.name", ReadPolicy.PACED)
                .hasSize(3);
        assertThat(mixed().definition().reads()).containsEntry("customer.notes", ReadPolicy.IGNORED);
    }

    @Test
    void sourcesThatKnowNoAssociationsSaySo() {
        assertThatThrownBy(() -> SyncEngine.builder()
                        .machines(orders)
                        .entities(InMemoryEntities.create().type(Order.class, Long.class, order -> order.id))
                        .store(InMemoryStore.create(ManualClock.create()))
                        .start())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "machine 'orders': reads(status, customer.firstName, lines.product.name) cannot be"
                                + " derived by InMemoryEntities")
                .hasMessageContaining("listenTo(…)");
    }
}
