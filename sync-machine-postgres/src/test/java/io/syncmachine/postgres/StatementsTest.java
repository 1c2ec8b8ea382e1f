package io.syncmachine.postgres;

import static io.syncmachine.postgres.Invoices.told;
import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.testing.TestDatabase;
import java.io.IOException;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** What each kind of statement tells. */
class StatementsTest {

    private final TestDatabase database = TestDatabase.create();

    @BeforeEach
    void createTables() throws SQLException {
        Invoices.createStore(database.dataSource());
        database.execute(Invoices.TABLES);
        Invoices.triggers(database.dataSource()).apply(database.dataSource());
        database.execute("insert into invoice values (1, 'A', 10), (2, 'B', 20)");
        database.execute("insert into item values (10, 1, 1, 5, 'x'), (11, 1, 2, 5, null), (12, 2, 3, null, null)");
        told(database);
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void anInsertIsTold() {
        database.execute("insert into item values (13, 2, 1, 1, null), (14, null, 1, 1, null)");

        assertThat(told(database))
                .containsExactly(
                        "CREATE Item 13 [* +] invoice-to-api totals", "CREATE Item 14 [* +] invoice-to-api totals");
    }

    @Test
    void anUpdateTellsTheColumnsThatDifferToThoseWhoListenToThem() {
        database.execute("update item set quantity = quantity + 1, note = 'new' where id = 10");
        assertThat(told(database)).containsExactly("UPDATE Item 10 [quantity] invoice-to-api totals");

        database.execute("update item set unit_price = 6 where invoice_id = 1");
        assertThat(told(database))
                .containsExactly("UPDATE Item 10 [unitPrice] totals", "UPDATE Item 11 [unitPrice] totals");
    }

    @Test
    void anUpdateOfNothingThatMattersTellsNothing() {
        database.execute("update item set note = 'new', quantity = quantity, unit_price = unit_price * 1.0");

        assertThat(told(database)).isEmpty();
    }

    @Test
    void nullsDifferFromValues() {
        database.execute("update item set unit_price = null where id = 10");
        assertThat(told(database)).containsExactly("UPDATE Item 10 [unitPrice] totals");

        database.execute("update item set unit_price = 1 where id = 12");
        assertThat(told(database)).containsExactly("UPDATE Item 12 [unitPrice] totals");
    }

    @Test
    void aMovedRowTellsItsFormerOwner() {
        database.execute("update item set invoice_id = 2 where id = 10");

        assertThat(told(database))
                .containsExactly(
                        "UPDATE #Item 1 [*] invoice-to-api", "UPDATE Item 10 [invoiceId invoiceId=1] invoice-to-api");
    }

    @Test
    void aDeletedRowTellsItsOwner() {
        database.execute("delete from item where id in (10, 12)");

        assertThat(told(database))
                .containsExactly(
                        "DELETE #Item 1 [*] invoice-to-api",
                        "DELETE #Item 2 [*] invoice-to-api",
                        "DELETE Item 10 [* invoiceId=1] totals",
                        "DELETE Item 12 [* invoiceId=2] totals");
    }

    @Test
    void aCascadeIsTold() {
        database.execute("delete from invoice where id = 2");

        assertThat(told(database))
                .containsExactly(
                        "DELETE #Item 2 [*] invoice-to-api",
                        "DELETE Invoice 2 [*] invoice-to-api",
                        "DELETE Item 12 [* invoiceId=2] totals");
    }

    @Test
    void aChangedKeyIsADeletionAndACreation() {
        database.execute("update item set id = id + 10, quantity = 5 where id = 11");

        assertThat(told(database))
                .containsExactly(
                        "CREATE Item 21 [* +] invoice-to-api totals",
                        "DELETE #Item 1 [*] invoice-to-api",
                        "DELETE Item 11 [* invoiceId=1] totals");
    }

    @Test
    void aKeyThatAnotherRowTakesOverIsAnUpdate() {
        database.execute(
                "alter table item drop constraint item_pkey; alter table item add primary key (id) deferrable");

        database.execute("update item set id = id + 1 where id in (11, 12)");

        assertThat(told(database))
                .containsExactly(
                        "CREATE Item 13 [* +] invoice-to-api totals",
                        "DELETE #Item 1 [*] invoice-to-api",
                        "DELETE Item 11 [* invoiceId=1] totals",
                        "UPDATE #Item 2 [*] invoice-to-api",
                        "UPDATE Item 12 [invoiceId invoiceId=2 quantity unitPrice] invoice-to-api totals");
    }

    @Test
    void copyIsTold() throws SQLException, IOException {
        try (Connection connection = database.dataSource().getConnection()) {
            connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("copy item from stdin", new StringReader("20\t1\t1\t1\t\\N\n21\t1\t1\t1\t\\N\n"));
        }
        assertThat(told(database))
                .containsExactly(
                        "CREATE Item 20 [* +] invoice-to-api totals", "CREATE Item 21 [* +] invoice-to-api totals");
    }

    @Test
    void insertOnConflictTellsWhatItDidToEachRow() {
        database.execute("insert into item values (10, 1, 7, 5, null), (15, 1, 1, 1, null)"
                + " on conflict (id) do update set quantity = excluded.quantity");
        assertThat(told(database))
                .containsExactly(
                        "CREATE Item 15 [* +] invoice-to-api totals",
                        "UPDATE Item 10 [quantity] invoice-to-api totals");

        database.execute("insert into item values (10, 1, 8, 5, null) on conflict do nothing");
        assertThat(told(database)).isEmpty();
    }

    @Test
    void updateFromIsTold() {
        database.execute("update item set quantity = v.quantity from (values (10, 5), (11, 2)) as v (id, quantity)"
                + " where v.id = item.id");

        assertThat(told(database)).containsExactly("UPDATE Item 10 [quantity] invoice-to-api totals");
    }

    @Test
    void mergeTellsWhatItDidToEachRow() {
        database.execute("""
                merge into item using (values (10, 9), (12, 0), (16, 1)) as v (id, quantity) on v.id = item.id
                when matched and v.quantity = 0 then delete
                when matched then update set quantity = v.quantity
                when not matched then insert values (v.id, 1, v.quantity, 1, null)""");

        assertThat(told(database))
                .containsExactly(
                        "CREATE Item 16 [* +] invoice-to-api totals",
                        "DELETE #Item 2 [*] invoice-to-api",
                        "DELETE Item 12 [* invoiceId=2] totals",
                        "UPDATE Item 10 [quantity] invoice-to-api totals");
    }

    @Test
    void aModifyingQueryWithinAnotherIsTold() {
        database.execute("with gone as (delete from item where id = 10 returning invoice_id)"
                + " update invoice set total = 0 where id in (select invoice_id from gone)");

        assertThat(told(database))
                .containsExactly(
                        "DELETE #Item 1 [*] invoice-to-api",
                        "DELETE Item 10 [* invoiceId=1] totals",
                        "UPDATE Invoice 1 [total] invoice-to-api");
    }

    @Test
    void truncateAsksForAResyncOfTheMachines() {
        database.execute("truncate item");

        assertThat(told(database)).containsExactly("UPDATE !resync * [*] invoice-to-api");
    }

    @Test
    void whatIsRolledBackIsNotTold() throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("update item set quantity = 7 where id = 10");
            Savepoint savepoint = connection.setSavepoint();
            statement.execute("update item set quantity = 7 where id = 11");
            statement.execute("truncate item");
            connection.rollback(savepoint);
            connection.commit();
            statement.execute("update item set quantity = 8 where id = 12");
            connection.rollback();
        }
        assertThat(told(database)).containsExactly("UPDATE Item 10 [quantity] invoice-to-api totals");
    }

    @Test
    void aStatementThatFindsNoRowTellsNothing() {
        database.execute("update item set quantity = 9 where id = 99");
        database.execute("delete from item where id = 99");
        database.execute("insert into item select * from item where false");

        assertThat(told(database)).isEmpty();
    }

    @Test
    void aUserWithoutRightsOnTheOutboxChangesWhatHeMay() throws SQLException {
        database.execute("create role clerk_" + System.nanoTime() + " login password 'clerk'");
        String clerk = role();
        database.execute("grant update, select on item to " + clerk);
        try (Connection connection = database.anotherPool(1, clerk, "clerk").getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("set search_path = ''");
            statement.execute("update public.item set quantity = 9 where id = 10");
        }
        assertThat(told(database)).containsExactly("UPDATE Item 10 [quantity] invoice-to-api totals");
    }

    private String role() throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select rolname from pg_roles where rolname like 'clerk%'")) {
            row.next();
            return row.getString(1);
        }
    }

    @Test
    void aTableThatIsAlteredMeanwhileIsToldAsBefore() throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            for (String change : new String[] {
                "alter table item add column first int default 1",
                "alter table item drop column note",
                "alter table item alter quantity type bigint",
                "alter table item rename column first to second"
            }) {
                for (int i = 0; i < 6; i++) { // so that plans are kept
                    statement.execute("update item set quantity = quantity + 1 where id = 10");
                }
                statement.execute(change);
                told(database);
                statement.execute("update item set quantity = quantity + 1, unit_price = 1 where id = 10");
                assertThat(told(database)).as(change).hasSize(1).allMatch(row -> row.startsWith("UPDATE Item 10 ["));
            }
        }
    }

    @Test
    void aPlanOfOneRowServesForMany() throws SQLException {
        database.execute("insert into item select i, 1, 1, 1, null from generate_series(100, 20099) i");
        told(database);
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            for (int i = 0; i < 10; i++) {
                statement.execute("update item set quantity = quantity + 1 where id = 10");
            }
            statement.execute("set statement_timeout = '20s'"); // every pair of rows would take minutes
            statement.execute("update item set quantity = quantity + 1 where id >= 100");
        }
        assertThat(told(database)).hasSize(20_010);
    }
}
