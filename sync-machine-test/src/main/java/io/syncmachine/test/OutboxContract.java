package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What every {@link Outbox} promises, together with the jobs of its store. */
public abstract class OutboxContract {

    private static final String MACHINE = "orders";
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private Store store;
    private Outbox outbox;
    private JobExecutor jobs;
    private final AtomicInteger wakes = new AtomicInteger();

    /** A store without changes and jobs, not opened yet. Called once, before each test. */
    protected abstract Store createStore() throws Exception;

    /** Lets at least this much time pass for the store: by moving its clock, moving what it has stored, or waiting. */
    protected abstract void pass(Duration duration) throws Exception;

    @BeforeEach
    final void begin() throws Exception {
        store = createStore();
        store.open(wakes::incrementAndGet, true);
        outbox = store.outbox();
        jobs = store.jobs();
    }

    @AfterEach
    final void end() {
        store.close();
    }

    @Nested
    class Changes {

        @Test
        void areNoneAtFirst() {
            assertThat(outbox.depth()).isZero();
            assertThat(relay(10)).isEmpty();
        }

        @Test
        void waitUntilTheyAreRelayed() {
            outbox.append(List.of(change("1"), change("2")));
            assertThat(outbox.depth()).isEqualTo(2);

            assertThat(outbox.relay(10, OutboxContract::route, jobs)).isEqualTo(2);

            assertThat(outbox.depth()).isZero();
            assertThat(claimed()).containsExactlyInAnyOrder(key("1"), key("2"));
        }

        @Test
        void areRelayedOnce() {
            outbox.append(List.of(change("1")));
            outbox.relay(10, OutboxContract::route, jobs);

            assertThat(outbox.relay(10, OutboxContract::route, jobs)).isZero();
            assertThat(claimed()).hasSize(1);
        }

        @Test
        void keepAllThatTheyTell() {
            List<Change> changes = List.of(
                    new Change("red", "Order", "1", ChangeKind.CREATE, ChangedProperties.all(), Set.of("orders")),
                    new Change(
                            "blue",
                            "Größe \"x\"",
                            "a:b/'%_\\ €",
                            ChangeKind.UPDATE,
                            ChangedProperties.of(List.of("name", "straße"))
                                    .withOldReference("customer", "7")
                                    .withOldReference("customer", "x=y,z"),
                            Set.of("orders", "invoices", "mails")),
                    new Change(
                            "blue",
                            "Order",
                            "1",
                            ChangeKind.DELETE,
                            ChangedProperties.all().withOldReference("customer", "8"),
                            Set.of("orders")));
            outbox.append(changes);

            assertThat(relay(10)).containsExactlyInAnyOrderElementsOf(changes);
        }

        @Test
        void ofOneEntityAreAllKept() {
            outbox.append(List.of(change("1"), change("1")));
            outbox.append(List.of(change("1")));

            assertThat(relay(10)).hasSize(3);
        }

        @Test
        void areTakenUpToALimit() {
            outbox.append(IntStream.range(0, 5).mapToObj(i -> change("" + i)).toList());

            assertThat(relay(2)).hasSize(2);
            assertThat(outbox.depth()).isEqualTo(3);
            assertThat(relay(10)).hasSize(3);
        }

        @Test
        void mayBeMany() {
            List<Change> many =
                    IntStream.range(0, 2_500).mapToObj(i -> change("" + i)).toList();
            outbox.append(many);

            List<Change> relayed = new ArrayList<>();
            relayed.addAll(relay(1_000));
            relayed.addAll(relay(1_000));
            relayed.addAll(relay(1_000));

            assertThat(relayed).containsExactlyInAnyOrderElementsOf(many);
            assertThat(outbox.depth()).isZero();
        }

        @Test
        void mayBeNone() {
            outbox.append(List.of());

            assertThat(outbox.depth()).isZero();
        }

        @Test
        void thatAskForNoJobAreGoneToo() {
            outbox.append(List.of(change("1")));

            assertThat(outbox.relay(10, changes -> List.of(), jobs)).isEqualTo(1);

            assertThat(outbox.depth()).isZero();
            assertThat(jobs.backlog()).isZero();
        }

        @Test
        void tellHowLongTheFirstHasBeenWaiting() throws Exception {
            assertThat(outbox.lag()).isZero();
            outbox.append(List.of(change("1")));
            pass(SECOND);
            outbox.append(List.of(change("2")));
            pass(SECOND);

            assertThat(outbox.lag()).isBetween(SECOND.multipliedBy(2), MINUTE);
            relay(1);
            assertThat(outbox.lag()).isBetween(SECOND, MINUTE);
            relay(1);
            assertThat(outbox.lag()).isZero();
        }

        @Test
        void wakeTheEngine() {
            int before = wakes.get();
            outbox.append(List.of(change("1")));

            assertThat(wakes.get()).isGreaterThan(before);
        }
    }

    @Nested
    class ARelayThatFails {

        @Test
        void toRouteLeavesTheChanges() {
            outbox.append(List.of(change("1"), change("2")));

            assertThatThrownBy(() -> outbox.relay(
                            10,
                            changes -> {
                                throw new IllegalStateException("no route");
                            },
                            jobs))
                    .hasStackTraceContaining("no route");

            assertThat(outbox.depth()).isEqualTo(2);
            assertThat(jobs.backlog()).isZero();
            assertThat(relay(10)).hasSize(2);
        }

        @Test
        void toEnqueueLeavesTheChanges() {
            outbox.append(List.of(change("1"), change("2")));

            assertThatThrownBy(() -> outbox.relay(10, OutboxContract::route, failingJobs()))
                    .hasStackTraceContaining("no room");

            assertThat(outbox.depth()).isEqualTo(2);
            assertThat(relay(10)).hasSize(2);
        }
    }

    @Nested
    class AtTheSameTime {

        @Test
        void twoRelaysTakeEachChangeOnce() throws Exception {
            int count = 600;
            Queue<Change> relayed = new ConcurrentLinkedQueue<>();
            AtomicInteger appended = new AtomicInteger();
            Callable<Boolean> append = () -> {
                for (int i = 0; i < count / 4; i++) {
                    outbox.append(
                            List.of(change("" + appended.getAndIncrement()), change("" + appended.getAndIncrement())));
                }
                return true;
            };
            Callable<Boolean> relay = () -> {
                while (relayed.size() < count) {
                    relayed.addAll(relay(7));
                }
                return true;
            };

            Together.run(List.of(append, append, relay, relay));

            assertThat(relayed).extracting(Change::id).doesNotHaveDuplicates().hasSize(count);
            assertThat(outbox.depth()).isZero();
        }
    }

    private static Change change(String id) {
        return new Change(
                Change.DEFAULT_TENANT,
                "Order",
                id,
                ChangeKind.UPDATE,
                ChangedProperties.of(List.of("status")),
                Set.of(MACHINE));
    }

    private static JobKey key(String id) {
        return JobKey.ensurePublication(Change.DEFAULT_TENANT, MACHINE, id);
    }

    private static List<JobRequest> route(List<Change> changes) {
        return changes.stream()
                .map(change -> new JobRequest(key(change.id()), change.changed()))
                .distinct()
                .toList();
    }

    /** Takes changes out and answers them. */
    private List<Change> relay(int limit) {
        List<Change> taken = new ArrayList<>();
        int count = outbox.relay(
                limit,
                changes -> {
                    taken.clear();
                    taken.addAll(changes);
                    return List.of();
                },
                jobs);
        assertThat(count).isEqualTo(taken.size());
        return taken;
    }

    private List<JobKey> claimed() {
        return jobs
                .claim(new ClaimRequest(MACHINE, Stage.ENSURE_PUBLICATION, 100, Duration.ofMinutes(5), "contract"))
                .stream()
                .map(Claim::key)
                .toList();
    }

    /** An executor that takes no jobs. */
    private JobExecutor failingJobs() {
        return (JobExecutor) Proxy.newProxyInstance(
                JobExecutor.class.getClassLoader(), new Class<?>[] {JobExecutor.class}, (self, method, arguments) -> {
                    if (method.getName().equals("enqueue")) {
                        throw new IllegalStateException("no room");
                    }
                    return method.invoke(jobs, arguments);
                });
    }
}
