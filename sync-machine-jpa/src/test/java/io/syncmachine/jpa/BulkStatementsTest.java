package io.syncmachine.jpa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.syncmachine.SyncEngine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.jpa.shop.Customer;
import io.syncmachine.jpa.shop.FakeApi;
import io.syncmachine.jpa.shop.Order;
import io.syncmachine.jpa.shop.OrderLine;
import io.syncmachine.jpa.shop.Shop;
import io.syncmachine.jpa.shop.ShopMachines;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.criteria.CriteriaUpdate;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.hibernate.SessionFactory;
import org.hibernate.StatelessSession;
import org.hibernate.Transaction;
import org.hibernate.cfg.Configuration;
import org.hibernate.resource.jdbc.spi.StatementInspector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Statements that pass by Hibernate's entities. */
class BulkStatementsTest {

    private final TestDatabase database = TestDatabase.create();
    private final Shop shop = Shop.on(database.dataSource());
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(BulkStatements.class);

    @BeforeEach
    void begin() {
        appender.start();
        logger.addAppender(appender);
        shop.inTransaction(manager -> {
            Customer ann = new Customer(1, "Ann", "Yang");
            manager.persist(ann);
            manager.persist(new Order(10, ann, "new"));
        });
    }

    @AfterEach
    void end() {
        logger.detachAppender(appender);
        shop.close();
        database.close();
    }

    private SyncEngine capturing(UnaryOperator<JpaEntities> settings) {
        return SyncEngine.builder()
                .machines(ShopMachines.orderToApi(new FakeApi()))
                .entities(settings.apply(JpaEntities.of(shop.factory())))
                .store(JdbcStore.builder(database.dataSource())
                        .schemaMode(SchemaMode.CREATE)
                        .build())
                .works(false)
                .start();
    }

    private List<String> warnings(UnaryOperator<JpaEntities> settings, Consumer<EntityManager> work) {
        try (SyncEngine engine = capturing(settings)) {
            shop.inTransaction(work);
        }
        return appender.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    private List<String> warnings(Consumer<EntityManager> work) {
        return warnings(entities -> entities, work);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "update Order o set o.status = 'sent' where o.id = 10",
                "delete from Order o where o.id = 11",
                "insert into Order (id, status) values (12, 'new')",
                "update Customer c set c.firstName = 'Anna'"
            })
    void ofBulkJpqlAreToldOf(String jpql) {
        List<String> warnings = warnings(manager -> manager.createQuery(jpql).executeUpdate());

        String entity = jpql.contains("Order") ? "[Order]" : "[Customer]";
        assertThat(warnings)
                .hasSize(jpql.startsWith("delete") ? 2 : 1)
                .allSatisfy(warning -> assertThat(warning)
                        .contains(entity)
                        .contains("triggers")
                        .contains("engine.in(entityManager).changed(")
                        .doesNotContain("'sent'")
                        .doesNotContain("'Anna'"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "update orders set status = 'sent' where id = 10",
                "/* a comment */ UPDATE public.\"orders\" SET status = 'sent'",
                "with gone as (select 11 as id) delete from orders using gone where orders.id = gone.id",
                "insert into orders (id, status) values (12, 'new')"
            })
    void ofNativeSqlAreToldOf(String sql) {
        assertThat(warnings(manager -> manager.createNativeQuery(sql).executeUpdate()))
                .hasSize(1);
    }

    @Test
    void onTheTableOfACollectionAreToldOfForItsOwner() {
        assertThat(warnings(manager -> manager.createNativeQuery("delete from order_tags where order_id = 10")
                        .executeUpdate()))
                .hasSize(1);
    }

    @Test
    void ofCriteriaAreToldOf() {
        assertThat(warnings(manager -> {
                    CriteriaUpdate<Order> update = manager.getCriteriaBuilder().createCriteriaUpdate(Order.class);
                    update.from(Order.class);
                    update.set("status", "sent");
                    manager.createQuery(update).executeUpdate();
                }))
                .hasSize(1);
    }

    @Test
    void ofStatelessSessionsAreToldOf() {
        try (SyncEngine engine = capturing(entities -> entities);
                StatelessSession session =
                        shop.factory().unwrap(SessionFactory.class).openStatelessSession()) {
            Transaction transaction = session.beginTransaction();
            session.createMutationQuery("update Order o set o.status = 'sent'").executeUpdate();
            session.insert(new Order(20, null, "new"));
            transaction.commit();
        }
        assertThat(appender.list).hasSize(1);
    }

    @Test
    void areToldOfOnceForEachText() {
        assertThat(warnings(manager -> {
                    for (int i = 0; i < 3; i++) {
                        manager.createQuery("update Order o set o.status = :status")
                                .setParameter("status", "s" + i)
                                .executeUpdate();
                    }
                    manager.createQuery("update Order o set o.warehouseCode = 'W'")
                            .executeUpdate();
                }))
                .hasSize(2);
    }

    @Test
    void thatChangeOtherTablesOrOnlyReadAreNotToldOf() {
        assertThat(warnings(manager -> {
                    manager.createNativeQuery("create table log (id bigint)").executeUpdate();
                    manager.createNativeQuery("insert into log (id) select id from orders")
                            .executeUpdate();
                    manager.createNativeQuery("update log set id = 1 where id in (select id from orders)")
                            .executeUpdate();
                    manager.createQuery("select o from Order o", Order.class).getResultList();
                    manager.createNativeQuery("select id from orders for update")
                            .getResultList();
                }))
                .isEmpty();
    }

    @Test
    void thatHibernateMakesForEntitiesAreNotToldOf() {
        assertThat(warnings(entities -> entities.strict(), manager -> {
                    Order order = manager.find(Order.class, 10L);
                    order.setStatus("sent");
                    order.getTags().add("fast");
                    order.getLines().add(new OrderLine(order, "tea", 1));
                    manager.flush();
                    order.getTags().clear();
                    order.getLines().clear();
                    manager.createQuery("select count(*) from Order o", Long.class)
                            .getSingleResult();
                    manager.remove(order);
                    manager.persist(new Order(30, null, "new"));
                }))
                .isEmpty();
    }

    @Test
    void areNotToldOfWhereTheyAreCoveredElsewhere() {
        assertThat(warnings(entities -> entities.coveredElsewhere(Order.class), manager -> {
                    manager.createQuery("update Order o set o.status = 'sent'").executeUpdate();
                    manager.createNativeQuery("update customer set note = 'x'").executeUpdate();
                }))
                .hasSize(1)
                .allSatisfy(warning -> assertThat(warning).contains("[Customer]"));
    }

    @Test
    void areRefusedByAStrictOne() {
        try (SyncEngine engine = capturing(JpaEntities::strict)) {
            assertThatThrownBy(() ->
                            shop.inTransaction(manager -> manager.createQuery("update Order o set o.status = 'sent'")
                                    .executeUpdate()))
                    .hasStackTraceContaining("refused")
                    .hasStackTraceContaining("[Order]");
            assertThatThrownBy(() -> shop.inTransaction(manager ->
                            manager.createNativeQuery("delete from orders").executeUpdate()))
                    .hasStackTraceContaining("refused");
        }

        assertThat(database.number("select count(*) from orders where status = 'new'"))
                .isEqualTo(1);
    }

    @Test
    void areRefusedButWhereTheyAreCovered() {
        EntityManagerFactory factory = shop.factory();
        JpaEntities entities = JpaEntities.of(factory).strict().coveredElsewhere(Customer.class);
        try (SyncEngine engine = capturing(ignored -> entities)) {
            shop.inTransaction(manager -> manager.createQuery("update Customer c set c.firstName = 'Anna'")
                    .executeUpdate());
            assertThatThrownBy(() -> shop.inTransaction(manager ->
                            manager.createQuery("delete from Order o").executeUpdate()))
                    .hasStackTraceContaining("refused");
        }

        assertThat(appender.list).isEmpty();
    }

    @Test
    void areLetThroughWhenTheEngineIsClosed() {
        capturing(JpaEntities::strict).close();

        shop.inTransaction(manager ->
                manager.createQuery("update Order o set o.status = 'sent'").executeUpdate());

        assertThat(database.number("select count(*) from orders where status = 'sent'"))
                .isEqualTo(1);
    }

    @Test
    void areSeenBesideAnInspectorOfTheApplicationsOwn() {
        Configuration configuration = new Configuration()
                .addAnnotatedClass(Customer.class)
                .addAnnotatedClass(Order.class)
                .addAnnotatedClass(OrderLine.class);
        configuration.getProperties().put("jakarta.persistence.nonJtaDataSource", database.dataSource());
        StatementInspector own = sql -> sql.replace("'SENT'", "'sent'");
        configuration.getProperties().put("hibernate.session_factory.statement_inspector", own);
        try (SessionFactory factory = configuration.buildSessionFactory();
                SyncEngine engine = SyncEngine.builder()
                        .machines(ShopMachines.orderToApi(new FakeApi()))
                        .entities(JpaEntities.of(factory))
                        .store(JdbcStore.builder(database.dataSource())
                                .schemaMode(SchemaMode.CREATE)
                                .build())
                        .works(false)
                        .start()) {
            factory.inTransaction(session -> session.createNativeMutationQuery("update orders set status = 'SENT'")
                    .executeUpdate());
        }

        assertThat(appender.list).hasSize(1);
        assertThat(database.number("select count(*) from orders where status = 'sent'"))
                .isEqualTo(1);
    }
}
