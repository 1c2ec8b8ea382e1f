package io.syncmachine.postgres;

import static io.syncmachine.postgres.Invoices.told;
import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangeHandler;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import io.syncmachine.testing.TestDatabase;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** MariaDB's and MySQL's triggers tell what PostgreSQL's do, but for what the databases do behind their own triggers' backs. */
@OnEveryDatabase(except = {DatabaseKind.POSTGRESQL, DatabaseKind.H2})
class MySqlTriggersTest {

    private static final String AGAIN = "; run the script of the triggers again";

    record LineId(String region, long number) {}

    record Line(LineId id, int quantity) {}

    private final TestDatabase database;
    private final MySqlTriggers triggers;

    MySqlTriggersTest(DatabaseKind kind) {
        database = TestDatabase.create(kind);
        triggers = MySqlTriggers.builder(Invoices.entities(database.dataSource()))
                .machines(Invoices.INVOICE_TO_API)
                .handlers(Invoices.TOTALS)
                .build();
    }

    @BeforeEach
    void createTables() throws SQLException {
        Invoices.createStore(database.dataSource());
        database.execute(
                "create table invoice (id bigint primary key, number varchar(20) not null, total numeric(12, 2))");
        database.execute("create table item (id bigint primary key, invoice_id bigint references invoice (id),"
                + " quantity int not null, unit_price numeric(12, 2), note text)");
        triggers.apply(database.dataSource());
        database.execute("insert into invoice values (1, 'A', 10), (2, 'B', 20)");
        database.execute("insert into item values (10, 1, 1, 5, 'x'), (11, 1, 2, 5, null), (12, 2, 3, null, null)");
        told(database);
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
    void insertsUpdatesAndDeletionsAreTold() {
        database.execute("insert into item values (13, 2, 1, 1, null)");
        assertThat(told(database)).containsExactly("CREATE Item 13 [* +] invoice-to-api totals");

        database.execute("update item set note = 'new', quantity = quantity");
        assertThat(told(database)).isEmpty();

        database.execute("update item set unit_price = 1 where id in (10, 12)");
        assertThat(told(database))
                .containsExactly("UPDATE Item 10 [unitPrice] totals", "UPDATE Item 12 [unitPrice] totals");

        database.execute("update item set invoice_id = 2 where id = 10");
        assertThat(told(database))
                .containsExactly(
                        "UPDATE #Item 1 [*] invoice-to-api", "UPDATE Item 10 [invoiceId invoiceId=1] invoice-to-api");

        database.execute("delete from item where id = 11");
        assertThat(told(database))
                .containsExactly("DELETE #Item 1 [*] invoice-to-api", "DELETE Item 11 [* invoiceId=1] totals");
    }

    @Test
    void changedKeysAndUpsertsAreTold() {
        database.execute("update item set id = 20 where id = 11");
        assertThat(told(database))
                .containsExactly(
                        "CREATE Item 20 [* +] invoice-to-api totals",
                        "DELETE #Item 1 [*] invoice-to-api",
                        "DELETE Item 11 [* invoiceId=1] totals");

        database.execute("insert into item values (10, 1, 9, 5, 'x'), (30, 1, 1, 1, null)"
                + " on duplicate key update quantity = values(quantity)");
        assertThat(told(database))
                .containsExactly(
                        "CREATE Item 30 [* +] invoice-to-api totals",
                        "UPDATE Item 10 [quantity] invoice-to-api totals");

        database.execute("replace into item values (10, 1, 9, 5, 'x')");
        assertThat(told(database))
                .containsExactly(
                        "CREATE Item 10 [* +] invoice-to-api totals",
                        "DELETE #Item 1 [*] invoice-to-api",
                        "DELETE Item 10 [* invoiceId=1] totals");
    }

    @Test
    void valuesThatACollationTakesForEqualDiffer() {
        database.execute("update invoice set number = 'a' where id = 1");

        assertThat(told(database)).containsExactly("UPDATE Invoice 1 [number] invoice-to-api");
    }

    @Test
    void idsOfSeveralValuesAreWrittenAsTheirCodecWritesThem() throws SQLException {
        database.execute(
                "create table `Order` (`Number` bigint, region varchar(50), quantity int, primary key (region, `Number`))");
        JdbcEntities entities = JdbcEntities.builder(database.dataSource())
                .entity(
                        Line.class,
                        LineId.class,
                        Line::id,
                        (connection, ids) -> List.of(),
                        it -> it.table(
                                "Order", table -> table.key("region", "Number").column("id")))
                .build();
        MySqlTriggers lines = MySqlTriggers.builder(entities)
                .handlers(ChangeHandler.onChange("h", Line.class, change -> {}))
                .build();
        lines.apply(database.dataSource());

        database.execute("insert into `Order` values (7, 'a \"b\" é', 1)");

        String id = entities.describe(Line.class).ids() == null ? "" : "{\"number\":7,\"region\":\"a \\\"b\\\" é\"}";
        assertThat(told(database)).containsExactly("CREATE Line " + id + " [* +] h");
        assertThat(lines.check(database.dataSource())).isEmpty();
    }

    @Test
    void driftIsNamedAndMended() throws SQLException {
        assertThat(drifts()).isEmpty();
        assertThat(triggers.capturedTypes(database.dataSource())).containsExactly("Invoice", "Item");

        database.execute("drop trigger sync_machine_update_item");
        assertThat(drifts()).containsExactly("item: the trigger sync_machine_update_item is missing" + AGAIN);
        assertThat(triggers.capturedTypes(database.dataSource())).containsExactly("Invoice");

        MySqlTriggers newer = MySqlTriggers.builder(Invoices.entities(database.dataSource()))
                .handlers(Invoices.TOTALS.listenTo("note"))
                .build();
        assertThat(newer.check(database.dataSource()))
                .extracting(TriggerDrift::toString)
                .contains(
                        "item: the trigger sync_machine_insert_item is not what the declarations make of it" + AGAIN,
                        "invoice: has the trigger sync_machine_insert_invoice, but nobody listens to it; drop trigger"
                                + " sync_machine_insert_invoice");
        newer.apply(database.dataSource());
        assertThat(newer.check(database.dataSource())).isEmpty();

        database.execute("alter table item drop column unit_price");
        assertThat(drifts())
                .contains(
                        "item: has no column [unit_price], but [id, invoice_id, quantity, note]; add it, or name the column of the"
                                + " property rightly");
    }

    @Test
    void flywayRunsTheScript(@TempDir Path folder) throws Exception {
        database.execute("drop trigger sync_machine_update_item");
        triggers.flyway(folder, "7");

        Flyway.configure()
                .dataSource(database.dataSource())
                .locations("filesystem:" + folder)
                .baselineOnMigrate(true)
                .load()
                .migrate();

        assertThat(drifts()).isEmpty();
    }
}
