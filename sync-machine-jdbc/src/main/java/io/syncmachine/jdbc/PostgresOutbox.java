package io.syncmachine.jdbc;

import io.syncmachine.spi.Change;
import io.syncmachine.spi.Wakeups;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
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
            delete from ${p}outbox o
            where o.ctid = any(array(select ctid from ${p}outbox order by id limit ? for update skip locked))
            returning o.tenant, o.type, o.entity_id, o.kind, o.changed, o.machines, o.trace""";

    private static final String FREE = """
            select o.tenant, o.type, o.entity_id, o.kind, o.changed, o.machines, o.trace, o.id from ${p}outbox o
            where o.held_until is null or o.held_until <= now() order by o.id limit ? for update skip locked""";
    private static final String HOLD =
            "update ${p}outbox set held_until = now() + ? * interval '1 microsecond' where id = any(?)";
    private static final String DELETE = "delete from ${p}outbox where id = any(?)";

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
    List<HeldChanges.Row> hold(Connection connection, int limit, Duration hold) throws SQLException {
        List<HeldChanges.Row> rows;
        try (ArrayStatement statement = database.statement(connection, FREE)) {
            rows = statement.number(limit).query(row -> new HeldChanges.Row(row.getLong(8), change(row)));
        }
        hold(connection, rows.stream().map(HeldChanges.Row::id).toList(), hold);
        return rows;
    }

    @Override
    void hold(Connection connection, List<Long> ids, Duration hold) throws SQLException {
        try (ArrayStatement statement = database.statement(connection, HOLD)) {
            statement.number(ArrayStatement.micros(hold)).longs(ids, id -> id).update();
        }
    }

    @Override
    void delete(Connection connection, List<Long> ids) throws SQLException {
        try (ArrayStatement statement = database.statement(connection, DELETE)) {
            statement.longs(ids, id -> id).update();
        }
    }

    @Override
    List<Change> take(Connection connection, int limit) throws SQLException {
        try (ArrayStatement statement = database.statement(connection, TAKE)) {
            return statement.number(limit).query(JdbcOutbox::change);
        }
    }
}
