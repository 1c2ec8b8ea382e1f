package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.jdbc.PlainShop.Customer;
import io.syncmachine.jdbc.PlainShop.Line;
import io.syncmachine.jdbc.PlainShop.LineId;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntityReference;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.IdCodec;
import io.syncmachine.spi.Store;
import io.syncmachine.test.EntitySourceContract;
import io.syncmachine.testing.CountingDataSource;
import io.syncmachine.testing.TestDatabase;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/** On PostgreSQL. */
class JdbcEntitiesTest extends EntitySourceContract<Customer> {

    private final TestDatabase database = TestDatabase.create();
    private @Nullable Connection current;

    JdbcEntitiesTest() {
        super(Customer.class);
        PlainShop.createTables(database);
    }

    @AfterEach
    void closeDatabase() {
        database.close();
    }

    @Override
    protected Store createStore() {
        return store(database);
    }

    private static JdbcStore store(TestDatabase database) {
        return JdbcStore.builder(database.dataSource())
                .schemaMode(SchemaMode.CREATE)
                .wakeUps(false)
                .build();
    }

    @Override
    protected EntitySource createSource() {
        return PlainShop.entities(database.dataSource()).build();
    }

    @Override
    protected void transaction(Runnable changes) {
        PlainShop.commit(database.dataSource(), connection -> within(connection, changes));
    }

    @Override
    protected void rolledBackTransaction(Runnable changes) {
        PlainShop.rollBack(database.dataSource(), connection -> within(connection, changes));
    }

    private void within(Connection connection, Runnable changes) {
        current = connection;
        changes.run();
    }

    @Override
    protected Connection currentTransaction() {
        return Objects.requireNonNull(current, "changes are made in a transaction");
    }

    @Override
    protected void createCustomer(long id, String firstName, String lastName) {
        update("insert into customers values (?, ?, ?)", id, firstName, lastName);
    }

    @Override
    protected void renameCustomer(long id, String firstName, String lastName) {
        update("update customers set first_name = ?, last_name = ? where id = ?", firstName, lastName, id);
    }

    @Override
    protected void deleteCustomer(long id) {
        update("delete from customers where id = ?", id);
    }

    private void update(String sql, Object... parameters) {
        try {
            PlainShop.update(currentTransaction(), sql, parameters);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    protected void renameIn(Object transaction, Customer customer, String firstName) {
        current = (Connection) transaction;
        renameCustomer(customer.id(), firstName, customer.lastName());
    }

    @Override
    protected String firstName(Customer customer) {
        return customer.firstName();
    }

    private static final ChangeListener NOBODY = new ChangeListener() {
        @Override
        public boolean listensTo(String type) {
            return false;
        }

        @Override
        public Set<String> concerned(String type, ChangeKind kind, Collection<String> properties) {
            return Set.of();
        }

        @Override
        public @Nullable String trace() {
            return null;
        }

        @Override
        public Set<String> findersOf(String type) {
            return Set.of();
        }

        @Override
        public List<Change> subjectsOf(
                String machine, String tenant, String type, ChangeKind kind, Object entity, ChangedProperties changed) {
            return List.of();
        }
    };

    private static final List<Change> CHANGES = List.of(new Change(
            Change.DEFAULT_TENANT, "Customer", "1", ChangeKind.UPDATE, ChangedProperties.all(), Set.of("customers")));

    interface Animal {
        String id();
    }

    interface Pet extends Animal {}

    interface Guard extends Animal {}

    record Dog(String id) implements Pet, Guard {}

    record Cat(String id) implements Pet {}

    static class Base {
        @Nullable
        UUID uuid;

        transient int cached;
        static int count;
    }

    static final class Derived extends Base {
        String label = "";
    }

    @Nested
    class Declaring {

        private final JdbcEntities.Builder builder = JdbcEntities.builder(database.dataSource());

        private static <E> List<E> nothing(Connection connection, List<?> ids) {
            return List.of();
        }

        @Test
        void takesTheComponentsOfARecordAsProperties() {
            JdbcEntities entities = PlainShop.entities(database.dataSource()).build();

            assertThat(entities.describe(Customer.class).properties()).containsExactly("firstName", "id", "lastName");
            assertThat(entities.describe(Customer.class).names()).containsExactly("Customer");
        }

        @Test
        void takesTheFieldsOfAnotherClassAsProperties() {
            JdbcEntities entities = builder.entity(Derived.class, UUID.class, it -> it.uuid, Declaring::nothing)
                    .build();

            assertThat(entities.describe(Derived.class).properties()).containsExactly("label", "uuid");
        }

        @Test
        void takesAnotherNameAndOtherPropertiesAndIds() {
            IdCodec<Long> hexadecimal = new IdCodec<>() {
                @Override
                public String encode(Long id) {
                    return Long.toHexString(id);
                }

                @Override
                public Long decode(String text) {
                    return Long.parseLong(text, 16);
                }
            };
            JdbcEntities entities = builder.entity(
                            Customer.class,
                            Long.class,
                            Customer::id,
                            PlainShop::customers,
                            it -> it.name("customer").properties("name").ids(hexadecimal))
                    .build();

            EntityDescription<Customer, ?> description = entities.describe(Customer.class);
            assertThat(description.name()).isEqualTo("customer");
            assertThat(description.properties()).containsExactly("name");
            assertThat(entities.refer(null, new Customer(255, "", "")))
                    .isEqualTo(new EntityReference(Change.DEFAULT_TENANT, "customer", "ff"));
        }

        @Test
        void writesIdsOfSeveralValuesAsJson() {
            JdbcEntities entities = PlainShop.entities(database.dataSource()).build();
            LineId id = new LineId(7, "a \"good\" thing");

            EntityReference reference = entities.refer(null, new Line(id, 1));

            assertThat(reference)
                    .isEqualTo(new EntityReference(
                            Change.DEFAULT_TENANT,
                            "order-line",
                            "{\"orderId\":7,\"product\":\"a \\\"good\\\" thing\"}"));
            assertThat(entities.describe(Line.class).ids().decode(reference.id()))
                    .isEqualTo(id);
        }

        @Test
        void takesAnObjectForItsNearestDeclaredType() {
            JdbcEntities entities = builder.entity(Animal.class, String.class, Animal::id, Declaring::nothing)
                    .entity(Pet.class, String.class, Animal::id, Declaring::nothing)
                    .entity(Guard.class, String.class, Animal::id, Declaring::nothing)
                    .build();

            assertThat(entities.refer(null, new Cat("tom")))
                    .isEqualTo(new EntityReference(Change.DEFAULT_TENANT, "Pet", "tom"));
            assertThatThrownBy(() -> entities.refer(null, new Dog("rex")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("Dog")
                    .hasMessageContaining("[Animal, Guard, Pet]");
        }

        @Test
        void refusesAnEntityWithoutAnId() {
            JdbcEntities entities = builder.entity(Derived.class, UUID.class, it -> it.uuid, Declaring::nothing)
                    .build();

            assertThatThrownBy(() -> entities.refer(null, new Derived()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("Derived has no id");
        }

        @Test
        void refusesDuplicatesAndMalformedNames() {
            assertThatThrownBy(builder::build).isInstanceOf(IllegalStateException.class);
            builder.entity(Customer.class, Long.class, Customer::id, PlainShop::customers);
            assertThatThrownBy(() -> builder.entity(Customer.class, Long.class, Customer::id, PlainShop::customers))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("Customer is declared twice");
            assertThatThrownBy(() -> builder.entity(
                            Cat.class, String.class, Cat::id, Declaring::nothing, it -> it.name("Customer")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'Customer'")
                    .hasMessageContaining("Cat");
            assertThatThrownBy(() ->
                            builder.entity(Cat.class, String.class, Cat::id, Declaring::nothing, it -> it.name("#cat")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'#cat'");
        }
    }

    @Nested
    class Tenants {

        private final JdbcEntities entities = PlainShop.entities(database.dataSource())
                .tenants(entity -> ((Customer) entity).lastName())
                .build();

        @Test
        void seeOnlyTheirOwn() throws Exception {
            transaction(() -> createCustomer(1, "Ada", "london"));

            assertThat(entities.refer(null, new Customer(1, "Ada", "london")))
                    .isEqualTo(new EntityReference("london", "Customer", "1"));
            assertThat(entities.<Customer, Long, Integer>read("london", Customer.class, List.of(1L), Map::size))
                    .isEqualTo(1);
            assertThat(entities.<Customer, Long, Integer>read("paris", Customer.class, List.of(1L), Map::size))
                    .isZero();
            entities.<Customer, Long>write(
                    "paris",
                    Customer.class,
                    1L,
                    (customer, transaction) -> assertThat(customer).isNull());
        }
    }

    @Nested
    class Lending {

        @Test
        void lendsTheConnectionOfAWriteAndCommitsIt() throws Exception {
            create(1, "Ada");
            entities.<Customer, Long>write(Change.DEFAULT_TENANT, Customer.class, 1L, (customer, transaction) -> {
                assertThat(transaction).isSameAs(JdbcEntities.connection());
                PlainShop.update(JdbcEntities.connection(), "update customers set first_name = 'Augusta'");
                JdbcEntities.connection().rollback();
            });
            assertThat(firstNames()).containsExactly("Augusta");
            assertThat(counting.connectionsOut()).isZero();
        }

        private final CountingDataSource counting = new CountingDataSource(database.dataSource());
        private final JdbcEntities entities =
                PlainShop.entities(counting.dataSource()).build();

        @Test
        void lendsTheConnectionOfTheReadToWhatIsCalledInIt() throws Exception {
            create(1, "Ada");

            List<Customer> again = entities.<Customer, Long, List<Customer>>read(
                    Change.DEFAULT_TENANT,
                    Customer.class,
                    List.of(1L),
                    found -> PlainShop.customers(JdbcEntities.connection(), List.of(1L)));

            assertThat(again).containsExactly(new Customer(1, "Ada", "x"));
            assertThatThrownBy(JdbcEntities::connection)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("finders");
            assertThat(counting.connectionsOut()).isZero();
        }

        @Test
        void lendsTheOuterConnectionAgainAfterAnInnerRead() throws Exception {
            create(1, "Ada");

            entities.<Customer, Long, Boolean>read(Change.DEFAULT_TENANT, Customer.class, List.of(1L), found -> {
                Connection outer = JdbcEntities.connection();
                entities.<Customer, Long, Boolean>read(Change.DEFAULT_TENANT, Customer.class, List.of(1L), inner -> {
                    assertThat(JdbcEntities.connection()).isNotSameAs(outer);
                    return true;
                });
                assertThat(JdbcEntities.connection()).isSameAs(outer);
                return true;
            });
        }

        @Test
        void takesTheConnectionBackWhateverTheBorrowerDoes() throws Exception {
            create(1, "Ada");
            entities.<Customer, Long, Boolean>read(Change.DEFAULT_TENANT, Customer.class, List.of(1L), found -> {
                Connection connection = JdbcEntities.connection();
                connection.setReadOnly(true);
                connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
                PlainShop.update(connection, "update customers set first_name = 'changed by a read'");
                connection.commit();
                connection.setAutoCommit(true);
                connection.rollback();
                connection.close();
                assertThat(connection.getAutoCommit()).isFalse();
                assertThat(connection.isClosed()).isFalse();
                assertThat(connection.unwrap(PGConnection.class)).isNotNull();
                assertThat(PlainShop.customers(connection, List.of(1L)).get(0).firstName())
                        .isEqualTo("changed by a read");
                return true;
            });

            assertThat(firstNames()).containsExactly("Ada");
            assertThat(counting.markedReadOnly()).isZero();
            assertThat(counting.connectionsOut()).isZero();
        }

        @Test
        void letsTheBorrowerUseSavepoints() throws Exception {
            create(1, "Ada");
            entities.<Customer, Long, Boolean>read(Change.DEFAULT_TENANT, Customer.class, List.of(1L), found -> {
                Connection connection = JdbcEntities.connection();
                Savepoint before = connection.setSavepoint();
                assertThatThrownBy(() -> PlainShop.update(connection, "no sql")).isInstanceOf(SQLException.class);
                connection.rollback(before);
                assertThat(PlainShop.customers(connection, List.of(1L))).hasSize(1);
                return true;
            });
        }

        @Test
        void readsInOneTransactionOnConnectionsWithoutAutoCommitToo() throws Exception {
            create(1, "Ada");
            try (HikariDataSource pool = new HikariDataSource()) {
                pool.setJdbcUrl(database.url());
                pool.setAutoCommit(false);
                JdbcEntities reading = PlainShop.entities(pool).build();

                for (int i = 0; i < 2; i++) {
                    assertThat(reading.<Customer, Long, Integer>read(
                                    Change.DEFAULT_TENANT, Customer.class, List.of(1L), Map::size))
                            .isEqualTo(1);
                }
                assertThat(
                                database.number(
                                        "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%'"))
                        .isZero();
            }
        }

        @Test
        void raisesAnIsolationLevelThatIsTooLowAndLowersItAgain() throws Exception {
            for (boolean autoCommit : new boolean[] {true, false}) {
                try (HikariDataSource pool = new HikariDataSource()) {
                    pool.setJdbcUrl(database.url());
                    pool.setMaximumPoolSize(1);
                    pool.setAutoCommit(autoCommit);
                    AtomicInteger given = new AtomicInteger();
                    JdbcEntities reading =
                            PlainShop.entities(withoutReset(pool, given)).build();
                    for (int i = 0; i < 2; i++) {
                        Integer level = reading.<Customer, Long, Integer>read(
                                Change.DEFAULT_TENANT,
                                Customer.class,
                                List.of(1L),
                                found -> JdbcEntities.connection().getTransactionIsolation());
                        assertThat(level).isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
                        assertThat(given).hasValue(Connection.TRANSACTION_READ_UNCOMMITTED);
                    }
                }
            }
        }

        /** Connections that are at READ UNCOMMITTED; notes at what level they come back. */
        private static DataSource withoutReset(HikariDataSource pool, AtomicInteger givenBack) {
            return (DataSource) Proxy.newProxyInstance(
                    DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, (self, method, arguments) -> {
                        Connection connection = pool.getConnection();
                        connection.setTransactionIsolation(Connection.TRANSACTION_READ_UNCOMMITTED);
                        return Proxy.newProxyInstance(
                                Connection.class.getClassLoader(),
                                new Class<?>[] {Connection.class},
                                (proxy, called, given) -> {
                                    if (called.getName().equals("close")) {
                                        givenBack.set(connection.getTransactionIsolation());
                                    }
                                    return called.invoke(connection, given);
                                });
                    });
        }

        @Test
        void costsOneStatementPerBatch() throws Exception {
            entities.<Customer, Long, Integer>read(Change.DEFAULT_TENANT, Customer.class, List.of(1L), Map::size);
            counting.clear();
            entities.<Customer, Long, Integer>read(
                    Change.DEFAULT_TENANT, Customer.class, List.of(1L, 2L, 1L), Map::size);
            assertThat(counting.statements()).hasSize(1);
        }

        private void create(long id, String firstName) {
            transaction(() -> createCustomer(id, firstName, "x"));
        }

        private List<String> firstNames() throws Exception {
            return Objects.requireNonNull(entities.<Customer, Long, List<String>>read(
                    Change.DEFAULT_TENANT,
                    Customer.class,
                    List.of(1L),
                    found -> found.values().stream().map(Customer::firstName).toList()));
        }
    }

    @Nested
    class Loading {

        private void loading(@Nullable List<Customer> answer, String... message) {
            JdbcEntities entities = JdbcEntities.builder(database.dataSource())
                    .entity(Customer.class, Long.class, Customer::id, (connection, ids) -> answer)
                    .build();
            assertThatThrownBy(() -> entities.read(Change.DEFAULT_TENANT, Customer.class, List.of(1L), Map::size))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll(message);
        }

        @Test
        void answersWhatItWasAskedFor() {
            loading(List.of(new Customer(1, "Ada", ""), new Customer(2, "Grace", "")), "Customer", "id 2");
        }

        @Test
        void answersACollection() {
            loading(null, "Customer", "null");
        }

        @Test
        void throwsWhatTheLoaderThrows() {
            SQLException thrown = new SQLException("by the loader");
            JdbcEntities entities = JdbcEntities.builder(database.dataSource())
                    .entity(Customer.class, Long.class, Customer::id, (connection, ids) -> {
                        throw thrown;
                    })
                    .build();
            assertThatThrownBy(() -> entities.read(Change.DEFAULT_TENANT, Customer.class, List.of(1L), Map::size))
                    .isSameAs(thrown);
        }
    }

    @Nested
    class Joining {

        private final JdbcStore store = store(database);
        private final JdbcEntities entities =
                PlainShop.entities(database.dataSource()).build();
        private final AtomicInteger wakes = new AtomicInteger();

        private void capture() {
            store.open(wakes::incrementAndGet, true);
            entities.capture(NOBODY, store);
        }

        @AfterEach
        void close() {
            entities.close();
            store.close();
        }

        @Test
        void needsAStoreWithTransactions() {
            assertThatThrownBy(() -> entities.capture(NOBODY, InMemoryStore.create()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("InMemoryStore")
                    .hasMessageContaining("JdbcStore");
        }

        @Test
        void needsAStoreInTheSameDatabase() {
            try (TestDatabase other = TestDatabase.create();
                    JdbcStore elsewhere = store(other)) {
                elsewhere.open(() -> {}, false);
                assertThatThrownBy(() -> entities.capture(NOBODY, elsewhere))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining(shown(database))
                        .hasMessageContaining(shown(other));
            }
            capture();
            PlainShop.commit(database.dataSource(), connection -> entities.append(connection, CHANGES));
            assertThat(store.outbox().depth()).isEqualTo(1);
        }

        @Test
        void needsConnectionsThatAreNotReadOnly() {
            PGSimpleDataSource readOnly = new PGSimpleDataSource();
            readOnly.setUrl(database.url() + "&readOnly=true");
            store.open(() -> {}, false);
            assertThatThrownBy(() -> PlainShop.entities(readOnly).build().capture(NOBODY, store))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("read-only");
        }

        private static String shown(TestDatabase database) {
            return database.url().substring(0, database.url().indexOf('?'));
        }

        @Test
        void refusesAConnectionInAutoCommitMode() throws Exception {
            capture();
            try (Connection connection = database.dataSource().getConnection()) {
                assertThatThrownBy(() -> entities.append(connection, CHANGES))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("auto-commit")
                        .hasMessageContaining("setAutoCommit(false)");
            }
            assertThat(store.outbox().depth()).isZero();
        }

        @Test
        void refusesTheConnectionOfARead() throws Exception {
            capture();
            entities.<Customer, Long, Boolean>read(Change.DEFAULT_TENANT, Customer.class, List.of(1L), found -> {
                assertThatThrownBy(() -> entities.append(JdbcEntities.connection(), CHANGES))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("rolled back");
                return true;
            });
        }

        @Test
        void refusesAConnectionToAnotherDatabase() {
            capture();
            try (TestDatabase other = TestDatabase.create();
                    JdbcStore sameTablesThere = store(other)) {
                sameTablesThere.open(() -> {}, false);
                for (int i = 0; i < 2; i++) {
                    PlainShop.rollBack(
                            other.dataSource(),
                            connection -> assertThatThrownBy(() -> entities.append(connection, CHANGES))
                                    .isInstanceOf(IllegalStateException.class)
                                    .hasMessageContaining(
                                            other.url().substring(0, other.url().indexOf('?'))));
                }
            }
        }

        @Test
        void takesAConnectionThatIsWrappedOrHasAnotherUrlOfTheSameDatabase() {
            capture();
            DataSource wrapped = new CountingDataSource(database.dataSource()).dataSource();
            PGSimpleDataSource another = new PGSimpleDataSource();
            another.setUrl(database.url().replace("localhost", "127.0.0.1"));
            for (DataSource dataSource : List.of(wrapped, another)) {
                PlainShop.commit(dataSource, connection -> entities.append(connection, CHANGES));
            }
            assertThat(store.outbox().depth()).isEqualTo(2);
        }

        @Test
        void costsOneStatementOfTheHost() {
            capture();
            CountingDataSource counting = new CountingDataSource(database.dataSource());
            PlainShop.commit(counting.dataSource(), connection -> entities.append(connection, CHANGES));
            assertThat(counting.statements()).hasSize(1);
        }

        @Test
        void wakesTheEngineWhenTheCommitIsTold() {
            entities.committed();
            capture();
            PlainShop.commit(database.dataSource(), connection -> entities.append(connection, CHANGES));
            assertThat(wakes).hasValue(0);
            entities.committed();
            assertThat(wakes).hasValue(1);
        }

        @Test
        void tellsWhyTheDatabaseRefuses() {
            capture();
            database.execute("drop table sync_machine_outbox");
            PlainShop.rollBack(
                    database.dataSource(),
                    connection -> assertThatThrownBy(() -> entities.append(connection, CHANGES))
                            .isInstanceOf(JdbcStoreException.class)
                            .hasMessageContaining("sync_machine_outbox"));
        }
    }
}
