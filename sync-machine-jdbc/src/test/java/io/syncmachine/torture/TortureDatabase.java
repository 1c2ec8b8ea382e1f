package io.syncmachine.torture;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A durable PostgreSQL that can be killed, with all its processes, and started again where it was. */
final class TortureDatabase implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path directory;
    private EmbeddedPostgres server;

    private TortureDatabase(Path directory) throws IOException {
        this.directory = directory;
        this.server = builder().start();
    }

    /**
     * Starts a new one.
     *
     * @param directory an empty one, for its data
     * @throws IllegalStateException if it is not durable
     */
    static TortureDatabase start(Path directory) throws IOException, SQLException {
        TortureDatabase database = new TortureDatabase(directory);
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
                try (ResultSet row = statement.executeQuery("show " + setting)) {
                    row.next();
                    if (!row.getString(1).equals("on")) {
                        throw new IllegalStateException(
                                "PostgreSQL runs with " + setting + " " + row.getString(1) + ", but must with on");
                    }
                }
            }
            return database;
        } catch (SQLException | RuntimeException e) {
            database.close();
            throw e;
        }
    }

    private EmbeddedPostgres.Builder builder() {
        return EmbeddedPostgres.builder()
                .setDataDirectory(directory)
                .setCleanDataDirectory(false)
                .setPGStartupWait(PATIENCE)
                .setServerConfig("fsync", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("shared_buffers", "128MB")
                .setServerConfig("max_connections", "150")
                .setOutputRedirector(ProcessBuilder.Redirect.DISCARD)
                .setErrorRedirector(ProcessBuilder.Redirect.DISCARD);
    }

    /** Where it is, also after it was killed. */
    String url() {
        return url(server.getPort());
    }

    private static String url(int port) {
        return "jdbc:postgresql://localhost:" + port + "/postgres?user=postgres&connectTimeout=5&socketTimeout=60";
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(url());
    }

    /** A pool of connections to a database at this place. */
    static HikariDataSource pool(String url, int size) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(1);
        config.setConnectionTimeout(5_000);
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }

    /** Ends one of its connections that are in use, if there is one. */
    void terminateABackend() throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    select pg_terminate_backend(pid) from pg_stat_activity
                    where backend_type = 'client backend' and pid <> pg_backend_pid() order by random() limit 1""");
        }
    }

    /** Kills all its processes at once, as an operating system that runs out of memory does, and starts it again. */
    void killAndStart() throws IOException, InterruptedException {
        int port = server.getPort();
        Path pidFile = directory.resolve("postmaster.pid");
        long pid = Long.parseLong(Files.readAllLines(pidFile).get(0).trim());
        ProcessHandle postmaster = ProcessHandle.of(pid)
                .orElseThrow(() -> new IllegalStateException("PostgreSQL, process " + pid + ", is dead already"));
        Signal.STOP.send(postmaster); // so that no child is born while they are counted
        List<ProcessHandle> processes = new ArrayList<>(postmaster.descendants().toList());
        processes.add(postmaster);
        processes.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle process : processes) {
            awaitEnd(process.onExit());
        }
        server.close();
        Files.deleteIfExists(pidFile);
        server = builder().setPort(port).start();
    }

    private static void awaitEnd(CompletableFuture<ProcessHandle> end) throws InterruptedException {
        try {
            end.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("a process of PostgreSQL survived its kill", e);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
