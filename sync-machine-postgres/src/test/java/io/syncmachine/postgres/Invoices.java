package io.syncmachine.postgres;

import io.syncmachine.ChangeHandler;
import io.syncmachine.SyncMachine;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;

/** Invoices and their items, read by plain JDBC, and who listens to them. */
final class Invoices {

    static final String TABLES = """
            create table invoice (id bigint primary key, number text not null, total numeric(12, 2));
            create table item (
                id bigint primary key,
                invoice_id bigint references invoice on delete cascade,
                quantity int not null,
                unit_price numeric(12, 2),
                note text)""";

    record Invoice(long id, String number, String total) {}

    record Item(long id, Long invoiceId, int quantity, String unitPrice, String note) {}

    record Document(long id, String number) {}

    static final SyncMachine<Invoice, Long> INVOICE_TO_API = SyncMachine.define(
                    "invoice-to-api", Invoice.class, Long.class)
            .listenTo(Invoice.class, "number", "total")
            .listenTo(Item.class, Set.of("quantity", "invoiceId"), item -> List.of(item.invoiceId()))
            .build(invoice -> new Document(invoice.id(), invoice.number()))
            .publish((invoice, document) -> {})
            .done();

    static final ChangeHandler<Item> TOTALS =
            ChangeHandler.onChange("totals", Item.class, change -> {}).listenTo("quantity", "unitPrice");

    private Invoices() {}

    /** Nobody reads them here. */
    static List<Invoice> invoices(Connection connection, List<Long> ids) {
        return List.of();
    }

    /** Nobody reads them here. */
    static List<Item> items(Connection connection, List<Long> ids) {
        return List.of();
    }

    static JdbcEntities entities(DataSource dataSource) {
        return JdbcEntities.builder(dataSource)
                .entity(Invoice.class, Long.class, Invoice::id, Invoices::invoices, it -> it.table("invoice"))
                .entity(
                        Item.class,
                        Long.class,
                        Item::id,
                        Invoices::items,
                        it -> it.table("item", table -> table.reference("invoiceId", Invoice.class)))
                .build();
    }

    static PostgresTriggers triggers(DataSource dataSource) {
        return PostgresTriggers.builder(entities(dataSource))
                .machines(INVOICE_TO_API)
                .handlers(TOTALS)
                .build();
    }

    /** Makes SyncMachine's own tables. */
    static void createStore(DataSource dataSource) {
        JdbcStore store = JdbcStore.builder(dataSource)
                .schemaMode(SchemaMode.CREATE)
                .wakeUps(false)
                .build();
        store.open(() -> {}, false);
        store.close();
    }

    /** What was told since the last call, sorted: kind, type, id, what changed, and for whom. */
    static List<String> told(TestDatabase database) {
        List<String> rows = new ArrayList<>();
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "select kind, type, entity_id, changed, machines, tenant from sync_machine_outbox")) {
            while (row.next()) {
                String tenant = row.getString(6);
                rows.add(String.join(" ", row.getString(1), row.getString(2), row.getString(3))
                        + " [" + row.getString(4).replace('\u001f', ' ') + "] "
                        + row.getString(5).replace('\u001f', ' ') + (tenant.equals("default") ? "" : " of " + tenant));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        database.execute("delete from sync_machine_outbox");
        rows.sort(null);
        return rows;
    }
}
