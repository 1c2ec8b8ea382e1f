package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Stage;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import io.syncmachine.testing.TestDatabase;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Changes whose jobs are durable, on another server. */
@OnEveryDatabase
class HandedOverChangesTest {

    private static final String MACHINE = "orders";

    private final ContractDatabase database;
    private final TestDatabase other = TestDatabase.create(DatabaseKind.H2);
    private final HikariDataSource onlyConnection;
    private final JdbcStore store;
    private final JdbcStore elsewhere;

    HandedOverChangesTest(DatabaseKind kind) {
        database = new ContractDatabase(kind);
        onlyConnection = database.database().anotherPool(1);
        elsewhere = JdbcStore.builder(other.dataSource())
                .schemaMode(SchemaMode.CREATE)
                .build();
        store = JdbcStore.builder(onlyConnection).wakeUps(false).jobs(elsewhere).build();
    }

    @BeforeEach
    void open() {
        store.open(() -> {}, true);
    }

    @AfterEach
    void close() {
        store.close();
        onlyConnection.close();
        other.close();
    }

    private static int relay(JdbcStore store, JobExecutor jobs) {
        return store.outbox().relay(10, HandedOverChangesTest::route, jobs);
    }

    private static List<JobRequest> route(List<Change> changes) {
        return changes.stream()
                .map(change -> new JobRequest(
                        JobKey.ensurePublication(change.tenant(), MACHINE, change.id()), ChangedProperties.all()))
                .toList();
    }

    private void append(String... ids) {
        for (String id : ids) {
            store.outbox().append(List.of(Walk.change(id)));
        }
    }

    private List<String> claimed() {
        return store
                .jobs()
                .claim(new ClaimRequest(MACHINE, Stage.ENSURE_PUBLICATION, 10, Duration.ofMinutes(5), "test"))
                .stream()
                .map(Claim::key)
                .map(JobKey::key)
                .toList();
    }

    private interface Enqueuing {
        void enqueue(Runnable enqueue) throws Exception;
    }

    /** The jobs elsewhere, with something around what enqueues them. */
    private JobExecutor jobs(Enqueuing enqueuing) {
        JobExecutor jobs = store.jobs();
        return (JobExecutor) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {JobExecutor.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("enqueue")) {
                        @SuppressWarnings("unchecked")
                        List<JobRequest> requests = (List<JobRequest>) arguments[0];
                        enqueuing.enqueue(() -> jobs.enqueue(requests));
                        return null;
                    }
                    try {
                        return method.invoke(jobs, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Test
    void goAfterTheirJobsAreKept() {
        append("1", "2");

        int taken = relay(store, jobs(enqueue -> {
            assertThat(store.outbox().depth()).isEqualTo(2);
            enqueue.run();
        }));

        assertThat(taken).isEqualTo(2);
        assertThat(store.outbox().depth()).isZero();
        assertThat(claimed()).containsExactlyInAnyOrder("1", "2");
    }

    @Test
    void needNoConnectionWhileTheOtherServerIsAsked() {
        append("1");

        relay(store, jobs(enqueue -> {
            try (var connection = onlyConnection.getConnection()) {
                assertThat(connection.isValid(1)).isTrue();
            }
            enqueue.run();
        }));

        assertThat(claimed()).containsExactly("1");
    }

    @Test
    void stayWhereTheirJobsAreNotKeptAndAreTakenAtOnceByWhoeverComesNext() {
        append("1", "2");

        assertThatThrownBy(() -> relay(store, jobs(enqueue -> {
                    throw new IllegalStateException("away");
                })))
                .hasMessage("away");

        assertThat(store.outbox().depth()).isEqualTo(2);
        assertThat(claimed()).isEmpty();
        try (JdbcStore next = database.openStore()) {
            assertThat(relay(next, store.jobs())).isEqualTo(2);
        }
        assertThat(claimed()).containsExactlyInAnyOrder("1", "2");
    }

    @Test
    void becomeJobsTwiceWhereTheirNodeDiesInBetween() {
        append("1");

        assertThatThrownBy(() -> relay(store, jobs(enqueue -> {
                    enqueue.run();
                    throw new Death("the process dies");
                })))
                .isInstanceOf(Death.class);

        assertThat(claimed()).containsExactly("1");
        assertThat(relay(store, store.jobs())).isZero();
        database.pass(Duration.ofSeconds(61));
        assertThat(relay(store, store.jobs())).isEqualTo(1);
        assertThat(store.outbox().depth()).isZero();
        assertThat(store.jobs().backlog()).isEqualTo(1);
    }

    @Test
    void areHandedToOneOfSeveralNodes() {
        append("1", "2");

        relay(store, jobs(enqueue -> {
            try (JdbcStore next = database.openStore()) {
                assertThat(relay(next, store.jobs())).isZero();
            }
            enqueue.run();
        }));

        assertThat(store.outbox().depth()).isZero();
    }

    private static final class Death extends Error {
        private static final long serialVersionUID = 1L;

        Death(String message) {
            super(message);
        }
    }
}
