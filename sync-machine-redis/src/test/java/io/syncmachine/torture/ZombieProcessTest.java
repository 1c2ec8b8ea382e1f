package io.syncmachine.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.syncmachine.SyncEngine;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.testing.TestDatabase;
import io.syncmachine.torture.Shop.Document;
import io.syncmachine.torture.Shop.Order;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A worker's process is stopped when the engine has let its calls go, and before its client sends them: when it wakes, nothing is sent any
 * more, because the client looks at {@code Publication.timeLeft()}. So an ordinary API, which knows no versions, is safe as well.
 */
@Tag("full")
class ZombieProcessTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final TestDatabase database = TestDatabase.create();
    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void end() {
        processes.forEach(Process::destroyForcibly);
        database.close();
    }

    private Process start(String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Worker.class.getName(),
                database.url()));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        processes.add(process);
        return process;
    }

    private static void quit(Process process) throws IOException, InterruptedException {
        process.getOutputStream().close();
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    private void commit(SyncEngine host, String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
            host.in(connection)
                    .changed(
                            Order.class,
                            LongStream.rangeClosed(1, Shop.CONCURRENCY).boxed().toList());
            connection.commit();
        }
    }

    @Test
    void aStoppedProcessSendsNothingWhenItWakes() throws Exception {
        Set<String> statuses = ConcurrentHashMap.newKeySet();
        Ledger ledger = new Ledger(Shop.GRACE.toMillis(), (id, document) -> statuses.add(document.status()));
        try (Connection connection = database.dataSource().getConnection()) {
            Shop.createTables(connection, 1);
        }
        try (Api api = Api.start(ledger, id -> Fault.NONE);
                ServerSocket leave = new ServerSocket(0, 2 * Shop.CONCURRENCY, InetAddress.getLoopbackAddress());
                SyncEngine host = SyncEngine.builder()
                        .machines(Shop.machine(publication -> {}))
                        .entities(Shop.entities(database.dataSource()))
                        .store(JdbcStore.builder(database.dataSource())
                                .schemaMode(SchemaMode.CREATE)
                                .build())
                        .lease(Shop.LEASE)
                        .grace(Shop.GRACE)
                        .works(false)
                        .start()) {
            commit(
                    host,
                    "insert into orders select id, 1, 'first', 1 from generate_series(1, " + Shop.CONCURRENCY
                            + ") as id");
            Process zombie = start(api.url(), Integer.toString(leave.getLocalPort()));
            List<Socket> asking = new ArrayList<>();
            while (asking.size() < Shop.CONCURRENCY) {
                asking.add(leave.accept());
            }
            Signal.STOP.send(zombie.toHandle());
            assertThat(ledger.counts().calls()).isZero();

            commit(host, "update orders set status = 'second'");
            Process successor = start(api.url());
            await().atMost(PATIENCE).until(() -> host.backlog().isEmpty());
            for (Socket socket : asking) {
                socket.getOutputStream().write(1);
            }
            Signal.CONT.send(zombie.toHandle());
            for (Socket socket : asking) {
                assertThat(socket.getInputStream().read()).isEqualTo(-1);
                socket.close();
            }
            quit(zombie);
            await().atMost(PATIENCE).until(() -> host.backlog().isEmpty());
            quit(successor);

            assertThat(statuses).containsExactly("second");
            assertThat(ledger.counts().late()).isZero();
            assertThat(ledger.counts().disordered()).isZero();
            assertThat(ledger.documents()).isEqualTo(expected());
        }
    }

    private Map<Long, Document> expected() throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            return Shop.documents(connection);
        }
    }
}
