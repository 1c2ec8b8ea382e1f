package io.syncmachine.jdbc;

import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Empty tables for a contract, the same ones for all of its tests; time passes by moving all that is stored into the past. */
final class ContractDatabase {

    private static final Map<DatabaseKind, TestDatabase> DATABASES = new ConcurrentHashMap<>();
    private static final List<String> TABLES = List.of("outbox", "job", "payload", "journal", "machine", "lease");

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
        moveBack("job", "lease_until", duration);
        moveBack("job", "failing_since", duration);
        moveBack("job", "parked_at", duration);
        moveBack("outbox", "added_at", duration);
        moveBack("payload", "call_until", duration);
        moveBack("payload", "used_at", duration);
        moveBack("journal", "at", duration);
        moveBack("machine", "seen_at", duration);
        moveBack("lease", "expires_at", duration);
    }

    private void moveBack(String table, String column, Duration duration) {
        database.execute("update sync_machine_" + table + " set " + column + " = "
                + database.earlier(column, duration.toMillis()));
    }
}
