package io.syncmachine.postgres;

import static io.syncmachine.postgres.Invoices.told;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.testing.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import liquibase.Liquibase;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.DirectoryResourceAccessor;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script as a file of the usual tools. */
class MigrationsTest {

    private final TestDatabase database = TestDatabase.create();
    private final PostgresTriggers triggers = Invoices.triggers(database.dataSource());

    @TempDir
    Path folder;

    @BeforeEach
    void createTables() {
        Invoices.createStore(database.dataSource());
        database.execute(Invoices.TABLES);
    }

    @AfterEach
    void close() {
        database.close();
    }

    private void assertInStep() throws Exception {
        assertThat(triggers.check(database.dataSource())).isEmpty();
        database.execute("insert into item values (1, null, 1, 1, null)");
        assertThat(told(database)).containsExactly("CREATE Item 1 [* +] invoice-to-api totals");
    }

    @Test
    void flywayRunsIt() throws Exception {
        Path file = triggers.flyway(folder.resolve("migration"), "7");
        assertThat(file).hasFileName("V7__sync_machine_triggers.sql").hasContent(triggers.sql());

        Flyway.configure()
                .dataSource(database.dataSource())
                .locations("filesystem:" + folder)
                .baselineOnMigrate(true)
                .load()
                .migrate();

        assertInStep();
    }

    @Test
    void liquibaseRunsIt() throws Exception {
        Path file = triggers.liquibase(folder, "2026.11");
        assertThat(file).hasFileName("2026.11-sync-machine-triggers.sql");

        try (Connection connection = database.dataSource().getConnection();
                Liquibase liquibase = new Liquibase(
                        file.getFileName().toString(),
                        new DirectoryResourceAccessor(folder),
                        DatabaseFactory.getInstance()
                                .findCorrectDatabaseImplementation(new JdbcConnection(connection)))) {
            liquibase.update("");
        }

        assertInStep();
    }

    @Test
    void theSameDeclarationsMakeTheSameFile() throws Exception {
        Path one = triggers.flyway(folder, "1");
        Path two = Invoices.triggers(database.dataSource()).flyway(folder, "2");

        assertThat(two).hasSameTextualContentAs(one);
    }

    @Test
    void aMalformedVersionIsRefused() {
        assertThatThrownBy(() -> triggers.flyway(folder, "7; drop"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("version must be numbers");
        assertThat(folder.resolve("V7; drop__sync_machine_triggers.sql"))
                .satisfies(file -> assertThat(Files.exists(file)).isFalse());
    }
}
