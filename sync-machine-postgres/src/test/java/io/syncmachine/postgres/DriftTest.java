package io.syncmachine.postgres;

import static io.syncmachine.postgres.Invoices.told;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.ChangeHandler;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.testing.TestDatabase;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is out of step is named, each with its cure. */
class DriftTest {

    private static final String AGAIN = "; run the script of the triggers again";

    private final TestDatabase database = TestDatabase.create();
    private final PostgresTriggers triggers = Invoices.triggers(database.dataSource());

    @BeforeEach
    void createTables() throws SQLException {
        Invoices.createStore(database.dataSource());
        database.execute(Invoices.TABLES);
        triggers.apply(database.dataSource());
    }

    @AfterEach
    void close() {
        database.close();
    }

    private List<String> drifts() throws SQLException {
        return triggers.check(database.dataSource()).stream()
                .map(TriggerDrift::toString)
                .toList();
    }

    @Test
    void thereIsNoneAfterTheScriptHasRun() throws SQLException {
        assertThat(drifts()).isEmpty();
        assertThat(triggers.capturedTypes(database.dataSource())).containsExactly("Invoice", "Item");
    }

    @Test
    void theScriptMayRunAgainAndThenTouchesNothing() throws SQLException {
        String oids = "select sum(oid::bigint) from pg_trigger";
        long before = database.number(oids);

        triggers.apply(database.dataSource());

        assertThat(database.number(oids)).isEqualTo(before);
        assertThat(drifts()).isEmpty();
    }

    @Test
    void beforeTheScriptHasRunEverythingIsMissing() throws SQLException {
        database.execute("drop table item, invoice cascade");
        assertThat(drifts())
                .containsExactly(
                        "\"public\".\"invoice\": does not exist; create it, or name the table and schema of the entity rightly",
                        "\"public\".\"item\": does not exist; create it, or name the table and schema of the entity rightly");

        database.execute(Invoices.TABLES);
        assertThat(drifts())
                .contains("item: the trigger sync_machine_truncate is missing" + AGAIN)
                .hasSize(8);
        assertThat(triggers.capturedTypes(database.dataSource())).isEmpty();
    }

    @Test
    void aMissingTriggerIsNamed() throws SQLException {
        database.execute("drop trigger sync_machine_update on item");

        assertThat(drifts()).containsExactly("item: the trigger sync_machine_update is missing" + AGAIN);
        assertThat(triggers.capturedTypes(database.dataSource())).containsExactly("Invoice");
    }

    @Test
    void aDisabledTriggerIsNamedAndMended() throws SQLException {
        database.execute("alter table item disable trigger sync_machine_delete");
        assertThat(drifts()).containsExactly("item: the trigger sync_machine_delete is disabled" + AGAIN);

        triggers.apply(database.dataSource());
        assertThat(drifts()).isEmpty();
    }

    @Test
    void aFunctionThatSomebodyEditedIsNamedAndMended() throws SQLException {
        database.execute("create or replace function sync_machine_on_item() returns trigger language plpgsql"
                + " as $$ begin return null; end $$");
        assertThat(drifts())
                .containsExactly(
                        "\"public\".\"item\": the function \"public\".\"sync_machine_on_item\"() is not what the declarations make"
                                + " of it" + AGAIN);

        triggers.apply(database.dataSource());
        assertThat(drifts()).isEmpty();
    }

    @Test
    void olderDeclarationsAreNamed() throws SQLException {
        PostgresTriggers newer = PostgresTriggers.builder(Invoices.entities(database.dataSource()))
                .machines(Invoices.INVOICE_TO_API)
                .handlers(Invoices.TOTALS.listenTo("quantity", "unitPrice", "note"))
                .build();

        assertThat(newer.check(database.dataSource()))
                .extracting(TriggerDrift::toString)
                .contains("item: the trigger sync_machine_update was made by other declarations" + AGAIN);
        assertThat(newer.capturedTypes(database.dataSource())).containsExactly("Invoice");

        newer.apply(database.dataSource());
        assertThat(newer.check(database.dataSource())).isEmpty();
        database.execute("insert into item values (1, null, 1, 1, 'a')");
        database.execute("update item set note = 'b'");
        assertThat(told(database)).contains("UPDATE Item 1 [note] totals");
    }

    @Test
    void aTableThatNobodyListensToAnyMoreIsNamedAndLeftAlone() throws SQLException {
        PostgresTriggers fewer = PostgresTriggers.builder(Invoices.entities(database.dataSource()))
                .handlers(ChangeHandler.onChange("numbers", Invoices.Invoice.class, change -> {}))
                .build();
        assertThat(fewer.check(database.dataSource()))
                .extracting(TriggerDrift::toString)
                .contains("item: has the triggers sync_machine_delete, sync_machine_insert, sync_machine_truncate,"
                        + " sync_machine_update, but nobody listens to it" + AGAIN);

        fewer.apply(database.dataSource());

        assertThat(fewer.check(database.dataSource())).isEmpty();
        assertThat(database.number("select count(*) from pg_proc where proname like 'sync_machine_on%'"))
                .isOne();
        database.execute("insert into item values (1, null, 1, 1, 'a')");
        assertThat(told(database)).isEmpty();
    }

    @Test
    void aMissingColumnIsNamedAndTheScriptFailsBeforeAnyTrigger() throws SQLException {
        database.execute("alter table item drop column unit_price");

        assertThat(drifts())
                .containsExactly(
                        "\"public\".\"item\": has no column 'unit_price', but [id, invoice_id, quantity, note]; add it, or name the"
                                + " column of the property rightly");
        assertThatThrownBy(() -> triggers.apply(database.dataSource())).hasMessageContaining("unit_price");
    }

    @Test
    void aColumnWithoutEqualityIsNamedAndMayBeComparedAsText() throws SQLException {
        database.execute("alter table item alter note type json using to_json(note)");
        ChangeHandler<Invoices.Item> notes = ChangeHandler.onChange("notes", Invoices.Item.class, change -> {})
                .listenTo("note");
        PostgresTriggers plain = PostgresTriggers.builder(Invoices.entities(database.dataSource()))
                .handlers(notes)
                .build();
        assertThat(plain.check(database.dataSource()))
                .extracting(TriggerDrift::toString)
                .anySatisfy(drift -> assertThat(drift)
                        .contains("its columns cannot be compared", "json", "have columns compared as text"));
        assertThatThrownBy(() -> plain.apply(database.dataSource())).hasMessageContaining("json");

        PostgresTriggers asText = PostgresTriggers.builder(JdbcEntities.builder(database.dataSource())
                        .entity(
                                Invoices.Item.class,
                                Long.class,
                                Invoices.Item::id,
                                (connection, ids) -> List.of(),
                                it -> it.table("item", table -> table.asText("note")))
                        .build())
                .handlers(notes)
                .build();
        asText.apply(database.dataSource());
        assertThat(asText.check(database.dataSource())).isEmpty();
        database.execute("insert into item values (1, null, 1, 1, '{}'), (2, null, 1, 1, null)");
        told(database);
        database.execute("update item set note = '{ }' where id = 1");
        database.execute("update item set quantity = 2");
        assertThat(told(database)).containsExactly("UPDATE Item 1 [note] notes");
    }

    @Test
    void aColumnThatComparesLooselyIsNamed() throws SQLException {
        database.execute("create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
        database.execute("alter table invoice alter number type text collate loose");

        assertThat(drifts())
                .containsExactly(
                        "\"public\".\"invoice\": values of the column 'number' may be equal for PostgreSQL and yet differ; have it"
                                + " compared as text");
    }

    @Test
    void aMissingOutboxIsNamed() throws SQLException {
        database.execute("drop table sync_machine_outbox");

        assertThat(drifts())
                .containsExactly(
                        "\"public\".\"sync_machine_outbox\": does not exist; make SyncMachine's tables with their own script");
        assertThatThrownBy(() -> triggers.apply(database.dataSource()))
                .hasMessageContaining("make SyncMachine's tables first");
        assertThat(triggers.capturedTypes(database.dataSource())).isEmpty();
    }

    @Test
    void triggersOfOthersAreLeftAlone() throws SQLException {
        database.execute("create function theirs() returns trigger language plpgsql as $$ begin return null; end $$;"
                + " create trigger sync_machine_theirs after insert on item execute function theirs()");

        triggers.apply(database.dataSource());

        assertThat(drifts()).isEmpty();
        assertThat(database.number("select count(*) from pg_trigger where tgname = 'sync_machine_theirs'"))
                .isOne();
    }
}
