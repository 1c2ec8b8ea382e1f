package io.syncmachine.jdbc;

import io.syncmachine.spi.Change;
import io.syncmachine.spi.Wakeups;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

/**
 * Insert-only for the host: its rows come as VALUES, whose number the database knows before it begins, so that no host waits for the
 * numbering of another's. The relay takes whatever it can lock, and deletes what it took.
 */
final class PortableOutbox extends JdbcOutbox {

    private static final String INSERT =
            "insert into ${p}outbox (tenant, type, entity_id, kind, changed, machines, trace) values ";
    private static final String ROW = "(?, ?, ?, ?, ?, ?, ?)";
    private static final String COLUMNS =
            "select tenant, type, entity_id, kind, changed, machines, trace, id from ${p}outbox ";
    private static final String OLDEST = " order by id limit ? for update skip locked";
    /** Few enough for every driver's limit of parameters; a transaction that changes more adds one more statement. */
    private static final int MOST_ROWS = 5_000;

    private final Database database;
    private final KeyedTable table;

    private final String free;
    private final String heldUntil;

    PortableOutbox(Database database, PortableDialect dialect, Wakeups wakeups) {
        super(database, wakeups, dialect.micros("added_at", dialect.now()));
        this.free = database.sql(COLUMNS + "where held_until is null or held_until <= " + dialect.now() + OLDEST);
        this.heldUntil = "t.held_until = " + dialect.later(dialect.now(), "r.hold_micros");
        this.database = database;
        this.table = new KeyedTable(dialect, database.sql("${p}outbox"), List.of("id"));
    }

    @Override
    public void append(Connection connection, Collection<Change> changes) throws SQLException {
        List<Change> rest = new ArrayList<>(changes);
        for (int from = 0; from < rest.size(); from += MOST_ROWS) {
            insert(connection, rest.subList(from, Math.min(from + MOST_ROWS, rest.size())));
        }
    }

    private void insert(Connection connection, List<Change> changes) throws SQLException {
        String sql = database.sql(INSERT) + String.join(", ", Collections.nCopies(changes.size(), ROW));
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            bind(statement, changes);
            statement.executeUpdate();
        }
    }

    @Override
    List<Change> take(Connection connection, int limit) throws SQLException {
        List<HeldChanges.Row> taken = rows(connection, database.sql(COLUMNS + OLDEST), limit);
        delete(connection, taken.stream().map(HeldChanges.Row::id).toList());
        return taken.stream().map(HeldChanges.Row::change).toList();
    }

    private static List<HeldChanges.Row> rows(Connection connection, String sql, int limit) throws SQLException {
        try (ArrayStatement statement = new ArrayStatement(connection, sql)) {
            return statement.number(limit).query(row -> new HeldChanges.Row(row.getLong(8), change(row)));
        }
    }

    @Override
    List<HeldChanges.Row> hold(Connection connection, int limit, Duration hold) throws SQLException {
        List<HeldChanges.Row> rows = rows(connection, free, limit);
        hold(connection, rows.stream().map(HeldChanges.Row::id).toList(), hold);
        return rows;
    }

    @Override
    void hold(Connection connection, List<Long> ids, Duration hold) throws SQLException {
        Rows<Long> rows = Rows.of(ids).numbers("id", id -> id);
        table.update(connection, rows.numbers("hold_micros", id -> PortableJobs.micros(hold)), List.of(heldUntil));
    }

    @Override
    void delete(Connection connection, List<Long> ids) throws SQLException {
        table.delete(connection, Rows.of(ids).numbers("id", id -> id));
    }
}
