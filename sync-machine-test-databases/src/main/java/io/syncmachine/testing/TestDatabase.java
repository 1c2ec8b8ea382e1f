package io.syncmachine.testing;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/** A database of its own on one PostgreSQL server per JVM, for tests. */
public final class TestDatabase implements AutoCloseable {

    private static final AtomicInteger COUNT = new AtomicInteger();

    private final String name;
    private final HikariDataSource pool;
    private final List<HikariDataSource> otherPools = new CopyOnWriteArrayList<>();

    /** One server for all tests of the JVM; it ends with it. */
    private static final class Server {
        static final EmbeddedPostgres INSTANCE = start();

        private static EmbeddedPostgres start() {
            try {
                return EmbeddedPostgres.builder()
                        .setServerConfig("max_connections", "200")
                        .start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private TestDatabase(String name, HikariDataSource pool) {
        this.name = name;
        this.pool = pool;
    }

    /** A new, empty database with a pool of 40 connections. */
    public static TestDatabase create() {
        String name = "test_" + COUNT.incrementAndGet();
        execute(Server.INSTANCE.getPostgresDatabase(), "create database " + name);
        return new TestDatabase(name, pool(name, 40));
    }

    private static HikariDataSource pool(String name, int size) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(Server.INSTANCE.getJdbcUrl("postgres", name));
        config.setUsername("postgres");
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(1);
        return new HikariDataSource(config);
    }

    /** The database's pool. */
    public DataSource dataSource() {
        return pool;
    }

    /** Another pool of the same database, as another process would have. */
    public HikariDataSource anotherPool(int size) {
        HikariDataSource another = pool(name, size);
        otherPools.add(another);
        return another;
    }

    /** Where it is, for another process. */
    public String url() {
        return Server.INSTANCE.getJdbcUrl("postgres", name);
    }

    /** Runs statements. */
    public void execute(String sql) {
        execute(pool, sql);
    }

    /** The number that a query answers. */
    public long number(String sql) {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void execute(DataSource dataSource, String sql) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        otherPools.forEach(HikariDataSource::close);
        pool.close();
    }
}
