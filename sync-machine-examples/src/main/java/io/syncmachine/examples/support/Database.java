package io.syncmachine.examples.support;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import jakarta.persistence.EntityManagerFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.Properties;
import org.hibernate.boot.model.naming.CamelCaseToUnderscoresNamingStrategy;
import org.hibernate.cfg.AvailableSettings;
import org.hibernate.cfg.Configuration;
import org.jspecify.annotations.Nullable;

/**
 * Where an example keeps its tables: an embedded PostgreSQL, or one that is given. Everything is in a schema of the examples' own.
 */
public final class Database implements AutoCloseable {

    /** The schema. */
    public static final String SCHEMA = "sync_machine_demo";

    private final Access access;
    private final @Nullable EmbeddedPostgres server;

    /** What another process needs to know to use the database. */
    public record Access(
            String url, @Nullable String user, @Nullable String password) {

        /** A new pool of connections, all in the examples' schema. */
        public HikariDataSource pool(int size) {
            HikariConfig config = new HikariConfig();
            config.setJdbcUrl(url);
            config.setUsername(user);
            config.setPassword(password);
            config.setSchema(SCHEMA);
            config.setMaximumPoolSize(size);
            return new HikariDataSource(config);
        }

        /** Without what may be secret. */
        @Override
        public String toString() {
            return url.replaceAll("[?].*", "");
        }
    }

    private Database(Access access, @Nullable EmbeddedPostgres server) {
        this.access = access;
        this.server = server;
    }

    /**
     * Opens a database with an empty schema.
     *
     * @param given where it is; null for an embedded one
     */
    public static Database open(@Nullable Access given) throws IOException, SQLException {
        Database database = given == null ? startEmbedded() : new Database(given, null);
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("drop schema if exists " + SCHEMA + " cascade");
            statement.execute("create schema " + SCHEMA);
        } catch (SQLException e) {
            database.close();
            throw e;
        }
        return database;
    }

    /**
     * Opens a database, and keeps what earlier runs have left in the schema.
     *
     * @param given where it is; null for an embedded one, which is empty
     */
    public static Database openAsItIs(@Nullable Access given) throws IOException, SQLException {
        if (given == null) {
            return open(null);
        }
        Database database = new Database(given, null);
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("create schema if not exists " + SCHEMA);
        }
        return database;
    }

    /** Durable as a real one, unlike the embedded server's defaults: a figure without it would be a lie. */
    private static Database startEmbedded() throws IOException {
        EmbeddedPostgres server = EmbeddedPostgres.builder()
                .setServerConfig("fsync", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("shared_buffers", "128MB")
                .setServerConfig("max_connections", "100")
                .start();
        String url = server.getJdbcUrl("postgres", "postgres");
        return new Database(new Access(url, "postgres", "postgres"), server);
    }

    /** Hibernate's factory for these entities. */
    public static EntityManagerFactory entities(HikariDataSource pool, boolean createTables, Class<?>... types) {
        Configuration configuration = new Configuration();
        Map<String, Object> settings = Map.of(
                AvailableSettings.JAKARTA_NON_JTA_DATASOURCE,
                pool,
                AvailableSettings.PHYSICAL_NAMING_STRATEGY,
                new CamelCaseToUnderscoresNamingStrategy(),
                AvailableSettings.JAKARTA_HBM2DDL_DATABASE_ACTION,
                createTables ? "create" : "none",
                AvailableSettings.STATEMENT_BATCH_SIZE,
                50,
                AvailableSettings.ORDER_INSERTS,
                true);
        configuration.getProperties().putAll(settings);
        for (Class<?> type : types) {
            configuration.addAnnotatedClass(type);
        }
        return configuration.buildSessionFactory();
    }

    /** How to reach it. */
    public Access access() {
        return access;
    }

    /** What it is, for people to read. */
    public String description() {
        return server == null ? "the database at " + access : "an embedded PostgreSQL";
    }

    /** A connection outside every pool, in the examples' schema. */
    public Connection connect() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("currentSchema", SCHEMA);
        if (access.user() != null) {
            properties.setProperty("user", access.user());
        }
        if (access.password() != null) {
            properties.setProperty("password", access.password());
        }
        return DriverManager.getConnection(access.url(), properties);
    }

    @Override
    public void close() {
        if (server != null) {
            try {
                server.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
