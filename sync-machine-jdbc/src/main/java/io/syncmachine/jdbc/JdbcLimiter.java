package io.syncmachine.jdbc;

import io.syncmachine.Limits;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.CallLog;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Limits in a table, a row for each destination, which is locked while calls are granted. Times are the database's: its clock is read
 * before the row is locked, and what the lock took is added by this machine's.
 */
final class JdbcLimiter implements CallLimiter {

    private static final int TRIES = 3;
    private static final String NOTHING = new CallLog().toString();

    private final Database database;
    private final String clock;
    private final String lock;
    private final String insert;
    private final String keepLog;
    private final String keepPause;
    private final String pauses;

    /** A row, while it is locked. */
    private record Row(String log, long pausedUntil, long now) {}

    private interface Change<R> {
        R on(Connection connection, Row row) throws SQLException;
    }

    JdbcLimiter(Database database, Dialect dialect) {
        this.database = database;
        this.clock = "select " + dialect.clock();
        this.lock = database.sql("select call_log, paused_until from ${p}destination where name = ? for update");
        this.insert = database.sql("insert into ${p}destination (name, call_log, paused_until) values (?, ?, 0)");
        this.keepLog = database.sql("update ${p}destination set call_log = ? where name = ?");
        this.keepPause = database.sql("update ${p}destination set paused_until = ? where name = ?");
        this.pauses = "select name, paused_until - " + dialect.clock() + " from ${p}destination where paused_until > "
                + dialect.clock();
    }

    @Override
    public Grant acquire(String destination, Limits limits, int calls, Duration longest) {
        return change(destination, (connection, row) -> {
            long paused = row.pausedUntil() - row.now();
            if (paused > 0) {
                return new Grant(0, row.now(), Duration.of(paused, ChronoUnit.MICROS));
            }
            CallLog log = CallLog.parse(row.log());
            Grant grant = log.acquire(limits, calls, longest, row.now());
            if (grant.calls() > 0) {
                update(connection, keepLog, log.toString(), destination);
            }
            return grant;
        });
    }

    @Override
    public void release(String destination, Limits limits, Collection<Returned> returned) {
        change(destination, (connection, row) -> {
            CallLog log = CallLog.parse(row.log());
            returned.forEach(each -> log.release(limits, each));
            update(connection, keepLog, log.toString(), destination);
            return log;
        });
    }

    @Override
    public void pause(String destination, Duration duration) {
        change(destination, (connection, row) -> {
            long until = row.now() + TimeUnit.NANOSECONDS.toMicros(duration.toNanos());
            update(connection, keepPause, Math.max(until, row.pausedUntil()), destination);
            return until;
        });
    }

    @Override
    public Map<String, Duration> pauses() {
        Map<String, Duration> found = new HashMap<>();
        database.query(
                pauses,
                statement -> statement,
                row -> found.put(row.getString(1), Duration.of(Math.max(row.getLong(2), 0), ChronoUnit.MICROS)));
        return found;
    }

    private <R> R change(String destination, Change<R> change) {
        for (int i = 0; i < TRIES; i++) {
            Optional<R> result = database.inTransaction(connection -> {
                long before = clock(connection);
                long begin = System.nanoTime();
                try (PreparedStatement statement = connection.prepareStatement(lock)) {
                    statement.setString(1, destination);
                    try (ResultSet row = statement.executeQuery()) {
                        if (!row.next()) {
                            return Optional.empty();
                        }
                        long now = before + TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - begin);
                        return Optional.of(change.on(connection, new Row(row.getString(1), row.getLong(2), now)));
                    }
                }
            });
            if (result.isPresent()) {
                return result.get();
            }
            makeRow(destination);
        }
        throw new IllegalStateException("the row of the destination '" + destination + "' is deleted again and again");
    }

    private long clock(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(clock);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }

    /** Makes the row, unless somebody else is quicker. */
    private void makeRow(String destination) {
        try {
            database.call(connection -> {
                update(connection, insert, destination, NOTHING);
                return destination;
            });
        } catch (JdbcStoreException e) {
            if (!(e.getCause() instanceof SQLException cause) || !isDuplicate(cause)) {
                throw e;
            }
        }
    }

    private static boolean isDuplicate(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().startsWith("23");
    }

    private static void update(Connection connection, String sql, Object first, String second) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, first);
            statement.setString(2, second);
            statement.executeUpdate();
        }
    }
}
