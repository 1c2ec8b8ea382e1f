package io.syncmachine.jdbc;

import io.syncmachine.spi.MachineRegistry;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is known of machines, in a table. */
final class PortableMachines implements MachineRegistry {

    private final Database database;
    private final KeyedTable table;
    private final String now;
    private final String states;

    PortableMachines(Database database, PortableDialect dialect) {
        this.database = database;
        this.table = new KeyedTable(dialect, database.sql("${p}machine"), List.of("name"));
        this.now = dialect.now();
        this.states = "select name, builder_version, swept_version, paused, " + dialect.micros("seen_at", now)
                + " from ${p}machine";
    }

    @Override
    public void announce(Map<String, Integer> builderVersions) {
        if (builderVersions.isEmpty()) {
            return;
        }
        database.inTransaction(connection -> {
            Rows<String> rows = Rows.of(
                            builderVersions.keySet().stream().sorted().toList())
                    .texts("name", name -> name)
                    .numbers("version", name -> (long) builderVersions.getOrDefault(name, 0));
            table.makeMissing(
                    connection,
                    rows,
                    List.of("builder_version", "swept_version", "seen_at"),
                    "r.version, r.version, " + now);
            table.update(
                    connection,
                    rows,
                    List.of("t.builder_version = greatest(t.builder_version, r.version)", "t.seen_at = " + now));
            return builderVersions.size();
        });
    }

    @Override
    public Map<String, MachineState> states() {
        Map<String, MachineState> found = new HashMap<>();
        database.query(states, statement -> statement, row -> found.put(row.getString(1), state(row)));
        return found;
    }

    private static MachineState state(ResultSet row) throws SQLException {
        Duration unseenFor = Duration.ofNanos(Math.max(row.getLong(5), 0) * 1_000);
        return new MachineState(row.getInt(2), row.getInt(3), row.getString(4), unseenFor);
    }

    @Override
    public void pause(String machine, @Nullable String reason) {
        String kept = reason == null ? null : JdbcJobs.storable(reason);
        boolean found = change(machine, row -> row.texts("reason", name -> kept), "t.paused = r.reason");
        if (!found) {
            throw new IllegalArgumentException(
                    "no machine '" + machine + "' was ever announced to this store, but " + states().keySet());
        }
    }

    @Override
    public void swept(String machine, int version) {
        change(
                machine,
                row -> row.numbers("version", name -> (long) version),
                "t.swept_version = greatest(t.swept_version, r.version)");
    }

    private interface Values {
        Rows<String> of(Rows<String> row);
    }

    private boolean change(String machine, Values values, String assignment) {
        return database.inTransaction(connection -> {
            Rows<String> row = Rows.of(List.of(machine)).texts("name", name -> name);
            boolean found = !table.lock(connection, row, "t.name", "1 = 1", known -> known.getString(1))
                    .isEmpty();
            table.update(connection, values.of(row), List.of(assignment));
            return found;
        });
    }
}
