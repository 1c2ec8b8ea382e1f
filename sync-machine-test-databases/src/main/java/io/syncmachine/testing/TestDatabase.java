package io.syncmachine.testing;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.sql.DataSource;

/** A database of its own for a test, on one server per JVM. */
public final class TestDatabase implements AutoCloseable {

    private static final AtomicInteger COUNT = new AtomicInteger();

    private final DatabaseKind kind;
    private final String name;
    private final HikariDataSource pool;
    private final List<HikariDataSource> otherPools = new CopyOnWriteArrayList<>();

    /** One server for all tests of the JVM; it ends with it. */
    private static final class PostgresServer {
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

    private TestDatabase(DatabaseKind kind, String name) {
        this.kind = kind;
        this.name = name;
        this.pool = pool(40);
    }

    /** A new, empty PostgreSQL database with a pool of 40 connections. */
    public static TestDatabase create() {
        return create(DatabaseKind.POSTGRESQL);
    }

    /** A new, empty database with a pool of 40 connections. */
    public static TestDatabase create(DatabaseKind kind) {
        String name =
                "shop_" + COUNT.incrementAndGet(); // on MariaDB, everybody has all rights in databases called test_
        switch (kind) {
            case POSTGRESQL -> execute(PostgresServer.INSTANCE.getPostgresDatabase(), "create database " + name);
            case H2 -> {}
            case MARIADB, MARIADB_BY_MYSQL_DRIVER -> execute(mariaDbUrl(""), "create database " + name);
            case MYSQL -> {
                execute(DatabaseKind.mySqlUrl(), "drop database if exists " + name);
                execute(DatabaseKind.mySqlUrl(), "create database " + name);
            }
        }
        return new TestDatabase(kind, name);
    }

    private static String mariaDbUrl(String name) {
        return "jdbc:mariadb://127.0.0.1:" + MariaDbServer.port() + "/" + name + "?user=" + MariaDbServer.USER
                + "&password=" + MariaDbServer.USER;
    }

    private HikariDataSource pool(int size) {
        return new HikariDataSource(config(size));
    }

    private HikariConfig config(int size) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url());
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(1);
        if (kind == DatabaseKind.POSTGRESQL) {
            config.setUsername("postgres");
        }
        return config;
    }

    /** The database's pool. */
    public DataSource dataSource() {
        return pool;
    }

    /** Another pool of the same database, as another process would have. */
    public HikariDataSource anotherPool(int size) {
        return keep(pool(size));
    }

    /** Another pool of the same database, with settings of its own. */
    public HikariDataSource anotherPool(int size, Consumer<HikariConfig> settings) {
        HikariConfig config = config(size);
        settings.accept(config);
        return keep(new HikariDataSource(config));
    }

    /** Another pool of the same database, for a user of it. */
    public HikariDataSource anotherPool(int size, String user, String password) {
        return anotherPool(size, config -> {
            config.setJdbcUrl(url().replaceFirst("user=[^&]*(&password=[^&]*)?", ""));
            config.setUsername(user);
            config.setPassword(password);
        });
    }

    private HikariDataSource keep(HikariDataSource another) {
        otherPools.add(another);
        return another;
    }

    /** Where it is, for another process. */
    public String url() {
        return switch (kind) {
            case POSTGRESQL -> PostgresServer.INSTANCE.getJdbcUrl("postgres", name);
            case H2 -> "jdbc:h2:mem:" + name + ";DB_CLOSE_DELAY=-1";
            case MARIADB -> mariaDbUrl(name);
            case MARIADB_BY_MYSQL_DRIVER -> mariaDbUrl(name).replace("mariadb", "mysql");
            case MYSQL -> DatabaseKind.mySqlUrl().replaceFirst("(jdbc:mysql://[^/?]+)/?[^?]*", "$1/" + name);
        };
    }

    /** Which kind it is. */
    public DatabaseKind kind() {
        return kind;
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

    /** An expression for a time some milliseconds before another. */
    public String earlier(String time, long millis) {
        return switch (kind) {
            case POSTGRESQL -> time + " - interval '" + millis + " milliseconds'";
            case H2 -> "dateadd(millisecond, -" + millis + ", " + time + ")";
            default -> time + " - interval " + millis * 1_000 + " microsecond";
        };
    }

    private static void execute(DataSource dataSource, String sql) {
        try (Connection connection = dataSource.getConnection()) {
            execute(connection, sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void execute(String url, String sql) {
        try (Connection connection = DriverManager.getConnection(url)) {
            execute(connection, sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() {
        if (kind == DatabaseKind.H2) {
            execute("drop all objects");
        } else if (kind == DatabaseKind.MYSQL) {
            execute("drop database " + name);
        }
        otherPools.forEach(HikariDataSource::close);
        pool.close();
    }
}
