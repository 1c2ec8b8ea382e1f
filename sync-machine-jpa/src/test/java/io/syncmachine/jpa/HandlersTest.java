package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangeHandler;
import io.syncmachine.jpa.shop.Customer;
import io.syncmachine.jpa.shop.FakeApi;
import io.syncmachine.jpa.shop.Node;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.ShopMachines;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.EntityManager;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Handlers that work with JPA. */
class HandlersTest {

    private final TestDatabase database = TestDatabase.create();
    private final FakeApi api = new FakeApi();
    private final AtomicInteger calls = new AtomicInteger();

    @AfterEach
    void close() {
        database.close();
    }

    /** Keeps a customer's last name as the status of the orders: an application's own derived data. */
    private final ChangeHandler<Customer> derive = ChangeHandler.onChange("derive", Customer.class, change -> {
                calls.incrementAndGet();
                EntityManager manager = change.transaction(EntityManager.class);
                change.entity().ifPresent(customer -> {
                    assertThat(manager.contains(customer)).isTrue();
                    manager.createQuery("select o from Order o where o.customer = :c", Order.class)
                            .setParameter("c", customer)
                            .getResultList()
                            .forEach(order -> order.setStatus("of " + customer.getLastName()));
                });
            })
            .listenTo("lastName");

    private String status() {
        return Objects.requireNonNull(api.documents().get(10L)).status();
    }

    private void createCustomerWithOrder(Node node) {
        node.shop().inTransaction(manager -> {
            Customer ann = new Customer(1, "Ann", "Yang");
            manager.persist(ann);
            manager.persist(new Order(10, ann, "new"));
        });
        node.settle();
    }

    @Test
    void writeInATransactionOfTheirOwnAndAreCapturedLikeOthers() {
        try (Node node =
                Node.start(database.dataSource(), ShopMachines.orderToApi(api), engine -> engine.handlers(derive))) {
            createCustomerWithOrder(node);
            assertThat(status()).isEqualTo("of Yang");

            node.shop()
                    .inTransaction(manager -> manager.find(Customer.class, 1L).setLastName("Young"));
            node.settle();

            assertThat(status()).isEqualTo("of Young");
            assertThat(calls).hasValue(2);

            node.shop()
                    .inTransaction(manager -> manager.find(Customer.class, 1L).setFirstName("Anna"));
            node.settle();
            assertThat(calls).hasValue(2);
        }
    }

    @Test
    void thatFailRollBackWhatTheyWrote() {
        AtomicInteger attempts = new AtomicInteger();
        ChangeHandler<Customer> failing = ChangeHandler.onChange("fails-once", Customer.class, change -> {
            EntityManager manager = change.transaction(EntityManager.class);
            if (attempts.incrementAndGet() == 1) {
                manager.find(Order.class, 10L).setStatus("half done");
                manager.flush();
                throw new IllegalStateException("not yet");
            }
            assertThat(manager.find(Order.class, 10L).getStatus()).isEqualTo("new");
            change.events().changed(Order.class, List.of(10L));
        });
        try (Node node =
                Node.start(database.dataSource(), ShopMachines.orderToApi(api), engine -> engine.handlers(failing))) {
            createCustomerWithOrder(node);

            assertThat(attempts).hasValueGreaterThanOrEqualTo(2);
            node.shop()
                    .inTransaction(
                            manager -> assertThat(manager.find(Order.class, 10L).getStatus())
                                    .isEqualTo("new"));
        }
    }
}
