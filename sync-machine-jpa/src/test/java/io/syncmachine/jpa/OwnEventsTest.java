package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.jpa.shop.Customer;
import io.syncmachine.jpa.shop.FakeApi;
import io.syncmachine.jpa.shop.Node;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.ShopMachines;
import io.syncmachine.testing.CountingDataSource;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.EntityManager;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the application tells by itself, in its own transactions. */
class OwnEventsTest {

    private final TestDatabase database = TestDatabase.create();
    private final CountingDataSource counting = new CountingDataSource(database.dataSource());
    private final Node node = Node.capturing(counting.dataSource(), ShopMachines.orderToApi(new FakeApi()));

    @BeforeEach
    void createAnOrder() {
        node.shop().inTransaction(manager -> {
            Customer ann = new Customer(1, "Ann", "Yang");
            manager.persist(ann);
            manager.persist(new Order(10, ann, "new"));
        });
        database.execute("delete from sync_machine_outbox");
        counting.clear();
    }

    @AfterEach
    void close() {
        node.close();
        database.close();
    }

    private long rows() {
        return database.number("select count(*) from sync_machine_outbox");
    }

    @Test
    void atOnceWithoutATransaction() {
        node.engine().changed(Order.class, List.of(10L));
        assertThat(rows()).isEqualTo(1);
        try (EntityManager manager = node.shop().factory().createEntityManager()) {
            node.engine().changed(manager.getReference(Order.class, 10L));
        }
        assertThat(rows()).isEqualTo(2);
    }

    @Test
    void withTheChangesOfAnEntityManagerInOneStatement() {
        node.shop().inTransaction(manager -> {
            Order order = manager.find(Order.class, 10L);
            order.getCustomer().setLastName("Young");
            node.engine().in(manager).changed(order);
            node.engine().in(manager).changed(order);
        });
        assertThat(rows()).isEqualTo(2);
        assertThat(counting.statements().stream().filter(sql -> sql.contains("sync_machine_outbox")))
                .hasSize(1);
    }

    @Test
    void goneWithTheRollbackOfAnEntityManager() {
        node.shop().rollBack(manager -> node.engine().in(manager).changed(Order.class, List.of(10L)));
        assertThat(rows()).isZero();
    }

    @Test
    void inAConnectionsTransaction() throws Exception {
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            node.engine().in(connection).changed(Order.class, List.of(10L));
            assertThat(rows()).isZero();
            connection.rollback();
            assertThat(rows()).isZero();
            node.engine().in(connection).changed(Order.class, List.of(10L));
            connection.commit();
            assertThat(rows()).isEqualTo(1);
        }
    }

    @Test
    void whatIsNoTransactionIsRefused() throws Exception {
        try (EntityManager manager = node.shop().factory().createEntityManager()) {
            assertThatThrownBy(() -> node.engine().in(manager).changed(Order.class, List.of(10L)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no active transaction");
        }
        try (Connection connection = database.dataSource().getConnection()) {
            assertThatThrownBy(() -> node.engine().in(connection).changed(Order.class, List.of(10L)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("auto-commit");
        }
        assertThatThrownBy(() -> node.engine().changed(new Order()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no id");
        assertThat(rows()).isZero();
    }
}
