package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Stage;
import io.syncmachine.testing.DatabaseKind;
import io.syncmachine.testing.OnEveryDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Changes whose jobs are in the memory of a process, which may die. */
@OnEveryDatabase
class HeldChangesTest {

    private static final String MACHINE = "orders";

    private final ContractDatabase database;
    private final List<JdbcStore> stores = new ArrayList<>();
    private final JdbcStore store;

    HeldChangesTest(DatabaseKind kind) {
        database = new ContractDatabase(kind);
        store = start();
    }

    @AfterEach
    void close() {
        stores.forEach(JdbcStore::close);
    }

    /** A process. */
    private JdbcStore start() {
        JdbcStore started = JdbcStore.builder(database.database().dataSource())
                .wakeUps(false)
                .jobs(InMemoryStore.forOneProcess())
                .build();
        started.open(() -> {}, false);
        stores.add(started);
        return started;
    }

    private static int relay(JdbcStore store) {
        return store.outbox()
                .relay(
                        10,
                        changes -> changes.stream()
                                .map(change -> request(Stage.ENSURE_PUBLICATION, change.id()))
                                .toList(),
                        store.jobs());
    }

    private static JobRequest request(Stage stage, String key) {
        return new JobRequest(
                new JobKey(Change.DEFAULT_TENANT, MACHINE, stage, key), ChangedProperties.of(List.of("status")));
    }

    private static List<Claim> claim(JdbcStore store, Stage stage) {
        return store.jobs().claim(new ClaimRequest(MACHINE, stage, 10, Duration.ofMinutes(5), "test"));
    }

    private static List<Claim> claim(JdbcStore store) {
        return claim(store, Stage.ENSURE_PUBLICATION);
    }

    private void append(String... ids) {
        for (String id : ids) {
            store.outbox().append(List.of(Walk.change(id)));
        }
    }

    private void passHold() {
        database.pass(Duration.ofSeconds(61));
    }

    @Test
    void stayUntilTheirJobsAreDone() {
        append("1", "2");
        assertThat(relay(store)).isEqualTo(2);
        List<Claim> claims = claim(store);
        store.jobs().complete(claims.subList(0, 1));
        assertThat(relay(store)).isZero();
        assertThat(store.outbox().depth()).isEqualTo(2);

        store.jobs().complete(claims.subList(1, 2));
        assertThat(relay(store)).isZero();

        assertThat(store.outbox().depth()).isZero();
        passHold();
        assertThat(relay(start())).isZero();
    }

    @Test
    void goWithTheirOwnJobsAndNotWithThoseOfLaterOnes() {
        append("1");
        relay(store);
        Claim first = claim(store).get(0);
        append("2");
        relay(store);

        store.jobs().complete(List.of(first));
        relay(store);

        assertThat(store.outbox().depth()).isEqualTo(1);
    }

    @Test
    void stayWhereTheirJobIsGivenBackOrRequestedAgain() {
        append("1");
        relay(store);
        Claim claim = claim(store).get(0);
        store.jobs().release(List.of(new Release(claim, Duration.ZERO, false, "later")));
        append("1");
        relay(store);
        assertThat(store.outbox().depth()).isEqualTo(2);

        store.jobs().complete(claim(store));
        relay(store);

        assertThat(store.outbox().depth()).isZero();
    }

    @Test
    void thatCameDuringARunStayUntilTheNext() {
        append("1");
        relay(store);
        List<Claim> run = claim(store);
        append("1");
        relay(store);

        store.jobs().complete(run);
        relay(store);
        assertThat(store.outbox().depth()).isEqualTo(1);

        store.jobs().complete(claim(store));
        relay(store);
        assertThat(store.outbox().depth()).isZero();
    }

    @Test
    void stayUntilTheSubjectsThatWereFoundAreDone() {
        append("1");
        store.outbox().relay(10, changes -> List.of(request(Stage.FIND_SUBJECTS, "Customer:7")), store.jobs());
        List<Claim> finding = claim(store, Stage.FIND_SUBJECTS);
        store.jobs().enqueue(List.of(request(Stage.ENSURE_PUBLICATION, "1")));
        store.jobs().complete(finding);
        relay(store);
        assertThat(store.outbox().depth()).isEqualTo(1);

        store.jobs().complete(claim(store));
        relay(store);

        assertThat(store.outbox().depth()).isZero();
    }

    @Test
    void goThoughAnotherMachineHasSomethingToDo() {
        for (String machine : List.of("paused", MACHINE)) {
            store.outbox()
                    .append(List.of(new Change(
                            Change.DEFAULT_TENANT,
                            "Order",
                            "1",
                            ChangeKind.UPDATE,
                            ChangedProperties.all(),
                            Set.of(machine),
                            null)));
        }
        store.outbox()
                .relay(
                        10,
                        changes -> changes.stream()
                                .flatMap(change -> change.machines().stream())
                                .map(machine -> new JobRequest(
                                        JobKey.ensurePublication(Change.DEFAULT_TENANT, machine, "1"),
                                        ChangedProperties.all()))
                                .toList(),
                        store.jobs());

        store.jobs().complete(claim(store));
        relay(store);

        assertThat(store.outbox().depth()).isEqualTo(1);
    }

    @Test
    void goWithADeadLetter() {
        append("1");
        relay(store);
        store.jobs()
                .park(claim(store).stream()
                        .map(claim -> new Park(claim, "refused", null))
                        .toList());
        relay(store);

        assertThat(store.outbox().depth()).isZero();
    }

    @Test
    void thatAskForNothingGoAtOnce() {
        append("1");
        assertThat(store.outbox().relay(10, changes -> List.of(), store.jobs())).isEqualTo(1);
        relay(store);

        assertThat(store.outbox().depth()).isZero();
    }

    @Test
    void ofAProcessThatDiedAreTakenByAnotherAfterAWhile() {
        append("1");
        relay(store);
        JdbcStore next = start();
        assertThat(relay(next)).isZero();

        passHold();

        assertThat(relay(next)).isEqualTo(1);
        assertThat(claim(next)).hasSize(1);
    }

    @Test
    void ofAProcessThatEndsAreTakenByAnotherAtOnce() {
        append("1");
        relay(store);

        store.close();

        assertThat(relay(start())).isEqualTo(1);
    }

    @Test
    void thatCannotBeRoutedAreNotHeld() {
        append("1");
        assertThatThrownBy(() -> store.outbox()
                        .relay(
                                10,
                                changes -> {
                                    throw new IllegalStateException("no route");
                                },
                                store.jobs()))
                .hasMessage("no route");

        assertThat(relay(store)).isEqualTo(1);
    }
}
