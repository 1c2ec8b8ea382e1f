package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.PublicationKind;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Ending;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.PayloadStore.Acknowledgement;
import io.syncmachine.spi.PayloadStore.Closing;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.PayloadStore.Opening;
import io.syncmachine.spi.PayloadStore.PendingIntent;
import io.syncmachine.spi.PayloadStore.State;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** A walk through everything that a store does, as an engine does it. */
final class Walk {

    private static final Duration LONG = Duration.ofMinutes(5);
    private static final String MACHINE = "orders";

    private Walk() {}

    static Change change(String id) {
        return new Change(
                Change.DEFAULT_TENANT,
                "Order",
                id,
                ChangeKind.UPDATE,
                ChangedProperties.of(List.of("status")),
                Set.of(MACHINE));
    }

    static void enqueue(Store store, String id) {
        store.jobs().enqueue(List.of(request(id)));
    }

    private static JobRequest request(String id) {
        return new JobRequest(JobKey.ensurePublication(Change.DEFAULT_TENANT, MACHINE, id), ChangedProperties.all());
    }

    static List<Claim> claim(Store store) {
        return store.jobs().claim(new ClaimRequest(MACHINE, Stage.ENSURE_PUBLICATION, 200, LONG, "test"));
    }

    /** So many changes, each to its end. */
    static void through(Store store, int count) {
        store.outbox()
                .append(IntStream.range(0, count).mapToObj(i -> change("" + i)).toList());
        int relayed = store.outbox()
                .relay(
                        count,
                        changes -> changes.stream()
                                .map(change -> request(change.id()))
                                .toList(),
                        store.jobs());
        assertThat(relayed).isEqualTo(count);
        List<Claim> claims = claim(store);
        assertThat(claims).hasSize(count);
        List<String> leases = claims.stream().map(claim -> claim.key().key()).toList();
        assertThat(store.leases().tryAcquire(leases, "holder", LONG)).hasSize(count);
        assertThat(store.leases().renew(leases, "holder", LONG)).hasSize(count);
        publish(store, claims);
        store.leases().release(leases, "holder");
        assertThat(store.jobs().renew(claims, LONG)).hasSize(count);
        Claim released = claims.get(0);
        Claim parked = claims.get(1);
        assertThat(store.jobs().release(List.of(new Release(released, Duration.ZERO, true, "test"))))
                .containsValue(Ending.SETTLED);
        assertThat(store.jobs().park(List.of(new Park(parked, "test", null)))).containsValue(Ending.SETTLED);
        assertThat(store.jobs().complete(claims.subList(2, count)).values()).containsOnly(Ending.SETTLED);
        assertThat(store.jobs().complete(claim(store)).values()).containsOnly(Ending.SETTLED);
        assertThat(store.jobs().backlog()).isZero();
        assertThat(store.jobs().parked()).isEqualTo(1);
        assertThat(store.jobs().longestDue()).isZero();
        assertThat(store.jobs().deadLetters().find(parked.key())).isPresent();
        assertThat(store.jobs().deadLetters().requeue(Map.of(parked.key(), LONG)))
                .isEqualTo(1);
        assertThat(store.outbox().lag()).isZero();
        assertThat(store.oldestTransaction()).isNotNull();
    }

    private static void publish(Store store, List<Claim> claims) {
        List<Opening> openings = store.payloads()
                .open(claims.stream()
                        .map(claim -> new SubjectKey(
                                claim.key().tenant(),
                                claim.key().machine(),
                                claim.key().key()))
                        .toList());
        Set<Long> intents = store.payloads()
                .intent(openings.stream()
                        .map(opening -> new Intent(
                                opening.key(),
                                opening.epoch(),
                                new PendingIntent(PublicationKind.CREATE, "f", "k", "{}"),
                                LONG))
                        .toList());
        assertThat(intents).hasSize(claims.size());
        Opening last = openings.get(openings.size() - 1);
        assertThat(store.payloads()
                        .close(List.of(
                                new Closing(last.key(), last.epoch(), true, false, Duration.ofSeconds(1), null))))
                .containsExactly(last.epoch());
        assertThat(store.payloads()
                        .record(openings.stream()
                                .map(opening -> new Acknowledgement(
                                        opening.key(), opening.epoch(), State.PRESENT, "f", "{}", null, 1))
                                .toList()))
                .hasSize(claims.size());
        assertThat(store.payloads().find(last.key()).orElseThrow().inDoubt()).isFalse();
    }

    /** Several threads that open, enqueue, claim and complete the same keys. */
    static void together(Store store, int threads) throws Exception {
        List<SubjectKey> keys = IntStream.range(0, 20)
                .mapToObj(i -> new SubjectKey(Change.DEFAULT_TENANT, MACHINE, "together-" + i))
                .toList();
        ConcurrentLinkedQueue<Long> numbers = new ConcurrentLinkedQueue<>();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                running.add(pool.submit(() -> {
                    for (int i = 0; i < 10; i++) {
                        store.payloads().open(keys).forEach(opening -> numbers.add(opening.epoch()));
                        keys.subList(0, 5).forEach(key -> enqueue(store, key.id()));
                        List<Claim> claims = claim(store);
                        claims.forEach(claim -> numbers.add(claim.token()));
                        store.jobs().complete(claims);
                    }
                    return null;
                }));
            }
            for (Future<?> done : running) {
                done.get(60, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(numbers).doesNotHaveDuplicates();
        store.jobs().complete(claim(store));
        assertThat(claim(store)).isEmpty();
    }
}
