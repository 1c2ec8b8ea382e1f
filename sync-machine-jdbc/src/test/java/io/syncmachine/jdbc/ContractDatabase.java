package io.syncmachine.jdbc;

import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** Empty tables for a contract, the same ones for all of its tests; time passes by moving all that is stored into the past. */
final class ContractDatabase {

    private static final Map<DatabaseKind, TestDatabase> DATABASES = new ConcurrentHashMap<>();
    private static final List<String> TABLES =
            List.of("outbox", "job", "payload", "journal", "machine", "lease", "destination", "resync", "resync_page");

    private final TestDatabase database;

    ContractDatabase(DatabaseKind kind) {
        database = DATABASES.computeIfAbsent(kind, ContractDatabase::create);
        TABLES.forEach(table -> execute("delete from sync_machine_" + table));
    }

    private static TestDatabase create(DatabaseKind kind) {
        TestDatabase database = TestDatabase.create(kind);
        try (JdbcStore store = JdbcStore.builder(database.dataSource())
                .schemaMode(SchemaMode.CREATE)
                .wakeUps(false)
                .build()) {
            store.open(() -> {}, false);
        }
        return database;
    }

    JdbcStore store() {
        return JdbcStore.builder(database.dataSource()).wakeUps(false).build();
    }

    /** A store that is open already. */
    JdbcStore openStore() {
        JdbcStore store = store();
        store.open(() -> {}, false);
        return store;
    }

    TestDatabase database() {
        return database;
    }

    void execute(String sql) {
        database.execute(sql);
    }

    void pass(Duration duration) {
        moveBack("outbox", "held_until", duration);
        moveBack("job", "due_at", duration);
        moveBack("job", "settle_by", duration);
        moveBack("job", "lease_until", duration);
        moveBack("job", "failing_since", duration);
        moveBack("job", "parked_at", duration);
        moveBack("outbox", "added_at", duration);
        moveBack("payload", "call_until", duration);
        moveBack("payload", "used_at", duration);
        moveBack("journal", "at", duration);
        moveBack("machine", "seen_at", duration);
        moveBack("lease", "expires_at", duration);
        moveBackDestinations(duration);
    }

    /** Their times are numbers of sixteen digits. */
    private void moveBackDestinations(Duration duration) {
        long micros = duration.toMillis() * 1_000;
        execute("update sync_machine_destination set paused_until = paused_until - " + micros);
        for (String log : logs()) {
            String earlier = Pattern.compile("\\d{16}")
                    .matcher(log)
                    .replaceAll(time -> Long.toString(Long.parseLong(time.group()) - micros));
            execute("update sync_machine_destination set call_log = '" + earlier + "' where call_log = '" + log + "'");
        }
    }

    private List<String> logs() {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select call_log from sync_machine_destination")) {
            List<String> logs = new ArrayList<>();
            while (rows.next()) {
                logs.add(rows.getString(1));
            }
            return logs;
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private void moveBack(String table, String column, Duration duration) {
        database.execute("update sync_machine_" + table + " set " + column + " = "
                + database.earlier(column, duration.toMillis()));
    }
}
