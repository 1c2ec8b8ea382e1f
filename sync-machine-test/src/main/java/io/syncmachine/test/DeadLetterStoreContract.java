package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.DeadLetterStore;
import io.syncmachine.spi.DeadLetterStore.Filter;
import io.syncmachine.spi.DeadLetterStore.Letter;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Ending;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What every {@link DeadLetterStore} promises, together with the jobs that are its own. */
public abstract class DeadLetterStoreContract {

    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final String MACHINE = "orders";
    private static final Cause CAUSE = new Cause(ChangeKind.UPDATE, "Order", "1", Set.of("status"), null);

    private Store store;
    private JobExecutor jobs;
    private DeadLetterStore letters;
    private final AtomicInteger wakes = new AtomicInteger();

    /** A store without jobs, not opened yet. Called once, before each test. */
    protected abstract Store createStore() throws Exception;

    /** Lets at least this much time pass for the store: by moving its clock, moving what it has stored, or waiting. */
    protected abstract void pass(Duration duration) throws Exception;

    @BeforeEach
    final void begin() throws Exception {
        store = createStore();
        store.open(wakes::incrementAndGet, true);
        jobs = store.jobs();
        letters = jobs.deadLetters();
    }

    @AfterEach
    final void end() {
        store.close();
    }

    @Nested
    class ADeadLetter {

        @Test
        void tellsAllAboutItself() throws Exception {
            enqueue(key("1"));
            release(claimOne());
            pass(SHORT);
            parkWith("no \"such\" städte", "{\"a\":\"ä\"}");
            pass(SHORT);

            Letter letter = letters.find(key("1")).orElseThrow();

            assertThat(letter.key()).isEqualTo(key("1"));
            assertThat(letter.attempts()).isEqualTo(2);
            assertThat(letter.failingFor()).isBetween(SHORT.multipliedBy(2), LONG);
            assertThat(letter.parkedFor()).isBetween(SHORT, letter.failingFor().minus(SHORT));
            assertThat(letter.failure()).isEqualTo("no \"such\" städte");
            assertThat(letter.refused()).isEqualTo("{\"a\":\"ä\"}");
            assertThat(letter.causes()).containsExactly(CAUSE);
        }

        @Test
        void mayHaveNoDocumentAndHaveFailedJustNow() {
            park(key("1"), "why");

            Letter letter = letters.find(key("1")).orElseThrow();

            assertThat(letter.refused()).isNull();
            assertThat(letter.attempts()).isEqualTo(1);
            assertThat(letter.failingFor()).isLessThan(LONG);
        }

        @Test
        void mayHaveALargeDocument() {
            String large = "ä".repeat(1_000_000);
            enqueue(key("1"));
            parkWith("why", large);

            assertThat(letters.find(key("1")).orElseThrow().refused()).isEqualTo(large);
        }

        @Test
        void mayBeOfAFinder() {
            JobKey finder = JobKey.findSubjects(Change.DEFAULT_TENANT, MACHINE, "Customer", "7");
            enqueue(finder);
            Claim claim = jobs.claim(new ClaimRequest(MACHINE, Stage.FIND_SUBJECTS, 1, LONG, "contract"))
                    .get(0);
            jobs.park(List.of(new Park(claim, "why", null)));

            assertThat(keys(letters.list(Filter.ALL, null, 10))).containsExactly(finder);
            assertThat(letters.requeue(Map.of(finder, Duration.ZERO))).isEqualTo(1);
        }

        @Test
        void isForgottenPartlyWhenItsContentIsErased() {
            enqueue(key("1"));
            parkWith("quotes a secret", "{\"secret\":1}");

            jobs.erase(key("1"));

            Letter letter = letters.find(key("1")).orElseThrow();
            assertThat(letter.failure()).isNull();
            assertThat(letter.refused()).isNull();
            assertThat(letters.count(Filter.ALL.failingWith("secret"))).isZero();
        }

        @Test
        void isNoneWhileItsJobWaitsOrRuns() {
            enqueue(key("1"));
            enqueue(key("2"));
            claim(1);

            assertThat(letters.find(key("1"))).isEmpty();
            assertThat(letters.find(key("2"))).isEmpty();
            assertThat(letters.find(key("none"))).isEmpty();
            assertThat(letters.list(Filter.ALL, null, 10)).isEmpty();
            assertThat(letters.count(Filter.ALL)).isZero();
        }

        @Test
        void isOneNoMoreAfterAChange() {
            enqueue(key("1"));
            parkWith("why", "{}");

            enqueue(key("1"));
            assertThat(letters.count(Filter.ALL)).isZero();
            parkWith("again", null);

            Letter letter = letters.find(key("1")).orElseThrow();
            assertThat(letter.attempts()).isEqualTo(1);
            assertThat(letter.refused()).isNull();
        }

        @Test
        void staysOneWhereNothingChanged() {
            enqueue(key("1"));
            parkWith("why", "{}");

            jobs.enqueue(List.of(new JobRequest(key("1"), ChangedProperties.none(), Lane.BACKGROUND, List.of())));

            assertThat(letters.find(key("1")).orElseThrow().refused()).isEqualTo("{}");
        }
    }

    @Nested
    class AList {

        @Test
        void isInOrderAndGoesOnAfterAKey() {
            List<JobKey> all = new ArrayList<>(IntStream.range(0, 7)
                    .mapToObj(i -> new JobKey(i % 2 == 0 ? "red" : "blue", MACHINE, Stage.ENSURE_PUBLICATION, "é" + i))
                    .toList());
            all.add(new JobKey("blue", "invoices", Stage.ENSURE_PUBLICATION, "1"));
            all.forEach(key -> park(key, "why"));
            all.sort(JobKey.ORDER);

            List<JobKey> read = new ArrayList<>();
            List<JobKey> page = keys(letters.list(Filter.ALL, null, 3));
            while (!page.isEmpty()) {
                assertThat(page).hasSizeLessThanOrEqualTo(3);
                read.addAll(page);
                page = keys(letters.list(Filter.ALL, page.get(page.size() - 1), 3));
            }

            assertThat(read).isEqualTo(all);
        }

        @Test
        void goesOnAfterAKeyThatHasGone() {
            List.of("1", "2", "3").forEach(id -> park(key(id), "why"));
            letters.discard(List.of(key("2")));

            assertThat(keys(letters.list(Filter.ALL, key("2"), 10))).containsExactly(key("3"));
        }

        @Test
        void hasNoDocuments() {
            enqueue(key("1"));
            parkWith("why", "{}");

            assertThat(letters.list(Filter.ALL, null, 10))
                    .singleElement()
                    .satisfies(letter -> assertThat(letter.refused()).isNull())
                    .satisfies(letter -> assertThat(letter.failure()).isEqualTo("why"));
        }

        @Test
        void isFilteredByAllThatIsSaid() throws Exception {
            park(new JobKey("red", MACHINE, Stage.ENSURE_PUBLICATION, "1"), "HTTP 400: 50% off");
            park(new JobKey("blue", MACHINE, Stage.ENSURE_PUBLICATION, "2"), "HTTP 400");
            park(new JobKey("blue", "invoices", Stage.ENSURE_PUBLICATION, "3"), "HTTP 500");
            pass(LONG);
            park(new JobKey("blue", MACHINE, Stage.ENSURE_PUBLICATION, "4"), "http 400");

            assertThat(found(Filter.ALL)).containsExactlyInAnyOrder("1", "2", "3", "4");
            assertThat(found(Filter.ALL.ofTenant("blue"))).containsExactlyInAnyOrder("2", "3", "4");
            assertThat(found(Filter.ALL.ofMachine(MACHINE))).containsExactlyInAnyOrder("1", "2", "4");
            assertThat(found(Filter.ALL.failingWith("HTTP 400"))).containsExactlyInAnyOrder("1", "2");
            assertThat(found(Filter.ALL.failingWith("50% o"))).containsExactly("1");
            assertThat(found(Filter.ALL.failingWith("50_ o"))).isEmpty();
            assertThat(found(Filter.ALL.parkedFor(LONG))).containsExactlyInAnyOrder("1", "2", "3");
            assertThat(found(Filter.ALL
                            .ofTenant("blue")
                            .ofMachine(MACHINE)
                            .failingWith("400")
                            .parkedFor(LONG)))
                    .containsExactly("2");
            assertThat(found(Filter.ALL.ofTenant("green"))).isEmpty();
        }

        private List<String> found(Filter filter) {
            List<Letter> found = letters.list(filter, null, 10);
            assertThat(letters.count(filter)).isEqualTo(found.size());
            return found.stream().map(letter -> letter.key().key()).toList();
        }
    }

    @Nested
    class Requeued {

        @Test
        void runsAsIfItWereNew() {
            enqueue(key("1"));
            release(claimOne());
            parkWith("why", "{}");
            int before = wakes.get();

            assertThat(letters.requeue(Map.of(key("1"), Duration.ZERO))).isEqualTo(1);

            assertThat(wakes.get()).isGreaterThan(before);
            assertThat(letters.find(key("1"))).isEmpty();
            assertThat(jobs.backlog()).isEqualTo(1);
            assertThat(jobs.find(key("1")).orElseThrow().failure()).isNull();
            Claim claim = claimOne();
            assertThat(claim.attempt()).isEqualTo(1);
            assertThat(claim.failingFor()).isZero();
            assertThat(claim.changed()).isEqualTo(ChangedProperties.all());
            assertThat(claim.causes()).containsExactly(CAUSE);
            assertThat(jobs.complete(List.of(claim))).containsValue(Ending.SETTLED);
        }

        @Test
        void isDueAfterItsOwnDelay() throws Exception {
            List.of("1", "2", "3").forEach(id -> park(key(id), "why"));

            assertThat(letters.requeue(Map.of(key("1"), LONG, key("2"), Duration.ZERO)))
                    .isEqualTo(2);

            assertThat(claimed()).containsExactly("2");
            assertThat(keys(letters.list(Filter.ALL, null, 10))).containsExactly(key("3"));
            pass(LONG);
            assertThat(claimed()).contains("1");
        }

        @Test
        void isOnlyWhatIsParked() {
            enqueue(key("1"));
            Claim claim = claimOne();

            assertThat(letters.requeue(Map.of(key("1"), Duration.ZERO, key("none"), Duration.ZERO)))
                    .isZero();
            assertThat(letters.requeue(Map.of())).isZero();

            assertThat(jobs.complete(List.of(claim))).containsValue(Ending.SETTLED);
            assertThat(jobs.backlog()).isZero();
        }
    }

    @Nested
    class Discarded {

        @Test
        void isGone() {
            park(key("1"), "why");
            park(key("2"), "why");

            assertThat(letters.discard(List.of(key("1")))).isEqualTo(1);
            assertThat(letters.discard(List.of(key("1")))).isZero();

            assertThat(jobs.find(key("1"))).isEmpty();
            assertThat(keys(letters.list(Filter.ALL, null, 10))).containsExactly(key("2"));
            assertThat(jobs.parked()).isEqualTo(1);
        }

        @Test
        void isOnlyWhatIsParked() {
            enqueue(key("1"));
            enqueue(key("2"));
            claim(1);

            assertThat(letters.discard(List.of(key("1"), key("2"), key("none"))))
                    .isZero();
            assertThat(letters.discard(List.of())).isZero();

            assertThat(jobs.backlog()).isEqualTo(2);
        }

        @Test
        void beginsAnewWithItsNextChange() {
            park(key("1"), "why");
            letters.discard(List.of(key("1")));

            enqueue(key("1"));

            assertThat(claimOne().attempt()).isEqualTo(1);
        }
    }

    @Nested
    class Purged {

        @Test
        void isWhatIsOld() throws Exception {
            park(key("1"), "why");
            pass(LONG);
            park(key("2"), "why");
            enqueue(key("3"));

            assertThat(letters.purge(LONG, 10)).isEqualTo(1);
            assertThat(letters.purge(LONG, 10)).isZero();

            assertThat(keys(letters.list(Filter.ALL, null, 10))).containsExactly(key("2"));
            assertThat(jobs.backlog()).isEqualTo(1);
        }

        @Test
        void isNoMoreThanIsAskedFor() throws Exception {
            List.of("1", "2", "3").forEach(id -> park(key(id), "why"));
            pass(LONG);

            assertThat(letters.purge(SHORT, 2)).isEqualTo(2);
            assertThat(letters.purge(SHORT, 2)).isEqualTo(1);
        }
    }

    @Nested
    class AtTheSameTime {

        @Test
        void eachIsRequeuedOrDiscardedOnce() throws Exception {
            List<JobKey> all = IntStream.range(0, 60).mapToObj(i -> key("" + i)).toList();
            jobs.enqueue(all.stream()
                    .map(key -> new JobRequest(key, ChangedProperties.all()))
                    .toList());
            jobs.park(claim(100).stream()
                    .map(claim -> new Park(claim, "why", null))
                    .toList());
            AtomicInteger number = new AtomicInteger();

            List<Integer> counts = Together.run(4, () -> {
                boolean requeues = number.getAndIncrement() % 2 == 0;
                int count = 0;
                for (int from = 0; from < all.size(); from += 20) {
                    List<JobKey> some = all.subList(from, from + 20);
                    count += requeues
                            ? letters.requeue(some.stream().collect(Collectors.toMap(key -> key, key -> Duration.ZERO)))
                            : letters.discard(some);
                }
                return count;
            });

            assertThat(counts.stream().mapToInt(Integer::intValue).sum()).isEqualTo(60);
            assertThat(jobs.parked()).isZero();
        }
    }

    private static JobKey key(String id) {
        return JobKey.ensurePublication(Change.DEFAULT_TENANT, MACHINE, id);
    }

    private static List<JobKey> keys(List<Letter> letters) {
        return letters.stream().map(Letter::key).toList();
    }

    private void enqueue(JobKey key) {
        jobs.enqueue(List.of(new JobRequest(key, ChangedProperties.all(), Lane.LIVE, List.of(CAUSE))));
    }

    private List<Claim> claim(int limit) {
        return jobs.claim(new ClaimRequest(MACHINE, Stage.ENSURE_PUBLICATION, limit, LONG, "contract"));
    }

    private List<String> claimed() {
        return claim(10).stream().map(claim -> claim.key().key()).toList();
    }

    private Claim claimOne() {
        List<Claim> claims = claim(10);
        assertThat(claims).hasSize(1);
        return claims.get(0);
    }

    private void release(Claim claim) {
        jobs.release(List.of(new Release(claim, Duration.ZERO, true, "test")));
    }

    /** Parks the one job that is due. */
    private void parkWith(String failure, @Nullable String refused) {
        assertThat(jobs.park(List.of(new Park(claimOne(), failure, refused)))).containsValue(Ending.SETTLED);
    }

    /** Requests a job and parks it. */
    private void park(JobKey key, String failure) {
        enqueue(key);
        List<Claim> claims = jobs.claim(new ClaimRequest(key.machine(), key.stage(), 10, LONG, "contract"));
        assertThat(claims).hasSize(1);
        jobs.park(List.of(new Park(claims.get(0), failure, null)));
    }
}
