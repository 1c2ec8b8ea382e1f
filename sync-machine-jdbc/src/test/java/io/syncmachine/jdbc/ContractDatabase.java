package io.syncmachine.jdbc;

import io.syncmachine.testing.TestDatabase;
import java.time.Duration;

/** A database with a store in it, for a contract; time passes by moving all that is stored into the past. */
final class ContractDatabase implements AutoCloseable {

    private final TestDatabase database = TestDatabase.create();

    JdbcStore store() {
        return JdbcStore.builder(database.dataSource())
                .schemaMode(SchemaMode.CREATE)
                .wakeUps(false)
                .build();
    }

    /** A store that is open already. */
    JdbcStore openStore() {
        JdbcStore store = store();
        store.open(() -> {}, false);
        return store;
    }

    void execute(String sql) {
        database.execute(sql);
    }

    void pass(Duration duration) {
        String ago = " - interval '" + duration.toMillis() + " milliseconds'";
        database.execute("update sync_machine_job set due_at = due_at" + ago + ", lease_until = lease_until" + ago
                + ", failing_since = failing_since" + ago);
        database.execute("update sync_machine_payload set call_until = call_until" + ago + ", used_at = used_at" + ago);
        database.execute("update sync_machine_journal set at = at" + ago);
        database.execute("update sync_machine_machine set seen_at = seen_at" + ago);
        database.execute("update sync_machine_lease set expires_at = expires_at" + ago);
    }

    @Override
    public void close() {
        database.close();
    }
}
