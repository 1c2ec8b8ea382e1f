package io.syncmachine.postgres;

import static io.syncmachine.postgres.Invoices.told;
import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangeHandler;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.jdbc.JdbcEntities.TableSettings;
import io.syncmachine.spi.IdCodec;
import io.syncmachine.spi.JsonIdCodec;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tables of all shapes. */
class TablesTest {

    record Event(long id, int day, String text) {}

    record LineId(String region, long number) {}

    record Line(LineId id, int quantity) {}

    private final TestDatabase database = TestDatabase.create();

    TablesTest() {
        Invoices.createStore(database.dataSource());
    }

    @AfterEach
    void close() {
        database.close();
    }

    private PostgresTriggers.Builder events(String name, Consumer<TableSettings> table) {
        return PostgresTriggers.builder(JdbcEntities.builder(database.dataSource())
                        .entity(
                                Event.class,
                                Long.class,
                                Event::id,
                                (connection, ids) -> List.of(),
                                it -> it.table(name, table))
                        .build())
                .handlers(ChangeHandler.onChange("h", Event.class, change -> {}).listenTo("text"));
    }

    private List<String> drifts(PostgresTriggers triggers) throws SQLException {
        return triggers.check(database.dataSource()).stream()
                .map(TriggerDrift::toString)
                .toList();
    }

    @Test
    void aPartitionedTableTellsWhateverIsChangedByItOrByAPartition() throws SQLException {
        database.execute(
                "create table event (id bigint, day int, text text, primary key (id, day)) partition by range (day);"
                        + " create table event_1 partition of event for values from (0) to (10);"
                        + " create table event_2 partition of event for values from (10) to (20) partition by range (day);"
                        + " create table event_2a partition of event_2 for values from (10) to (15)");
        PostgresTriggers triggers = events("event", table -> {}).build();
        triggers.apply(database.dataSource());
        assertThat(drifts(triggers)).isEmpty();

        database.execute("insert into event values (1, 1, 'a'), (2, 11, 'b')");
        database.execute("insert into event_2a values (3, 12, 'c')");
        assertThat(told(database))
                .containsExactly("CREATE Event 1 [* +] h", "CREATE Event 2 [* +] h", "CREATE Event 3 [* +] h");

        database.execute("update event_1 set text = 'x'");
        database.execute("update event_2 set text = 'y' where id = 3");
        assertThat(told(database)).containsExactly("UPDATE Event 1 [text] h", "UPDATE Event 3 [text] h");

        database.execute("update event set day = 13 where id = 1"); // moves to another partition
        assertThat(told(database)).isEmpty();
        database.execute("update event set day = 2, text = 'z' where id = 1");
        assertThat(told(database)).containsExactly("UPDATE Event 1 [text] h");

        database.execute("delete from event_2a");
        assertThat(told(database)).containsExactly("DELETE Event 2 [*] h", "DELETE Event 3 [*] h");
    }

    @Test
    void aNewPartitionIsNamedUntilTheScriptHasRun() throws SQLException {
        database.execute("create table event (id bigint, day int, text text) partition by range (day);"
                + " create table event_1 partition of event for values from (0) to (10)");
        PostgresTriggers triggers = events("event", table -> {}).build();
        triggers.apply(database.dataSource());
        database.execute("create table event_2 (text text, day int, id bigint);"
                + " alter table event attach partition event_2 for values from (10) to (20)");

        assertThat(drifts(triggers))
                .hasSize(4)
                .allMatch(drift -> drift.startsWith("event_2: the trigger sync_machine_"))
                .contains("event_2: the trigger sync_machine_insert is missing; run the script of the triggers again");
        database.execute("insert into event values (1, 11, 'seen')");
        database.execute("insert into event_2 values ('not seen', 11, 2)");
        assertThat(told(database)).containsExactly("CREATE Event 1 [* +] h");

        triggers.apply(database.dataSource());
        assertThat(drifts(triggers)).isEmpty();
        database.execute("insert into event_2 values ('seen', 11, 3)");
        assertThat(told(database)).containsExactly("CREATE Event 3 [* +] h");
    }

    @Test
    void rowTriggersComeWithAPartitionByThemselves() throws SQLException {
        database.execute("create table event (id bigint, day int, text text) partition by range (day);"
                + " create table event_1 partition of event for values from (0) to (10)");
        events("event", table -> {}).build().apply(database.dataSource());
        PostgresTriggers triggers = events("event", table -> {}).forEachRow().build();
        triggers.apply(database.dataSource());
        assertThat(drifts(triggers)).isEmpty();
        database.execute("create table event_2 partition of event for values from (10) to (20)");

        database.execute("insert into event_2 values (1, 11, 'a')");
        database.execute("update event set text = 'b'");
        database.execute("update event set day = 12");
        database.execute("delete from event_2");
        assertThat(told(database))
                .containsExactly("CREATE Event 1 [* +] h", "DELETE Event 1 [*] h", "UPDATE Event 1 [text] h");
        assertThat(drifts(triggers))
                .as("TRUNCATE has triggers for each table")
                .containsExactly(
                        "event_2: the trigger sync_machine_truncate is missing; run the script of the triggers again");
    }

    @Test
    void namesMayBeReservedMixedCaseAndQuoted() throws SQLException {
        database.execute(
                "create schema \"Select\"; create table \"Select\".\"Order \"\"of's\" (\"from\" bigint primary key,"
                        + " \"dayOf\" int, \"Table's\" text)");
        PostgresTriggers triggers = events(
                        "Order \"of's",
                        table -> table.schema("Select")
                                .key("from")
                                .column("day", "dayOf")
                                .column("text", "Table's"))
                .build();
        triggers.apply(database.dataSource());
        assertThat(drifts(triggers)).isEmpty();

        database.execute("insert into \"Select\".\"Order \"\"of's\" values (1, 1, 'a')");
        database.execute("update \"Select\".\"Order \"\"of's\" set \"Table's\" = 'b'");
        database.execute("delete from \"Select\".\"Order \"\"of's\"");

        assertThat(told(database))
                .containsExactly("CREATE Event 1 [* +] h", "DELETE Event 1 [*] h", "UPDATE Event 1 [text] h");
    }

    @Test
    void anotherPrefixAndSchemaHoldTheirOwn() throws SQLException {
        database.execute("create schema shop; create schema integration;"
                + " create table shop.event (id bigint primary key, day int, text text);"
                + " create table integration.sm_outbox (like sync_machine_outbox including all)");
        PostgresTriggers here = events("event", table -> {})
                .schema("shop")
                .prefix("integration.sm_")
                .build();
        PostgresTriggers there = events("event", table -> table.schema("shop")).build();
        here.apply(database.dataSource());
        there.apply(database.dataSource());
        assertThat(drifts(here)).isEmpty();
        assertThat(drifts(there)).isEmpty();

        database.execute("insert into shop.event values (1, 1, 'a')");

        assertThat(database.number("select count(*) from integration.sm_outbox"))
                .isOne();
        assertThat(told(database)).containsExactly("CREATE Event 1 [* +] h");
    }

    @Test
    void anIdOfSeveralValuesIsWrittenAsItsCodecWritesIt() throws SQLException {
        database.execute("create table line (number bigint, region text, quantity int, primary key (region, number))");
        JdbcEntities entities = JdbcEntities.builder(database.dataSource())
                .entity(
                        Line.class,
                        LineId.class,
                        Line::id,
                        (connection, ids) -> List.of(),
                        it -> it.table("line", table -> table.column("id")))
                .build();
        PostgresTriggers triggers = PostgresTriggers.builder(entities)
                .handlers(ChangeHandler.onChange("h", Line.class, change -> {}))
                .build();
        triggers.apply(database.dataSource());
        LineId id = new LineId("a \"b\"\\c\td'é", 7);

        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement insert = connection.prepareStatement("insert into line values (?, ?, 1)")) {
            insert.setLong(1, id.number());
            insert.setString(2, id.region());
            insert.execute();
        }
        database.execute("update line set quantity = 2");
        database.execute("update line set number = 8");

        IdCodec<LineId> codec = new JsonIdCodec<>(LineId.class);
        String text = codec.encode(id);
        String moved = codec.encode(new LineId(id.region(), 8));
        assertThat(told(database))
                .containsExactly(
                        "CREATE Line " + text + " [* +] h",
                        "CREATE Line " + moved + " [* +] h",
                        "DELETE Line " + text + " [*] h",
                        "UPDATE Line " + text + " [quantity] h");
    }

    @Test
    void valuesOfEveryKindAreCompared() throws SQLException {
        database.execute(
                "create table event (id bigint primary key, a int[], b jsonb, c numeric, d timestamptz, e text collate \"C\","
                        + " f int generated always as (cardinality(a)) stored, g uuid, h daterange)");
        PostgresTriggers triggers = events(
                        "event", table -> table.column("day").column("text", "a", "b", "c", "d", "e", "f", "g", "h"))
                .build();
        triggers.apply(database.dataSource());
        assertThat(drifts(triggers)).isEmpty();
        database.execute("insert into event values (1, '{1,null}', '{\"x\": 1}', 1.0, '2026-01-01 00:00Z', 'a')");
        told(database);

        for (String same : List.of(
                "a = '{1,null}'", "b = '{\"x\":1}'", "c = 1.00", "d = '2026-01-01 01:00+01'", "g = null", "h = null")) {
            database.execute("update event set " + same);
            assertThat(told(database)).as(same).isEmpty();
        }
        for (String other : List.of(
                "a = '{1,2}'",
                "b = '{\"x\":2}'",
                "c = 1.01",
                "c = null",
                "d = d + interval '1 microsecond'",
                "e = 'A'",
                "g = '00000000-0000-0000-0000-000000000001'",
                "h = '[2026-01-01,)'",
                "a = null")) {
            database.execute("update event set " + other);
            assertThat(told(database)).as(other).containsExactly("UPDATE Event 1 [text] h");
        }
    }

    @Test
    void replicatedChangesAreToldWhereThatIsDeclared() throws SQLException {
        database.execute("create table event (id bigint primary key, day int, text text)");
        events("event", table -> {}).build().apply(database.dataSource());
        insertAsAReplica(1);
        assertThat(told(database)).isEmpty();

        PostgresTriggers triggers = events("event", table -> {}).enableAlways().build();
        assertThat(drifts(triggers)).isNotEmpty();
        triggers.apply(database.dataSource());
        assertThat(drifts(triggers)).isEmpty();
        insertAsAReplica(2);
        assertThat(told(database)).containsExactly("CREATE Event 2 [* +] h");

        database.execute("alter table event enable trigger sync_machine_insert");
        assertThat(drifts(triggers))
                .containsExactly(
                        "event: the trigger sync_machine_insert is not enabled for replicated changes, which is declared; run"
                                + " the script of the triggers again");
    }

    private void insertAsAReplica(int id) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("set local session_replication_role = replica");
            statement.execute("insert into event values (" + id + ", 1, 'a')");
            connection.commit();
        }
    }

    @Test
    void aColumnTellsTheTenant() throws SQLException {
        database.execute("create table event (id bigint primary key, day int, text text, shop text)");
        PostgresTriggers triggers =
                events("event", table -> table.tenantColumn("shop")).build();
        triggers.apply(database.dataSource());

        database.execute("insert into event values (1, 1, 'a', 'north'), (2, 1, 'a', 'south')");
        database.execute("update event set text = 'b' where id = 2");
        database.execute("delete from event where id = 1");

        assertThat(told(database))
                .containsExactly(
                        "CREATE Event 1 [* +] h of north",
                        "CREATE Event 2 [* +] h of south",
                        "DELETE Event 1 [*] h of north",
                        "UPDATE Event 2 [text] h of south");
    }
}
