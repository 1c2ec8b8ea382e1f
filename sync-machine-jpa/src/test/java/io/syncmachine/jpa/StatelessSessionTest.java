package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jpa.shop.Customer;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.OrderLine;
import io.syncmachine.testing.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.hibernate.Session;
import org.hibernate.StatelessSession;
import org.hibernate.Version;
import org.hibernate.boot.registry.StandardServiceRegistry;
import org.hibernate.boot.registry.StandardServiceRegistryBuilder;
import org.hibernate.cfg.Configuration;
import org.hibernate.engine.jdbc.mutation.MutationExecutor;
import org.hibernate.engine.jdbc.mutation.internal.StandardMutationExecutorService;
import org.hibernate.engine.jdbc.mutation.spi.BatchKeyAccess;
import org.hibernate.engine.jdbc.mutation.spi.MutationExecutorService;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.sql.model.MutationOperationGroup;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What is seen of stateless sessions, on every version of Hibernate. */
class StatelessSessionTest {

    private final TestDatabase database = TestDatabase.create();
    private final Unit unit = Unit.of(database, Customer.class, Order.class, OrderLine.class);
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final SyncMachine<Order, Long> orders = SyncMachine.define("orders", Order.class, Long.class)
            .listenTo(Order.class, "status")
            .listenTo(OrderLine.class, (line, changed) -> changed.isAll() ? List.of(line.orderId()) : List.of())
            .build(order -> order.getStatus() + order.getTags())
            .publish((order, document) -> calls.add(order.getId() + " " + document))
            .onDelete(id -> calls.add("delete " + id))
            .done();

    @BeforeEach
    void createCustomers() {
        unit.inTransaction(manager -> {
            manager.persist(new Customer(1, "Ann", "Yang"));
            manager.persist(new Customer(2, "Bob", "Zorn"));
        });
    }

    @AfterEach
    void close() {
        unit.close();
        database.close();
    }

    private static Order order(long id, String status) {
        return new Order(id, new Customer(1, "", ""), status);
    }

    @Test
    void insertsUpdatesUpsertsAndDeletesArePublished() {
        unit.work(orders);
        unit.stateless(session -> {
            Order order = order(10, "new");
            order.getTags().add("gift");
            session.insert(order);
        });
        unit.settle();
        unit.stateless(session -> {
            Order order = session.get(Order.class, 10L);
            order.setStatus("paid");
            session.update(order);
        });
        unit.settle();
        unit.stateless(session -> session.upsert(order(10, "sent")));
        unit.stateless(session -> session.upsert(order(11, "upserted")));
        unit.settle();
        unit.stateless(session -> session.delete(session.get(Order.class, 10L)));
        unit.settle();
        assertThat(calls)
                .startsWith("10 new[gift]", "10 paid[gift]")
                .contains("11 upserted[]")
                .anyMatch(call -> call.startsWith("10 sent"))
                .endsWith("delete 10")
                .hasSize(5);
    }

    @Test
    void oneInsertTakesAllChangesAndARollbackLeavesNone() {
        unit.capture(orders);
        unit.stateless(session -> {
            session.insert(order(10, "new"));
            session.update(order(10, "paid"));
            session.insert(order(11, "new"));
        });
        assertThat(unit.rows("kind = 'CREATE'")).isEqualTo(2);
        assertThat(unit.take("true")).isEqualTo(2);
        try (StatelessSession session = unit.factory.openStatelessSession()) {
            session.beginTransaction();
            session.insert(order(12, "new"));
            session.getTransaction().rollback();
        }
        assertThat(unit.rows("true")).isZero();
    }

    @Test
    void whatAStatelessSessionDeletesTellsItsReferences() {
        unit.capture(SyncMachine.define("customers", Customer.class, Long.class)
                .listenTo(Order.class, (order, changed) -> changed.oldReferences("customer", Long.class))
                .build(Customer::getFirstName)
                .publish((customer, name) -> {})
                .done());
        unit.stateless(session -> session.insert(order(10, "new")));
        unit.take("true");
        unit.stateless(session -> session.delete(session.get(Order.class, 10L)));
        assertThat(unit.rows("type like '#%' and entity_id = '1'")).isEqualTo(1);
    }

    @Test
    void sessionsSideBySideKeepTheirChanges() {
        unit.capture(orders);
        try (Session stateful = unit.factory.openSession();
                StatelessSession first = unit.factory.openStatelessSession();
                StatelessSession second = unit.factory.openStatelessSession()) {
            stateful.beginTransaction();
            first.beginTransaction();
            second.beginTransaction();
            first.insert(order(10, "new"));
            second.insert(order(11, "new"));
            stateful.persist(new Order(12, stateful.getReference(Customer.class, 1L), "new"));
            stateful.flush();
            first.insert(order(13, "new"));
            first.getTransaction().commit();
            second.getTransaction().rollback();
            stateful.getTransaction().commit();
        }
        assertThat(unit.rows("entity_id in ('10', '12', '13')")).isEqualTo(3);
        assertThat(unit.rows("true")).isEqualTo(3);
    }

    @Test
    void theApplicationTellsInItsTransaction() {
        SyncEngine engine = unit.capture(orders);
        unit.stateless(session -> {
            engine.in(session).changed(Order.class, List.of(10L));
            session.insert(order(11, "new"));
        });
        assertThat(unit.take("true")).isEqualTo(2);
        try (StatelessSession session = unit.factory.openStatelessSession()) {
            assertThatThrownBy(() -> engine.in(session).changed(Order.class, List.of(10L)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no active transaction");
            session.beginTransaction();
            engine.in(session).changed(Order.class, List.of(10L));
            session.getTransaction().rollback();
        }
        assertThat(unit.rows("true")).isZero();
    }

    @Test
    void aChangeWithoutATransactionIsWrittenAtOnceAndWarnedOf() {
        unit.capture(orders);
        List<String> warnings = warnings(() -> {
            try (StatelessSession session = unit.factory.openStatelessSession()) {
                session.insert(order(10, "new"));
                assertThat(unit.take("entity_id = '10'")).isEqualTo(1);
                session.insert(order(11, "new"));
                session.delete(order(10, "new"));
            }
        });
        assertThat(unit.rows("true")).isEqualTo(2);
        assertThat(warnings).singleElement().asString().contains("Order", "transaction");
    }

    @Test
    void theApplicationsOwnExecutorOfStatementsIsKept() {
        try (Unit other = Unit.of(
                database,
                Map.of("hibernate.jdbc.mutation.executor", new Counting()),
                Customer.class,
                Order.class,
                OrderLine.class)) {
            other.capture(orders);
            other.stateless(session -> session.insert(order(10, "new")));
            assertThat(other.rows("entity_id = '10'")).isEqualTo(1);
        }
        assertThat(Counting.statements.get()).isPositive();
    }

    /** An application may have one of its own. */
    private static final class Counting extends StandardMutationExecutorService {

        static final AtomicInteger statements = new AtomicInteger();

        Counting() {
            super(1);
        }

        @Override
        public MutationExecutor createExecutor(
                BatchKeyAccess batchKey, MutationOperationGroup operations, SharedSessionContractImplementor session) {
            statements.incrementAndGet();
            return super.createExecutor(batchKey, operations, session);
        }
    }

    @Test
    void whereTheSessionCannotBeKnownThatIsWarnedOfOnce() {
        Configuration configuration = new Configuration()
                .addAnnotatedClass(Customer.class)
                .addAnnotatedClass(Order.class)
                .addAnnotatedClass(OrderLine.class);
        configuration.getProperties().put("jakarta.persistence.nonJtaDataSource", database.dataSource());
        StandardServiceRegistry registry = new StandardServiceRegistryBuilder()
                .applySettings(configuration.getProperties())
                .addService(MutationExecutorService.class, new StandardMutationExecutorService(1))
                .build();
        try (Unit other = Unit.of(database, configuration.buildSessionFactory(registry))) {
            other.capture(orders);
            List<String> warnings = warnings(() -> other.stateless(session -> {
                session.insert(order(10, "new"));
                session.insert(order(11, "new"));
            }));
            if (Version.getVersionString().startsWith("6.")) {
                assertThat(warnings).singleElement().asString().contains("Order", "engine.in(session).changed");
            } else {
                assertThat(other.rows("true")).isEqualTo(2);
            }
        }
    }

    private static List<String> warnings(Runnable work) {
        Logger logger = (Logger) LoggerFactory.getLogger(ChangeCapture.class);
        ListAppender<ILoggingEvent> appender = new ListAppender<>();
        appender.start();
        logger.addAppender(appender);
        try {
            work.run();
        } finally {
            logger.detachAppender(appender);
        }
        return appender.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }
}
