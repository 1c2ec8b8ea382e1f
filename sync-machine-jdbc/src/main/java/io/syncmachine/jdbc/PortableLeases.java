package io.syncmachine.jdbc;

import io.syncmachine.spi.LeaseStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Leases in a table, by the database's clock. */
final class PortableLeases implements LeaseStore {

    private final Database database;
    private final KeyedTable table;
    private final String now;
    private final String expiry;

    PortableLeases(Database database, PortableDialect dialect) {
        this.database = database;
        this.table = new KeyedTable(dialect, database.sql("${p}lease"), List.of("lease_key"));
        this.now = dialect.now();
        this.expiry = dialect.later(now, "r.ttl_micros");
    }

    private static Rows<String> rows(Collection<String> keys, String holder, Duration ttl) {
        return Rows.of(keys.stream().distinct().sorted().toList())
                .texts("lease_key", key -> key)
                .texts("new_holder", key -> holder)
                .numbers("ttl_micros", key -> PortableJobs.micros(ttl));
    }

    @Override
    public Set<String> tryAcquire(Collection<String> keys, String holder, Duration ttl) {
        if (keys.isEmpty()) {
            return Set.of();
        }
        return database.inTransaction(connection -> {
            Rows<String> rows = rows(keys, holder, ttl);
            table.makeMissing(connection, rows, List.of("holder", "expires_at"), "r.new_holder, " + expiry);
            return extend(connection, rows, holder, ttl, "t.holder = r.new_holder or t.expires_at <= " + now);
        });
    }

    @Override
    public Optional<String> holder(String key) {
        return database.inTransaction(connection -> table
                .lock(
                        connection,
                        rows(List.of(key), "", Duration.ZERO),
                        "t.holder",
                        "t.expires_at > " + now,
                        row -> row.getString(1))
                .stream()
                .findFirst());
    }

    @Override
    public Set<String> renew(Collection<String> keys, String holder, Duration ttl) {
        if (keys.isEmpty()) {
            return Set.of();
        }
        return database.inTransaction(connection -> extend(
                connection, rows(keys, holder, ttl), holder, ttl, "t.holder = r.new_holder and t.expires_at > " + now));
    }

    private Set<String> extend(Connection connection, Rows<String> rows, String holder, Duration ttl, String condition)
            throws SQLException {
        Set<String> held = held(connection, rows, condition);
        table.update(
                connection, rows(held, holder, ttl), List.of("t.holder = r.new_holder", "t.expires_at = " + expiry));
        return held;
    }

    private Set<String> held(Connection connection, Rows<String> rows, String condition) throws SQLException {
        return new HashSet<>(table.lock(connection, rows, "t.lease_key", condition, row -> row.getString(1)));
    }

    @Override
    public void release(Collection<String> keys, String holder) {
        if (keys.isEmpty()) {
            return;
        }
        database.inTransaction(connection -> {
            Set<String> held = held(connection, rows(keys, holder, Duration.ZERO), "t.holder = r.new_holder");
            table.delete(connection, rows(held, holder, Duration.ZERO));
            return held.size();
        });
    }
}
