package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.testing.CountingDataSource;
import io.syncmachine.testing.TestDatabase;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.ds.PGSimpleDataSource;

/** Where the store is and where the entities are: the same database, or not. */
class SameDatabaseTest {

    private final TestDatabase database = TestDatabase.create();

    /** How it is found out. */
    enum Way {
        /** By the name that PostgreSQL gives the place of a table. */
        PLACE,
        /** By a lease, as with databases that have no such name. */
        LEASE;

        SameDatabase check(DataSource store) {
            Dialect real = Dialects.of(store);
            Database database = new Database(store, real, "sync_machine_");
            return new SameDatabase(database, this == PLACE ? real : withoutPlaces(real));
        }

        private static Dialect withoutPlaces(Dialect real) {
            return (Dialect) Proxy.newProxyInstance(
                    Dialect.class.getClassLoader(), new Class<?>[] {Dialect.class}, (self, method, arguments) -> {
                        if (method.getName().equals("place")) {
                            return null;
                        }
                        try {
                            return method.invoke(real, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }
    }

    @BeforeEach
    void createTables() {
        createTables(database.dataSource(), "sync_machine_");
    }

    @AfterEach
    void closeDatabase() {
        database.close();
    }

    private static void createTables(DataSource dataSource, String prefix) {
        try (JdbcStore store = JdbcStore.builder(dataSource)
                .prefix(prefix)
                .schemaMode(SchemaMode.CREATE)
                .wakeUps(false)
                .build()) {
            store.open(() -> {}, false);
        }
    }

    private static JdbcStore.Lender lender(DataSource dataSource) {
        return borrower -> {
            try (Connection connection = dataSource.getConnection()) {
                borrower.use(connection);
            }
        };
    }

    private DataSource url(String url) {
        PGSimpleDataSource another = new PGSimpleDataSource();
        another.setUrl(url);
        return another;
    }

    private static String shown(String url) {
        return url.substring(0, url.indexOf('?'));
    }

    private long leases() {
        return database.number("select count(*) from sync_machine_lease");
    }

    @ParameterizedTest
    @EnumSource
    void oneDatabasePassesUnderAnyNameAndThroughAnyPool(Way way) {
        try (HikariDataSource withoutAutoCommit = new HikariDataSource()) {
            withoutAutoCommit.setJdbcUrl(database.url());
            withoutAutoCommit.setAutoCommit(false);
            for (DataSource entities : List.of(
                    database.dataSource(),
                    database.anotherPool(1),
                    withoutAutoCommit,
                    new CountingDataSource(database.dataSource()).dataSource(),
                    url(database.url().replace("localhost", "127.0.0.1")))) {
                way.check(database.dataSource()).require(lender(entities));
            }
        }
        assertThat(leases()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void oneConnectionInAllIsEnough(Way way) {
        try (HikariDataSource pool = database.anotherPool(1)) {
            pool.setConnectionTimeout(1000);
            DataSource another = new CountingDataSource(pool).dataSource();
            assertThatCode(() -> way.check(pool).require(lender(another))).doesNotThrowAnyException();
        }
    }

    @ParameterizedTest
    @EnumSource
    void manyNodesMayStartAtOnce(Way way) {
        DataSource other = database.anotherPool(10);
        IntStream.range(0, 16)
                .parallel()
                .forEach(i -> way.check(database.dataSource()).require(lender(other)));
        assertThat(leases()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void connectionsComeBackAsTheyWere(Way way) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            for (boolean autoCommit : new boolean[] {true, false}) {
                connection.setAutoCommit(autoCommit);
                way.check(database.anotherPool(1)).require(borrower -> borrower.use(connection));
                assertThat(connection.getAutoCommit()).isEqualTo(autoCommit);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void anotherDatabaseOfTheServerIsRefusedAndBothAreNamed(Way way) {
        try (TestDatabase other = TestDatabase.create()) {
            createTables(other.dataSource(), "sync_machine_");
            DataSource entities = url(other.url() + "&password=secret&ApplicationName=shop");
            assertThatThrownBy(() -> way.check(database.dataSource()).require(lender(entities)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(shown(database.url()) + " (schema public)")
                    .hasMessageContaining(shown(other.url()) + " (schema public)")
                    .hasMessageContaining("Give JdbcStore the data source of the entities")
                    .hasMessageNotContainingAny("secret", "user=", "ApplicationName");
            assertThat(other.number("select count(*) from sync_machine_lease")).isZero();
        }
        assertThat(leases()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aDatabaseWithoutTheTablesIsRefused(Way way) {
        try (TestDatabase other = TestDatabase.create()) {
            assertThatThrownBy(() -> way.check(database.dataSource()).require(lender(other.dataSource())))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(shown(database.url()))
                    .hasMessageContaining(shown(other.url()))
                    .hasMessageContaining("Give JdbcStore the data source of the entities");
        }
        assertThat(leases()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void anotherSchemaOfTheDatabaseIsRefused(Way way) {
        database.execute("create schema shop");
        DataSource shop = url(database.url() + "&currentSchema=shop");
        createTables(shop, "sync_machine_");
        assertThatThrownBy(() -> way.check(database.dataSource()).require(lender(shop)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("(schema public)")
                .hasMessageContaining("(schema shop)");
    }

    @ParameterizedTest
    @EnumSource
    void anotherServerIsRefused(Way way) throws Exception {
        try (EmbeddedPostgres server = EmbeddedPostgres.start()) {
            DataSource other = server.getPostgresDatabase();
            createTables(other, "sync_machine_");
            assertThatThrownBy(() -> way.check(database.dataSource()).require(lender(other)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(shown(database.url()))
                    .hasMessageContaining("localhost:" + server.getPort());
        }
    }

    @ParameterizedTest
    @EnumSource
    void readOnlyConnectionsAreRefused(Way way) {
        DataSource entities = url(database.url() + "&readOnly=true");
        assertThatThrownBy(() -> way.check(database.dataSource()).require(lender(entities)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("read-only")
                .hasMessageContaining("primary");
    }

    @ParameterizedTest
    @EnumSource
    void anUnreachableDatabaseOfTheEntitiesIsTold(Way way) {
        DataSource entities = url("jdbc:postgresql://localhost:1/shop?user=me");
        assertThatThrownBy(() -> way.check(database.dataSource()).require(lender(entities)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(shown(database.url()))
                .hasCauseInstanceOf(SQLException.class);
        assertThat(leases()).isZero();
    }

    /** What a node needs that only captures. */
    @Test
    void aRoleThatMayOnlyInsertIsEnoughOnPostgres() {
        database.execute("create role capture_only_" + ProcessHandle.current().pid() + " login");
        String role = "capture_only_" + ProcessHandle.current().pid();
        database.execute("grant insert on sync_machine_outbox to " + role);
        try {
            DataSource entities = url(database.url().replace("user=postgres", "user=" + role));
            assertThatCode(() -> Way.PLACE.check(entities).require(lender(entities)))
                    .doesNotThrowAnyException();
            assertThatCode(() -> Way.PLACE.check(database.dataSource()).require(lender(entities)))
                    .doesNotThrowAnyException();
        } finally {
            database.execute("drop owned by " + role + "; drop role " + role);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "jdbc:postgresql://db:5432/shop?user=me&password=secret, jdbc:postgresql://db:5432/shop",
        "jdbc:postgresql://db:5432/shop?user=me&password=se@cret, jdbc:postgresql://db:5432/shop",
        "'jdbc:postgresql://a:1,b:2/shop?password=secret', 'jdbc:postgresql://a:1,b:2/shop'",
        "jdbc:mysql://me:secret@db:3306/shop, jdbc:mysql://db:3306/shop",
        "jdbc:mysql://me:se?cret@db/shop, jdbc:mysql://…",
        "jdbc:mysql://me:se/cr?et@db/shop, jdbc:mysql://…",
        "'jdbc:mysql:loadbalance://me:se@cret@a,me:secret@b/shop', jdbc:mysql:loadbalance://b/shop",
        "'jdbc:mysql://address=(host=db)(user=me)(password=sec)ret)/shop', 'jdbc:mysql://address=(…)/shop'",
        "jdbc:h2:mem:shop;USER=me;PASSWORD=secret, jdbc:h2:mem:shop",
        "jdbc:h2:tcp://db/~/shop, jdbc:h2:tcp://db/~/shop",
        "jdbc:oracle:thin:me/secret@db:1521/shop, jdbc:oracle:db:1521/shop"
    })
    void nothingSecretOfAUrlIsShown(String url, String shown) {
        assertThat(SameDatabase.withoutSecrets(url)).isEqualTo(shown);
    }
}
