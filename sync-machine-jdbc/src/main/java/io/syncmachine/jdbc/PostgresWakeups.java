package io.syncmachine.jdbc;

import io.syncmachine.spi.Wakeups;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * LISTEN and NOTIFY. A NOTIFY is sent by a thread of its own, in a transaction of its own after the one that made the changes, at
 * most every few milliseconds: in the host's transaction it would take an instance-wide lock at every commit, and would be an error
 * before PREPARE TRANSACTION. It carries nothing; one that gets lost costs a poll. The listener keeps a connection, checks it now
 * and then, and wakes its engine after every reconnection, for it may have missed something.
 */
final class PostgresWakeups implements Wakeups {

    private static final Logger log = LoggerFactory.getLogger(PostgresWakeups.class);
    private static final Duration BETWEEN_NOTIFIES = Duration.ofMillis(5);
    private static final Duration HEARTBEAT = Duration.ofSeconds(5);
    private static final Duration PATIENCE = Duration.ofMillis(200);
    private static final Duration BEFORE_RECONNECT = Duration.ofSeconds(1);

    private final Database database;
    private final String channel;
    private volatile Runnable wake = () -> {};
    private volatile boolean works;
    private volatile boolean closed;
    private volatile boolean toNotify;
    private @Nullable Thread notifier;
    private @Nullable Thread listener;

    PostgresWakeups(Database database) {
        this.database = database;
        this.channel = database.prefix().replace('.', '_') + "wake";
    }

    @Override
    public synchronized void open(Runnable wake, boolean works) {
        this.wake = wake;
        this.works = works;
        notifier = start("sync-machine-notify", this::notifyOthers);
        if (works) {
            listener = start("sync-machine-listen", this::listen);
        }
    }

    private static Thread start(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    @Override
    public void committed() {
        if (works) {
            wake.run();
        } else {
            plenty();
        }
    }

    @Override
    public void plenty() {
        if (!toNotify) {
            toNotify = true;
            LockSupport.unpark(notifier);
        }
    }

    private void notifyOthers() {
        boolean failing = false;
        while (!closed) {
            if (!toNotify) {
                LockSupport.park(this);
                continue;
            }
            toNotify = false;
            try {
                database.call(connection -> execute(connection, "notify " + channel));
                failing = false;
            } catch (JdbcStoreException e) {
                if (!failing && !closed && !Away.is(e)) {
                    log.warn("other processes cannot be woken; they poll", e);
                }
                failing = true;
            }
            rest();
        }
    }

    private void rest() {
        long end = System.nanoTime() + BETWEEN_NOTIFIES.toNanos();
        for (long left = BETWEEN_NOTIFIES.toNanos(); left > 0 && !closed; left = end - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
        }
    }

    private static boolean execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.execute(sql);
        }
    }

    private void listen() {
        boolean failing = false;
        while (!closed) {
            try (Connection connection = database.dataSource().getConnection()) {
                if (!connection.isWrapperFor(PGConnection.class)) {
                    log.info(
                            "connections are not PostgreSQL's own: wake-ups of other processes are not heard, but polled for");
                    return;
                }
                connection.setAutoCommit(true);
                execute(connection, "listen " + channel);
                wake.run();
                failing = false;
                try {
                    hear(connection);
                } finally {
                    forget(connection);
                }
            } catch (SQLException e) {
                if (!failing && !closed && !Away.is(e)) {
                    log.warn("wake-ups of other processes are not heard; polling", e);
                }
                failing = true;
                LockSupport.parkNanos(this, BEFORE_RECONNECT.toNanos());
            }
        }
    }

    private void hear(Connection connection) throws SQLException {
        PGConnection postgres = connection.unwrap(PGConnection.class);
        long checked = System.nanoTime();
        while (!closed) {
            if (postgres.getNotifications((int) PATIENCE.toMillis()).length > 0) {
                wake.run();
            }
            if (System.nanoTime() - checked > HEARTBEAT.toNanos()) {
                checked = System.nanoTime();
                if (!isListening(connection)) {
                    throw new SQLException("the connection no longer listens to " + channel);
                }
            }
        }
    }

    private boolean isListening(Connection connection) throws SQLException {
        try (ArrayStatement statement =
                new ArrayStatement(connection, "select 1 from pg_listening_channels() as c(name) where c.name = ?")) {
            return !statement.text(channel).query(row -> row.getInt(1)).isEmpty();
        }
    }

    /** The connection may go back to a pool: it must not listen there. */
    private void forget(Connection connection) {
        try {
            execute(connection, "unlisten " + channel);
        } catch (SQLException e) {
            log.debug("unlisten failed; the connection is broken", e);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        wake = () -> {};
        LockSupport.unpark(notifier);
        LockSupport.unpark(listener);
        join(notifier);
        join(listener);
    }

    private static void join(@Nullable Thread thread) {
        try {
            if (thread != null) {
                thread.join(HEARTBEAT.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
