package io.syncmachine.jdbc;

import io.syncmachine.spi.MachineRegistry;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is known of machines, in a table. */
final class PostgresMachines implements MachineRegistry {

    private static final String ANNOUNCE = """
            insert into ${p}machine as m (name, builder_version, swept_version, seen_at)
            select a.name, a.version, a.version, clock_timestamp() from unnest(?, ?) as a(name, version)
            order by a.name collate "C"
            on conflict (name) do update set
                builder_version = greatest(m.builder_version, excluded.builder_version), seen_at = clock_timestamp()""";
    private static final String STATES = """
            select name, builder_version, swept_version, paused,
                greatest((extract(epoch from clock_timestamp() - seen_at) * 1000000)::bigint, 0)
            from ${p}machine""";
    private static final String PAUSE = "update ${p}machine set paused = %s where name = ? returning 1";
    private static final String SWEPT =
            "update ${p}machine set swept_version = greatest(swept_version, ?) where name = ? returning 1";

    private final Database database;

    PostgresMachines(Database database) {
        this.database = database;
    }

    @Override
    public void announce(Map<String, Integer> builderVersions) {
        if (builderVersions.isEmpty()) {
            return;
        }
        database.call(connection -> {
            try (ArrayStatement statement = database.statement(connection, ANNOUNCE)) {
                return statement
                        .texts(builderVersions.entrySet(), Map.Entry::getKey)
                        .longs(
                                builderVersions.entrySet(),
                                entry -> entry.getValue().longValue())
                        .update();
            }
        });
    }

    @Override
    public Map<String, MachineState> states() {
        Map<String, MachineState> states = new HashMap<>();
        database.query(STATES, statement -> statement, row -> states.put(row.getString(1), state(row)));
        return states;
    }

    private static MachineState state(ResultSet row) throws SQLException {
        return new MachineState(
                row.getInt(2), row.getInt(3), row.getString(4), Duration.ofNanos(row.getLong(5) * 1_000));
    }

    @Override
    public void pause(String machine, @Nullable String reason) {
        boolean found = reason == null
                ? !database.query(PAUSE.formatted("null"), statement -> statement.text(machine), row -> row.getInt(1))
                        .isEmpty()
                : !database.query(
                                PAUSE.formatted("?"),
                                statement -> statement
                                        .text(JdbcJobs.storable(reason))
                                        .text(machine),
                                row -> row.getInt(1))
                        .isEmpty();
        if (!found) {
            throw new IllegalArgumentException(
                    "no machine '" + machine + "' was ever announced to this store, but " + states().keySet());
        }
    }

    @Override
    public void swept(String machine, int version) {
        database.query(SWEPT, statement -> statement.number(version).text(machine), row -> row.getInt(1));
    }
}
