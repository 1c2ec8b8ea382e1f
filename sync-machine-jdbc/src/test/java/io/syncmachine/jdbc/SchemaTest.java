package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.util.Map;
import java.util.stream.IntStream;
import liquibase.Liquibase;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The tables: missing, made, of the wrong version, under other names, and made by the usual tools. */
@OnEveryDatabase
class SchemaTest {

    private final TestDatabase database;

    SchemaTest(DatabaseKind kind) {
        database = TestDatabase.create(kind);
    }

    @AfterEach
    void close() {
        database.close();
    }

    private void open(JdbcStore.Builder builder) {
        try (JdbcStore store = builder.wakeUps(false).build()) {
            store.open(() -> {}, false);
            assertThat(store.outbox().depth()).isZero();
            assertThat(store.jobs().backlog()).isZero();
        }
    }

    @Test
    void missingTablesAreNamedWithTheirScript() {
        assertThatThrownBy(() -> open(JdbcStore.builder(database.dataSource())))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("sync_machine_schema")
                .hasMessageContaining("io/syncmachine/jdbc/" + database.kind().scripts() + "/V1__sync_machine.sql");
    }

    @Test
    void createMakesTheTablesOnceAndValidateFindsThem() {
        open(JdbcStore.builder(database.dataSource()).schemaMode(SchemaMode.CREATE));
        open(JdbcStore.builder(database.dataSource()).schemaMode(SchemaMode.CREATE));
        open(JdbcStore.builder(database.dataSource()));
    }

    @Test
    void manyNodesMayCreateAtOnce() {
        IntStream.range(0, 8)
                .parallel()
                .forEach(i -> open(JdbcStore.builder(database.dataSource()).schemaMode(SchemaMode.CREATE)));
        assertThat(database.number("select count(*) from sync_machine_schema")).isEqualTo(1);
    }

    @Test
    void anotherVersionIsToldByNumber() {
        open(JdbcStore.builder(database.dataSource()).schemaMode(SchemaMode.CREATE));
        database.execute("update sync_machine_schema set version = 0");
        assertThatThrownBy(() -> open(JdbcStore.builder(database.dataSource())))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("version 0")
                .hasMessageContaining("version 1");
    }

    @Test
    void noneLooksAtNothing() {
        try (JdbcStore store = JdbcStore.builder(database.dataSource())
                .schemaMode(SchemaMode.NONE)
                .wakeUps(false)
                .build()) {
            store.open(() -> {}, false);
            assertThatThrownBy(() -> store.outbox().depth()).isInstanceOf(JdbcStoreException.class);
        }
    }

    @Test
    void schemaAndPrefixCanBeChosen() {
        String schema = "integration_" + Long.toHexString(System.nanoTime());
        database.execute("create schema " + schema);
        open(JdbcStore.builder(database.dataSource()).prefix(schema + ".sm_").schemaMode(SchemaMode.CREATE));
        assertThat(database.number("select count(*) from " + schema + ".sm_schema"))
                .isEqualTo(1);
        database.execute("drop schema " + schema + (database.kind().isLikeMySql() ? "" : " cascade"));
    }

    /** As a process leaves it that dies on the way, where each statement is a transaction. */
    @Test
    void createCompletesWhatIsThereInPart() {
        assumeThat(database.kind()).isNotEqualTo(DatabaseKind.POSTGRESQL);
        open(JdbcStore.builder(database.dataSource()).schemaMode(SchemaMode.CREATE));
        database.execute("drop table sync_machine_schema");
        database.execute("drop table sync_machine_lease");
        database.execute("delete from sync_machine_fence");
        open(JdbcStore.builder(database.dataSource()).schemaMode(SchemaMode.CREATE));
        assertThat(database.number("select count(*) from sync_machine_fence")).isEqualTo(1);
        assertThat(database.number("select count(*) from sync_machine_lease")).isZero();
    }

    @Test
    void aPrefixThatIsNoNameIsRefused() {
        JdbcStore.Builder builder = JdbcStore.builder(database.dataSource());
        assertThatThrownBy(() -> builder.prefix("x; drop table orders"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("prefix")
                .hasMessageContaining("x; drop table orders");
    }

    @Test
    void theScriptRunsInFlyway() {
        Flyway.configure()
                .dataSource(database.dataSource())
                .locations("classpath:io/syncmachine/jdbc/" + database.kind().scripts())
                .placeholders(Map.of("syncMachinePrefix", "sync_machine_"))
                .load()
                .migrate();
        open(JdbcStore.builder(database.dataSource()));
    }

    @Test
    void theScriptRunsInLiquibase() throws Exception {
        try (Connection connection = database.dataSource().getConnection()) {
            var target =
                    DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connection));
            Liquibase liquibase = new Liquibase("changelog.xml", new ClassLoaderResourceAccessor(), target);
            liquibase.setChangeLogParameter("scripts", database.kind().scripts());
            liquibase.setChangeLogParameter("syncMachinePrefix", "sync_machine_");
            liquibase.update("");
        }
        open(JdbcStore.builder(database.dataSource()));
    }
}
