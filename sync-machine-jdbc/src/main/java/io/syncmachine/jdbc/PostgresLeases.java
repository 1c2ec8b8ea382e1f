package io.syncmachine.jdbc;

import io.syncmachine.spi.LeaseStore;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Leases in a table, by the database's clock. */
final class PostgresLeases implements LeaseStore {

    private static final String ACQUIRE = """
            insert into ${p}lease as l (lease_key, holder, expires_at)
            select distinct k.lease_key collate "C", ?, clock_timestamp() + ? * interval '1 microsecond'
            from unnest(?) as k(lease_key) order by 1
            on conflict (lease_key) do update set holder = excluded.holder, expires_at = excluded.expires_at
                where l.holder = excluded.holder or l.expires_at <= clock_timestamp()
            returning l.lease_key""";
    private static final String RENEW = """
            update ${p}lease l set expires_at = clock_timestamp() + ? * interval '1 microsecond'
            where l.lease_key = any(?) and l.holder = ? and l.expires_at > clock_timestamp()
            returning l.lease_key""";
    private static final String HOLDER =
            "select l.holder from ${p}lease l where l.lease_key = ? and l.expires_at > clock_timestamp()";
    private static final String RELEASE =
            "delete from ${p}lease l where l.lease_key = any(?) and l.holder = ? returning 1";

    private final Database database;

    PostgresLeases(Database database) {
        this.database = database;
    }

    @Override
    public Set<String> tryAcquire(Collection<String> keys, String holder, Duration ttl) {
        return new HashSet<>(database.query(
                ACQUIRE,
                statement -> statement
                        .text(holder)
                        .number(ArrayStatement.micros(ttl))
                        .texts(keys, key -> key),
                row -> row.getString(1)));
    }

    @Override
    public Optional<String> holder(String key) {
        return database.query(HOLDER, statement -> statement.text(key), row -> row.getString(1)).stream()
                .findFirst();
    }

    @Override
    public Set<String> renew(Collection<String> keys, String holder, Duration ttl) {
        return new HashSet<>(database.query(
                RENEW,
                statement -> statement
                        .number(ArrayStatement.micros(ttl))
                        .texts(keys, key -> key)
                        .text(holder),
                row -> row.getString(1)));
    }

    @Override
    public void release(Collection<String> keys, String holder) {
        database.query(RELEASE, statement -> statement.texts(keys, key -> key).text(holder), row -> row.getString(1));
    }
}
