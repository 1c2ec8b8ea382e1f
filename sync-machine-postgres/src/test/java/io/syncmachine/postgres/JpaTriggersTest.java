package io.syncmachine.postgres;

import static io.syncmachine.postgres.Invoices.told;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.syncmachine.ChangeHandler;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jpa.JpaEntities;
import io.syncmachine.spi.IdPieces;
import io.syncmachine.testing.TestDatabase;
import jakarta.persistence.CollectionTable;
import jakarta.persistence.Column;
import jakarta.persistence.DiscriminatorValue;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.Id;
import jakarta.persistence.Inheritance;
import jakarta.persistence.InheritanceType;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToMany;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.OneToMany;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Triggers on the tables of JPA entities, alone and together with what Hibernate tells. */
class JpaTriggersTest {

    @Embeddable
    static class Address {
        String street = "s";

        @Column(name = "\"Town\"")
        String town = "t";
    }

    @Embeddable
    record PlaceId(String region, int number) {}

    @Entity(name = "Place")
    static class Place {
        @EmbeddedId
        PlaceId id = new PlaceId("", 0);

        String name = "n";
    }

    @Entity(name = "Customer")
    @Table(name = "\"User\"")
    static class Customer {
        @Id
        long id;

        @Version
        long version;

        @Column(name = "\"firstName\"")
        String firstName = "f";

        @Embedded
        Address address = new Address();

        @ManyToOne
        Place place;

        @ElementCollection
        @CollectionTable(name = "customer_tags", joinColumns = @JoinColumn(name = "customer_id"))
        Set<String> tags = new HashSet<>();

        @ManyToMany
        List<Place> favourites = new ArrayList<>();

        @OneToMany(mappedBy = "customer")
        List<Purchase> purchases = new ArrayList<>();
    }

    @Entity(name = "Purchase")
    static class Purchase {
        @Id
        long id;

        @ManyToOne
        Customer customer;

        int amount;
    }

    @Entity(name = "Payment")
    @Inheritance(strategy = InheritanceType.SINGLE_TABLE)
    static class Payment {
        @Id
        long id;

        int amount;
    }

    @Entity(name = "Card")
    @DiscriminatorValue("card")
    static class Card extends Payment {
        String number;
    }

    @Entity(name = "Party")
    @Inheritance(strategy = InheritanceType.JOINED)
    static class Party {
        @Id
        long id;

        String name;
    }

    @Entity(name = "Firm")
    static class Firm extends Party {
        String form;
    }

    record Document(long id) {}

    private final TestDatabase database = TestDatabase.create();
    private final SessionFactory factory = factory();
    private final JpaEntities entities = JpaEntities.of(factory);
    private final List<Long> published = new CopyOnWriteArrayList<>();

    private final SyncMachine<Customer, Long> customers = SyncMachine.define("customers", Customer.class, Long.class)
            .listenTo(Customer.class, "firstName", "address.town", "place", "tags", "favourites")
            .listenTo(Purchase.class, Set.of("amount", "customer"), purchase -> List.of(purchase.customer.id))
            .build(customer -> new Document(customer.version * 1_000 + customer.purchases.size()))
            .publish((customer, document) -> published.add(customer.id))
            .done();

    JpaTriggersTest() {
        Invoices.createStore(database.dataSource());
    }

    private SessionFactory factory() {
        Configuration configuration = new Configuration();
        List.of(Place.class, Customer.class, Purchase.class, Payment.class, Card.class, Party.class, Firm.class)
                .forEach(configuration::addAnnotatedClass);
        configuration.getProperties().put("jakarta.persistence.nonJtaDataSource", database.dataSource());
        configuration.setProperty("hibernate.hbm2ddl.auto", "update");
        return configuration.buildSessionFactory();
    }

    @AfterEach
    void close() {
        factory.close();
        database.close();
    }

    private PostgresTriggers apply(PostgresTriggers.Builder builder) throws SQLException {
        PostgresTriggers triggers = builder.build();
        triggers.apply(database.dataSource());
        assertThat(triggers.check(database.dataSource())).isEmpty();
        return triggers;
    }

    private void inTransaction(Consumer<EntityManager> work) {
        try (EntityManager manager = factory.createEntityManager()) {
            manager.getTransaction().begin();
            work.accept(manager);
            manager.getTransaction().commit();
        }
    }

    private void createCustomers() {
        inTransaction(manager -> {
            Place place = new Place();
            place.id = new PlaceId("north \"1\"", 7);
            manager.persist(place);
            for (long id = 1; id <= 3; id++) {
                Customer customer = new Customer();
                customer.id = id;
                customer.place = place;
                manager.persist(customer);
                Purchase purchase = new Purchase();
                purchase.id = id * 10;
                purchase.customer = customer;
                manager.persist(purchase);
            }
        });
    }

    @Test
    void columnsReferencesAndCollectionsAreThoseOfTheMapping() throws SQLException {
        apply(PostgresTriggers.builder(entities).machines(customers));
        createCustomers();
        told(database);

        database.execute("update \"User\" set \"firstName\" = 'x', street = 'x', version = 9 where id = 1");
        assertThat(told(database)).containsExactly("UPDATE Customer 1 [firstName] customers");

        database.execute("update \"User\" set street = 'y', version = 10 where id = 1");
        assertThat(told(database)).isEmpty();

        database.execute("update \"User\" set \"Town\" = 'x' where id = 1");
        assertThat(told(database)).containsExactly("UPDATE Customer 1 [address.town] customers");

        database.execute("update \"User\" set place_region = null, place_number = null where id = 1");
        assertThat(told(database))
                .containsExactly(
                        "UPDATE Customer 1 [place place={\"number\":7,\"region\":\"north \\\"1\\\"\"}] customers");

        database.execute("insert into customer_tags values (1, 'a'), (1, 'b'), (2, 'c')");
        assertThat(told(database))
                .containsExactly("UPDATE Customer 1 [tags] customers", "UPDATE Customer 2 [tags] customers");
        database.execute("update customer_tags set customer_id = 3 where tags = 'c'");
        assertThat(told(database))
                .containsExactly("UPDATE Customer 2 [tags] customers", "UPDATE Customer 3 [tags] customers");
        database.execute("delete from customer_tags where tags in ('a', 'b')");
        assertThat(told(database)).containsExactly("UPDATE Customer 1 [tags] customers");

        database.execute("update purchase set customer_id = 2 where id = 10");
        assertThat(told(database))
                .containsExactly(
                        "UPDATE #Purchase 1 [*] customers", "UPDATE Purchase 10 [customer customer=1] customers");
        database.execute("delete from purchase where id = 10");
        assertThat(told(database)).containsExactly("DELETE #Purchase 2 [*] customers");
    }

    @Test
    void aTableOfSeveralClassesTellsWhichOneARowIs() throws SQLException {
        apply(PostgresTriggers.builder(entities)
                .handlers(
                        ChangeHandler.onChange("all", Payment.class, change -> {})
                                .listenTo("amount"),
                        ChangeHandler.onChange("cards", Card.class, change -> {})
                                .listenTo("number")));

        database.execute("insert into payment (id, amount, dtype) values (1, 1, 'Payment')");
        database.execute("insert into payment (id, amount, number, dtype) values (2, 1, 'n', 'card')");
        assertThat(told(database)).containsExactly("CREATE Card 2 [* +] all cards", "CREATE Payment 1 [* +] all");

        database.execute("update payment set amount = 2");
        assertThat(told(database)).containsExactly("UPDATE Card 2 [amount] all", "UPDATE Payment 1 [amount] all");

        database.execute("update payment set number = 'm'");
        assertThat(told(database)).containsExactly("UPDATE Card 2 [number] cards");

        database.execute("delete from payment");
        assertThat(told(database)).containsExactly("DELETE Card 2 [*] all cards", "DELETE Payment 1 [*] all");
    }

    @Test
    void anEntityInSeveralTablesIsToldByEach() throws SQLException {
        apply(PostgresTriggers.builder(entities)
                .handlers(
                        ChangeHandler.onChange("parties", Party.class, change -> {}),
                        ChangeHandler.onChange("firms", Firm.class, change -> {})
                                .listenTo("name", "form")));

        database.execute("insert into party values (1, 'a')");
        assertThat(told(database))
                .contains("CREATE Party 1 [* +] parties")
                .allSatisfy(row -> assertThat(row).contains(" 1 "));
        database.execute("insert into firm (id, form) values (1, 'x')");
        assertThat(told(database)).contains("CREATE Firm 1 [* +] firms");

        database.execute("update firm set form = 'y'");
        assertThat(told(database)).contains("UPDATE Firm 1 [form] firms");
        database.execute("update party set name = 'b'");
        assertThat(told(database))
                .contains("UPDATE Party 1 [name] parties")
                .anySatisfy(row -> assertThat(row).contains("Firm 1").contains("firms"));
    }

    @Test
    void whatHibernateDoesIsWrittenOnceWhereTriggersTellIt() throws SQLException {
        PostgresTriggers triggers = apply(PostgresTriggers.builder(entities).machines(customers));
        assertThat(triggers.capturedTypes(database.dataSource())).containsExactly("Customer", "Purchase");
        entities.besideTriggers(() -> triggers.capturedTypes(database.dataSource()));
        try (SyncEngine capturing = capture()) {
            createCustomers();
            assertThat(told(database)).hasSize(6).allMatch(row -> row.startsWith("CREATE"));

            inTransaction(manager -> {
                manager.find(Customer.class, 1L).firstName = "x";
                manager.find(Purchase.class, 20L).amount = 5;
                manager.flush();
                manager.createQuery("update Customer c set c.firstName = 'bulk' where c.id = 2")
                        .executeUpdate();
            });
            assertThat(told(database))
                    .containsExactly(
                            "UPDATE Customer 1 [firstName] customers",
                            "UPDATE Customer 2 [firstName] customers",
                            "UPDATE Purchase 20 [amount] customers");
            assertThat(capturing.backlog().changes()).isZero();
        }
    }

    private SyncEngine capture() {
        return SyncEngine.builder()
                .machines(customers)
                .entities(entities)
                .store(JdbcStore.of(database.dataSource()))
                .works(false)
                .start();
    }

    @Test
    void whatTriggersDoNotTellHibernateTellsAsEver() throws SQLException {
        PostgresTriggers triggers = apply(PostgresTriggers.builder(entities).machines(customers));
        database.execute("alter table purchase disable trigger sync_machine_update");
        entities.besideTriggers(() -> triggers.capturedTypes(database.dataSource()));
        try (SyncEngine capturing = capture()) {
            createCustomers();
            told(database);

            inTransaction(manager -> {
                manager.find(Customer.class, 1L).firstName = "x";
                manager.find(Purchase.class, 20L).amount = 5;
            });

            assertThat(told(database))
                    .containsExactly(
                            "UPDATE Customer 1 [firstName] customers", "UPDATE Purchase 20 [amount] customers");
            assertThat(capturing.backlog().changes()).isZero();
        }
    }

    @Test
    void theInverseSideOfAnAssociationIsLeftToHibernate() throws SQLException {
        SyncMachine<Customer, Long> inverse = SyncMachine.define("inverse", Customer.class, Long.class)
                .listenTo(Customer.class, "purchases")
                .build(customer -> new Document(customer.id))
                .publish((customer, document) -> {})
                .done();
        PostgresTriggers triggers = apply(PostgresTriggers.builder(entities).machines(inverse));

        assertThat(triggers.capturedTypes(database.dataSource())).isEmpty();
        assertThat(triggers.sql()).contains("-- Of Customer, no column holds [purchases].");
    }

    @Test
    void changesOfHibernateAndOfOthersArePublishedOnceEach() throws SQLException {
        PostgresTriggers triggers = apply(PostgresTriggers.builder(entities).machines(customers));
        entities.besideTriggers(() -> triggers.capturedTypes(database.dataSource()));
        try (SyncEngine engine = SyncEngine.builder()
                .machines(customers)
                .entities(entities)
                .store(JdbcStore.of(database.dataSource()))
                .start()) {
            createCustomers();
            settle(engine);
            assertThat(published).containsExactlyInAnyOrder(1L, 2L, 3L);
            published.clear();

            inTransaction(manager -> manager.find(Customer.class, 1L).firstName = "x");
            database.execute("delete from purchase where id = 20");
            settle(engine);
            assertThat(published).containsExactlyInAnyOrder(1L, 2L);
            published.clear();

            inTransaction(manager -> manager.remove(manager.find(Purchase.class, 30L)));
            settle(engine);
            assertThat(published).containsExactly(3L);
        }
    }

    private static void settle(SyncEngine engine) {
        await().atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> engine.backlog().isEmpty());
    }

    @Test
    void anIdThatNoDatabaseWritesAsItsCodecIsRefused() {
        assertThatThrownBy(() -> IdPieces.single(Instant.class, "at"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("java.time.Instant")
                .hasMessageContaining("numbers, text, UUIDs, dates and names of enums can");
    }
}
