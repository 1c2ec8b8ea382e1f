package io.syncmachine.jdbc;

import io.syncmachine.spi.Change;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;

/**
 * Insert-only for the host. Rows become visible in the order of commits and not of ids; so the relay takes whatever it can lock, and
 * deletes what it took.
 */
final class PostgresOutbox extends JdbcOutbox {

    private static final String APPEND = """
            insert into ${p}outbox (tenant, type, entity_id, kind, changed, machines, trace)
            select * from unnest(?, ?, ?, ?, ?, ?, ?)""";
    private static final String TAKE = """
            with taken as (select id from ${p}outbox order by id limit ? for update skip locked)
            delete from ${p}outbox o using taken t where o.id = t.id
            returning o.tenant, o.type, o.entity_id, o.kind, o.changed, o.machines, o.trace""";

    private final Database database;

    PostgresOutbox(Database database, Wakeups wakeups) {
        super(database, wakeups, "(extract(epoch from clock_timestamp() - added_at) * 1000000)::bigint");
        this.database = database;
    }

    @Override
    public void append(Connection connection, Collection<Change> changes) throws SQLException {
        if (changes.isEmpty()) {
            return;
        }
        try (ArrayStatement statement = new ArrayStatement(connection, database.sql(APPEND))) {
            statement
                    .texts(changes, Change::tenant)
                    .texts(changes, Change::type)
                    .texts(changes, Change::id)
                    .texts(changes, change -> change.kind().name())
                    .texts(changes, change -> join(change.changed().encoded()))
                    .texts(changes, change -> join(change.machines()))
                    .texts(changes, Change::trace)
                    .update();
        }
    }

    @Override
    List<Change> take(Connection connection, int limit) throws SQLException {
        try (ArrayStatement statement = new ArrayStatement(connection, database.sql(TAKE))) {
            return statement.number(limit).query(JdbcOutbox::change);
        }
    }
}
