package io.syncmachine.jdbc;

import io.syncmachine.spi.Change;
import io.syncmachine.spi.Wakeups;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * Insert-only for the host. Rows become visible in the order of commits and not of ids; so the relay takes whatever it can lock, and
 * deletes what it took.
 */
final class PostgresOutbox extends JdbcOutbox {

    private static final String APPEND =
            "insert into ${p}outbox (tenant, type, entity_id, kind, changed, machines, trace) ";
    private static final String ARRAYS = "select * from unnest(?, ?, ?, ?, ?, ?, ?)";
    private static final String ROW = "(?, ?, ?, ?, ?, ?, ?)";
    /** So many rows are cheaper as VALUES than as arrays. */
    private static final int FEW = 4;
    /** Sent with the statement before it, and executed only if that succeeds. */
    private static final String COMMIT = "; commit";

    /**
     * Its transaction need not wait until it is on the disk: after a crash of the server, rows and jobs are together as they were before, and
     * whatever is durable after it makes it durable as well.
     */
    private static final String TAKE = """
            delete from ${p}outbox o
            where o.ctid = any(array(select ctid from ${p}outbox order by id limit ? for update skip locked))
                and (select set_config('synchronous_commit', 'off', true)) is not null
            returning o.tenant, o.type, o.entity_id, o.kind, o.changed, o.machines, o.trace""";

    private static final String FREE = """
            select o.tenant, o.type, o.entity_id, o.kind, o.changed, o.machines, o.trace, o.id from ${p}outbox o
            where o.held_until is null or o.held_until <= now() order by o.id limit ? for update skip locked""";
    private static final String HOLD =
            "update ${p}outbox set held_until = now() + ? * interval '1 microsecond' where id = any(?)";
    private static final String DELETE = "delete from ${p}outbox where id = any(?)";

    private final Database database;
    private final String arrays;
    /** The insert of one row, of two, and so on. */
    private final List<String> values;

    PostgresOutbox(Database database, Wakeups wakeups) {
        super(database, wakeups, "(extract(epoch from clock_timestamp() - added_at) * 1000000)::bigint");
        this.database = database;
        String append = database.sql(APPEND);
        this.arrays = append + ARRAYS;
        this.values = IntStream.rangeClosed(1, FEW)
                .mapToObj(rows -> append + "values " + String.join(", ", Collections.nCopies(rows, ROW)))
                .toList();
    }

    @Override
    public void append(Connection connection, Collection<Change> changes) throws SQLException {
        append(connection, changes, "");
    }

    /** With what shall be executed after it, in the same round trip. */
    private void append(Connection connection, Collection<Change> changes, String then) throws SQLException {
        if (changes.size() > FEW) {
            appendArrays(connection, changes, then);
        } else if (!changes.isEmpty()) {
            appendValues(connection, changes, then);
        }
    }

    private void appendValues(Connection connection, Collection<Change> changes, String then) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(values.get(changes.size() - 1) + then)) {
            bind(statement, changes);
            statement.execute();
        }
    }

    private void appendArrays(Connection connection, Collection<Change> changes, String then) throws SQLException {
        try (ArrayStatement statement = new ArrayStatement(connection, arrays + then)) {
            statement
                    .texts(changes, Change::tenant)
                    .texts(changes, Change::type)
                    .texts(changes, Change::id)
                    .texts(changes, change -> change.kind().name())
                    .texts(changes, change -> join(change.changed().encoded()))
                    .texts(changes, change -> join(change.machines()))
                    .texts(changes, Change::trace)
                    .execute();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>It commits where nothing stands between the driver and its caller but a pool that is known: what else may see to commits
     * must see them before they happen. Where the insert fails, the server executes nothing more of what was sent with it, so the
     * transaction is still open then, and failed. Hence an exception after which it is not open any more is the commit's.
     */
    @Override
    public void appendForCommit(Connection connection, Collection<Change> changes) throws SQLException {
        BaseConnection driver = PostgresConnections.ready(connection);
        if (driver == null || changes.isEmpty()) {
            super.appendForCommit(connection, changes);
            return;
        }
        try {
            append(connection, changes, COMMIT);
        } catch (SQLException e) {
            if (driver.getTransactionState() == TransactionState.FAILED) {
                throw new JdbcStoreException(e);
            }
            throw e;
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
