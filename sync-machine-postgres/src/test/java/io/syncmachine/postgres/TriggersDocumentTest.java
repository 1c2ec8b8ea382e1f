package io.syncmachine.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.ChangeHandler;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.jpa.JpaEntities;
import io.syncmachine.postgres.Invoices.Invoice;
import io.syncmachine.postgres.Invoices.Item;
import io.syncmachine.testing.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The snippets of the page on triggers. */
class TriggersDocumentTest {

    private static final SyncMachine<Invoice, Long> INVOICE_TO_API = Invoices.INVOICE_TO_API;
    private static final ChangeHandler<Item> TOTALS = Invoices.TOTALS;

    private static PostgresTriggers declared(JdbcEntities entities) {
        PostgresTriggers triggers = PostgresTriggers.builder(entities)
                .machines(INVOICE_TO_API)
                .handlers(TOTALS)
                .build();
        return triggers;
    }

    private static void migrate(PostgresTriggers triggers, Path folder) throws IOException {
        triggers.flyway(folder, "7"); // V7__sync_machine_triggers.sql
        triggers.liquibase(folder, "7"); // 7-sync-machine-triggers.sql
    }

    private static void mustBeInStep(PostgresTriggers triggers, DataSource dataSource) throws SQLException {
        List<TriggerDrift> drifts = triggers.check(dataSource);
        if (!drifts.isEmpty()) {
            throw new IllegalStateException("the triggers are out of step: " + drifts);
        }
    }

    private static JdbcEntities tables(DataSource dataSource) {
        JdbcEntities entities = JdbcEntities.builder(dataSource)
                .entity(Invoice.class, Long.class, Invoice::id, Invoices::invoices, it -> it.table("invoice"))
                .entity(
                        Item.class,
                        Long.class,
                        Item::id,
                        Invoices::items,
                        it -> it.table(
                                "item",
                                table -> table.column("unitPrice", "unit_price").reference("invoiceId", Invoice.class)))
                .build();
        return entities;
    }

    static JpaEntities beside(JpaEntities entities, PostgresTriggers triggers, DataSource dataSource) {
        return entities.besideTriggers(() -> triggers.capturedTypes(dataSource));
    }

    @Test
    void whatThePageSaysWorks(@TempDir Path folder) throws Exception {
        try (TestDatabase database = TestDatabase.create()) {
            DataSource dataSource = database.dataSource();
            Invoices.createStore(dataSource);
            database.execute(Invoices.TABLES);
            PostgresTriggers triggers = declared(tables(dataSource));
            migrate(triggers, folder);
            assertThat(folder.resolve("V7__sync_machine_triggers.sql")).exists();
            assertThatThrownBy(() -> mustBeInStep(triggers, dataSource)).hasMessageContaining("out of step");

            triggers.apply(dataSource);

            mustBeInStep(triggers, dataSource);
        }
    }
}
