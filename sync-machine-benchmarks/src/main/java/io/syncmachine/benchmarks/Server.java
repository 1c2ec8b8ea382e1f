package io.syncmachine.benchmarks;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** An embedded PostgreSQL that is as durable as a real one, with a fresh database for each peer. */
final class Server implements AutoCloseable {

    private static final String DATABASE = "bench";
    private static final int SHOWN = 25;

    private final EmbeddedPostgres server;
    private final boolean countStatements;

    /**
     * Starts it.
     *
     * @param countStatements whether it counts and times statements, which costs it something
     */
    Server(boolean countStatements) throws IOException {
        this.countStatements = countStatements;
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setServerConfig("fsync", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("shared_buffers", "256MB")
                .setServerConfig("max_wal_size", "4GB")
                .setServerConfig("max_connections", "150");
        if (countStatements) {
            builder.setServerConfig("shared_preload_libraries", "pg_stat_statements");
        }
        server = builder.start();
    }

    /** Makes the database anew, without a trace of the last peer. */
    Access fresh() {
        execute("postgres", "drop database if exists " + DATABASE + " with (force)");
        execute("postgres", "create database " + DATABASE);
        execute("postgres", "checkpoint");
        if (countStatements) {
            execute(DATABASE, "create extension pg_stat_statements");
        }
        return new Access(url(DATABASE));
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url(DATABASE));
    }

    private String url(String database) {
        return server.getJdbcUrl("postgres", database);
    }

    private void execute(String database, String sql) {
        try (Connection connection = DriverManager.getConnection(url(database));
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Forgets what statements have cost. */
    void countAnew() {
        if (countStatements) {
            execute(DATABASE, "select pg_stat_statements_reset()");
        }
    }

    /** The statements that cost most since, each a line. */
    List<String> dearest() {
        List<String> lines = new ArrayList<>();
        if (!countStatements) {
            return lines;
        }
        try (Connection connection = DriverManager.getConnection(url(DATABASE));
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select total_exec_time, calls, rows, wal_bytes,"
                        + " regexp_replace(query, '\\s+', ' ', 'g') from pg_stat_statements s"
                        + " join pg_database d on d.oid = s.dbid and d.datname = current_database()"
                        + " order by total_exec_time desc limit " + SHOWN)) {
            while (rows.next()) {
                lines.add(String.format(
                        Locale.ROOT,
                        "%8.1f ms %7d calls %8d rows %9d bytes of WAL  %s",
                        rows.getDouble(1),
                        rows.getLong(2),
                        rows.getLong(3),
                        rows.getLong(4),
                        rows.getString(5)));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return lines;
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
