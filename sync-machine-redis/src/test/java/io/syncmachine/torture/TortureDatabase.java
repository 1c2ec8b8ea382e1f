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
import java.util.concurrent.TimeUnit;
import org.postgresql.ds.PGSimpleDataSource;

/** A durable PostgreSQL that can be killed, with all its processes, and started again where it was. */
final class TortureDatabase implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path directory;
    private final Path log;
    private EmbeddedPostgres server;

    private TortureDatabase(Path directory, Path log) throws IOException {
        this.directory = directory;
        this.log = log;
        this.server = builder().start();
    }

    /**
     * Starts a new one.
     *
     * @param directory an empty one, for its data
     * @param log where its output is added
     * @throws IllegalStateException if it is not durable
     */
    static TortureDatabase start(Path directory, Path log) throws IOException, SQLException {
        TortureDatabase database = new TortureDatabase(directory, log);
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
                // No socket in the file system: its lock would outlive a kill for as long as nobody has asked after the
                // dead process.
                .setServerConfig("unix_socket_directories", "")
                .setServerConfig("fsync", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("shared_buffers", "128MB")
                .setServerConfig("max_connections", "150")
                .setOutputRedirector(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .setErrorRedirector(ProcessBuilder.Redirect.appendTo(log.toFile()));
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
        PGSimpleDataSource connections =
                new PGSimpleDataSource(); // without a search for drivers, which costs a start much
        connections.setUrl(url);
        HikariConfig config = new HikariConfig();
        config.setDataSource(connections);
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(1);
        config.setConnectionTimeout(5_000);
        config.setInitializationFailTimeout(-1);
        // Else the pool asks its first connection, and if that dies meanwhile, never makes another one that works.
        config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
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
            awaitEnd(process);
        }
        Files.deleteIfExists(pidFile); // else it would be tried to stop what is dead
        server.close();
        server = builder().setPort(port).start();
    }

    private static void awaitEnd(ProcessHandle process) throws InterruptedException {
        long start = System.nanoTime();
        while (!isDead(process)) {
            if (System.nanoTime() - start > PATIENCE.toNanos()) {
                throw new IllegalStateException("PostgreSQL's process " + process.pid() + " survived its kill");
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    /** Whether it does nothing any more; that it is still in the table of processes, until it is asked after, is no life. */
    private static boolean isDead(ProcessHandle process) {
        try {
            String state = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            return state.charAt(state.lastIndexOf(')') + 2) == 'Z';
        } catch (IOException e) {
            return !process.isAlive();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
