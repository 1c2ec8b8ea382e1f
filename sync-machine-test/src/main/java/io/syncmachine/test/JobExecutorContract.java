package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.Capability;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Ending;
import io.syncmachine.spi.JobExecutor.JobStatus;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.Settle;
import io.syncmachine.spi.Stage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What every {@link JobExecutor} promises. */
public abstract class JobExecutorContract {

    /** A time that passes in the test. */
    private static final Duration SHORT = Duration.ofMillis(200);

    /** A time that does not pass in the test. */
    private static final Duration LONG = Duration.ofMinutes(5);

    private static final String MACHINE = "orders";
    private static final ChangedProperties ALL = ChangedProperties.all();

    private JobExecutor jobs;

    /** An executor without jobs. Called once, before each test. */
    protected abstract JobExecutor createJobs() throws Exception;

    /** Lets at least this much time pass for the executor: by moving its clock, moving what it has stored, or waiting. */
    protected abstract void pass(Duration duration) throws Exception;

    /** The same jobs as another node sees them; the default is the same object. */
    protected JobExecutor anotherNode() throws Exception {
        return jobs;
    }

    @BeforeEach
    final void begin() throws Exception {
        jobs = createJobs();
    }

    @Nested
    class ARequest {

        @Test
        void isOneRun() {
            enqueue("1");

            Claim claim = claimOne();

            assertThat(claim.key()).isEqualTo(key("1"));
            assertThat(claim.attempt()).isEqualTo(1);
            assertThat(claim.failingFor()).isZero();
            assertThat(complete(claim)).isEqualTo(Ending.SETTLED);
            assertThat(claimAll()).isEmpty();
        }

        @Test
        void isAbsorbedByAWaitingJob() {
            enqueue("1");
            enqueue("1");
            enqueue("1");

            assertThat(complete(claimOne())).isEqualTo(Ending.SETTLED);
            assertThat(claimAll()).isEmpty();
            assertThat(jobs.backlog()).isZero();
        }

        @Test
        void unitesItsChangesWithThoseOfAWaitingJob() {
            enqueue("1", changed("name"));
            enqueue("1", changed("street", "name"));

            assertThat(claimOne().changed()).isEqualTo(changed("name", "street"));
        }

        @Test
        void unitesOldReferences() {
            enqueue("1", changed("customer").withOldReference("customer", "7"));
            enqueue("1", changed("customer").withOldReference("customer", "8"));

            ChangedProperties changed = claimOne().changed();

            assertThat(changed.names()).containsExactly("customer");
            assertThat(changed.oldReferences("customer", Long.class)).containsExactlyInAnyOrder(7L, 8L);
        }

        @Test
        void ofEverythingStaysOneOfEverything() {
            enqueue("1", changed("name"));
            enqueue("1", ALL);

            assertThat(claimOne().changed().isAll()).isTrue();
        }

        @Test
        void keepsWhatChanged() {
            ChangedProperties changed = changed("städte", "a b").withOldReference("customer", "x=y,z*");
            enqueue("1", changed);

            assertThat(claimOne().changed()).isEqualTo(changed);
        }

        @Test
        void ofOneMachineIsNotHandedToAnother() {
            enqueue(new JobKey(Change.DEFAULT_TENANT, "orders", Stage.ENSURE_PUBLICATION, "1"));
            enqueue(new JobKey(Change.DEFAULT_TENANT, "invoices", Stage.ENSURE_PUBLICATION, "1"));

            List<Claim> claims = claim("invoices", Stage.ENSURE_PUBLICATION);

            assertThat(claims).hasSize(1);
            assertThat(claims.get(0).key().machine()).isEqualTo("invoices");
            assertThat(claimAll()).hasSize(1);
        }

        @Test
        void ofOneStageIsNotHandedToAnother() {
            enqueue(new JobKey(Change.DEFAULT_TENANT, MACHINE, Stage.FIND_SUBJECTS, "Order:1"));

            assertThat(claim(MACHINE, Stage.ENSURE_PUBLICATION)).isEmpty();
            assertThat(claim(MACHINE, Stage.FIND_SUBJECTS)).hasSize(1);
        }

        @Test
        void ofOneTenantIsNotAbsorbedByThatOfAnother() {
            enqueue(JobKey.ensurePublication("red", MACHINE, "1"));
            enqueue(JobKey.ensurePublication("blue", MACHINE, "1"));

            assertThat(claimAll()).extracting(claim -> claim.key().tenant()).containsExactlyInAnyOrder("red", "blue");
        }

        @Test
        void keepsItsKeyWhateverItHolds() {
            List<JobKey> keys = List.of(key("a:b"), key(":"), key("ä'\"\\%_ €"), key("x".repeat(200)));
            keys.forEach(JobExecutorContract.this::enqueue);

            assertThat(claimAll()).extracting(Claim::key).containsExactlyInAnyOrderElementsOf(keys);
        }

        @Test
        void isOneOfItsOwnForEveryKeyThatDiffersInAByte() {
            List<JobKey> keys = List.of(key("a"), key("A"), key("ä"), key("a "), key(" a"), key("😀"), key("😁"));
            keys.forEach(JobExecutorContract.this::enqueue);

            List<Claim> claims = claimAll();

            assertThat(claims).extracting(Claim::key).containsExactlyInAnyOrderElementsOf(keys);
            assertThat(jobs.complete(claims.subList(0, 3))).hasSize(3);
            assertThat(jobs.backlog()).isEqualTo(4);
        }

        @Test
        void mayHaveALongKey() {
            JobKey one = JobKey.findSubjects(Change.DEFAULT_TENANT, "m".repeat(100), "Order", "€".repeat(666) + "1");
            JobKey other = JobKey.findSubjects(Change.DEFAULT_TENANT, "m".repeat(100), "Order", "€".repeat(666) + "2");
            enqueue(one);
            enqueue(other);

            assertThat(claim("m".repeat(100), Stage.FIND_SUBJECTS))
                    .extracting(Claim::key)
                    .containsExactlyInAnyOrder(one, other);
        }

        @Test
        void isKeptForOtherNodes() throws Exception {
            enqueue("1");

            JobExecutor other = anotherNode();

            assertThat(other.claim(request(MACHINE, Stage.ENSURE_PUBLICATION, 10, LONG)))
                    .extracting(Claim::key)
                    .containsExactly(key("1"));
        }

        @Test
        void mayComeWithManyOthers() {
            int count = 1_000;
            enqueueMany(count);

            List<Claim> claims = new ArrayList<>();
            List<Claim> more = claimAll();
            while (!more.isEmpty()) {
                claims.addAll(more);
                more = claimAll();
            }

            assertThat(claims).extracting(Claim::key).doesNotHaveDuplicates().hasSize(count);
            assertThat(jobs.complete(claims))
                    .hasSize(count)
                    .allSatisfy((token, ending) -> assertThat(ending).isEqualTo(Ending.SETTLED));
            assertThat(jobs.backlog()).isZero();
        }

        @Test
        void mayBeNone() {
            jobs.enqueue(List.of());

            assertThat(jobs.backlog()).isZero();
            assertThat(jobs.complete(List.of())).isEmpty();
            assertThat(jobs.release(List.of())).isEmpty();
            assertThat(jobs.park(List.of())).isEmpty();
            assertThat(jobs.renew(List.of(), LONG)).isEmpty();
        }
    }

    @Nested
    class AClaim {

        @Test
        void findsNothingWhereNothingIsDue() {
            assertThat(claimAll()).isEmpty();
        }

        @Test
        void takesNoMoreThanItAsksFor() {
            enqueueMany(5);

            assertThat(claim(MACHINE, Stage.ENSURE_PUBLICATION, 2, LONG)).hasSize(2);
        }

        @Test
        void takesThoseThatAreDueLongestFirst() throws Exception {
            List<String> ids = List.of("c", "a", "b");
            for (String id : ids) {
                enqueue(id);
                pass(SHORT);
            }

            List<String> taken = new ArrayList<>();
            ids.forEach(id -> taken.add(claimOne(1).key().key()));

            assertThat(taken).isEqualTo(ids);
        }

        @Test
        void putsAJobThatWasGivenBackBehindThoseThatAreDueLonger() throws Exception {
            enqueue("late");
            Claim late = claimOne();
            enqueue("early");
            pass(SHORT);
            release(late, Duration.ZERO, false);
            pass(SHORT);

            assertThat(claimOne(1).key()).isEqualTo(key("early"));
            assertThat(claimOne(1).key()).isEqualTo(key("late"));
        }

        @Test
        void keepsItsJobFromOthersWhileItsLeaseLasts() throws Exception {
            assumeExclusive();
            enqueue("1");
            claimOne();

            assertThat(claimAll()).isEmpty();
            assertThat(anotherNode().claim(request(MACHINE, Stage.ENSURE_PUBLICATION, 10, LONG)))
                    .isEmpty();
        }

        @Test
        void keepsItsJobFromOthersAlsoIfItIsRequestedAgain() {
            assumeExclusive();
            enqueue("1");
            claimOne();
            enqueue("1");

            assertThat(claimAll()).isEmpty();
        }

        @Test
        void endsWithItsLease() throws Exception {
            enqueue("1", changed("name"));
            Claim lost = claimOne(SHORT);
            passLease();

            Claim next = claimOne();

            assertThat(next.key()).isEqualTo(lost.key());
            assertThat(next.token()).isNotEqualTo(lost.token());
            assertThat(next.attempt()).isEqualTo(2);
            assertThat(next.changed()).isEqualTo(changed("name"));
        }

        @Test
        void afterALostOneIsToldAlsoWhatChangedMeanwhile() throws Exception {
            enqueue("1", changed("name"));
            claimOne(SHORT);
            enqueue("1", changed("street"));
            passLease();

            Claim next = claimOne();

            assertThat(next.changed()).isEqualTo(changed("name", "street"));
            assertThat(complete(next)).isEqualTo(Ending.SETTLED);
        }

        @Test
        void thatWasLostSettlesNothing() throws Exception {
            enqueue("1");
            Claim lost = claimOne(SHORT);
            passLease();
            Claim holder = claimOne();

            assertThat(complete(lost)).isEqualTo(Ending.LOST);
            assertThat(release(lost, Duration.ZERO, true)).isEqualTo(Ending.LOST);
            assertThat(park(lost)).isEqualTo(Ending.LOST);
            assertThat(jobs.renew(List.of(lost), LONG)).isEmpty();
            assertThat(jobs.backlog()).isEqualTo(1);
            assertThat(jobs.parked()).isZero();
            assertThat(complete(holder)).isEqualTo(Ending.SETTLED);
        }

        @Test
        void canBeRenewed() throws Exception {
            assumeExclusive();
            enqueue("1");
            Claim claim = claimOne(SHORT);

            assertThat(jobs.renew(List.of(claim), LONG)).containsExactly(claim.token());

            passLease();
            assertThat(claimAll()).isEmpty();
            assertThat(complete(claim)).isEqualTo(Ending.SETTLED);
        }

        @Test
        void isRenewedOnlyIfItStillHoldsItsJob() {
            enqueueMany(3);
            List<Claim> claims = claimAll();
            complete(claims.get(0));
            release(claims.get(1), LONG, false);

            assertThat(jobs.renew(claims, LONG)).containsExactly(claims.get(2).token());
        }

        @Test
        void hasATokenThatNoOtherEverHas() {
            Set<Long> tokens = new HashSet<>();
            for (int i = 0; i < 20; i++) {
                enqueue("1");
                enqueue("2");
                for (Claim claim : claimAll()) {
                    assertThat(tokens.add(claim.token())).isTrue();
                    complete(claim);
                }
            }

            assertThat(tokens).hasSize(40);
        }

        @Test
        void ofAJobThatWasMadeAnewIsNotReachedByAnOlderOne() {
            enqueue("1");
            Claim old = claimOne();
            complete(old);
            enqueue("1");
            Claim holder = claimOne();

            assertThat(complete(old)).isEqualTo(Ending.LOST);
            assertThat(release(old, Duration.ZERO, true)).isEqualTo(Ending.LOST);
            assertThat(park(old)).isEqualTo(Ending.LOST);
            assertThat(complete(holder)).isEqualTo(Ending.SETTLED);
        }
    }

    @Nested
    class ARequestDuringARun {

        @Test
        void leadsToOneMoreRun() {
            enqueue("1");
            Claim first = claimOne();
            enqueue("1");
            enqueue("1");

            assertThat(complete(first)).isEqualTo(Ending.RUNS_AGAIN);
            assertThat(complete(claimOne())).isEqualTo(Ending.SETTLED);
            assertThat(claimAll()).isEmpty();
        }

        @Test
        void tellsTheNextRunWhatChanged() {
            enqueue("1", changed("name"));
            Claim first = claimOne();
            enqueue("1", changed("street"));
            enqueue("1", changed("town").withOldReference("customer", "7"));
            complete(first);

            ChangedProperties changed = claimOne().changed();

            assertThat(changed.names()).contains("street", "town");
            assertThat(changed.oldReferences("customer", String.class)).containsExactly("7");
        }

        @Test
        void isNotForgottenWhenTheRunIsGivenBack() throws Exception {
            enqueue("1", changed("name"));
            Claim first = claimOne();
            enqueue("1", changed("street"));

            assertThat(release(first, Duration.ZERO, true)).isEqualTo(Ending.SETTLED);

            Claim next = claimOne();
            assertThat(next.changed()).isEqualTo(changed("name", "street"));
            assertThat(complete(next)).isEqualTo(Ending.SETTLED);
        }

        @Test
        void keepsTheJobFromBeingParked() {
            enqueue("1", changed("name"));
            Claim first = claimOne();
            enqueue("1", changed("street"));

            assertThat(park(first)).isEqualTo(Ending.RUNS_AGAIN);

            assertThat(jobs.parked()).isZero();
            Claim next = claimOne();
            assertThat(next.changed().names()).contains("street");
            assertThat(complete(next)).isEqualTo(Ending.SETTLED);
        }

        @Test
        void makesTheNextRunForgetAttempts() throws Exception {
            enqueue("1");
            release(claimOne(), Duration.ZERO, true);
            Claim second = claimOne();
            assertThat(second.attempt()).isEqualTo(2);
            enqueue("1");
            complete(second);
            pass(SHORT);

            Claim next = claimOne();

            assertThat(next.attempt()).isEqualTo(1);
            assertThat(next.failingFor()).isZero();
        }
    }

    @Nested
    class ARequestThatSettles {

        private static final Duration MINUTE = Duration.ofMinutes(1);
        private static final Settle SETTLE = new Settle(MINUTE, Duration.ofMinutes(3));

        private void settle(String id) {
            settle(id, ALL);
        }

        private void settle(String id, ChangedProperties changed) {
            jobs.enqueue(List.of(new JobRequest(key(id), changed, Lane.LIVE, List.of(), SETTLE)));
        }

        @Test
        void isNotDueBeforeItIsQuiet() throws Exception {
            settle("1");
            pass(MINUTE.minus(SHORT.multipliedBy(100)));

            assertThat(claimAll()).isEmpty();
            assertThat(jobs.isAnyDue(MACHINE, Stage.ENSURE_PUBLICATION)).isFalse();
            assertThat(jobs.longestDue()).isZero();
            assertThat(jobs.backlog()).isEqualTo(1);
        }

        @Test
        void isDueOnceItIsQuiet() throws Exception {
            settle("1");
            pass(MINUTE);

            assertThat(jobs.isAnyDue(MACHINE, Stage.ENSURE_PUBLICATION)).isTrue();
            assertThat(complete(claimOne())).isEqualTo(Ending.SETTLED);
            assertThat(claimAll()).isEmpty();
        }

        @Test
        void isPutOffByTheNext() throws Exception {
            settle("1", changed("name"));
            pass(MINUTE.dividedBy(2));
            settle("1", changed("street"));
            pass(MINUTE.dividedBy(2));
            assertThat(claimAll()).isEmpty();

            pass(MINUTE.dividedBy(2));

            assertThat(claimOne().changed()).isEqualTo(changed("name", "street"));
        }

        @Test
        void isDueAfterTheLongestWaitHoweverManyFollow() throws Exception {
            settle("1");
            for (int passed = 30; passed < 180; passed += 30) {
                pass(Duration.ofSeconds(30));
                settle("1");
                assertThat(claimAll()).isEmpty();
            }

            pass(Duration.ofSeconds(30));
            settle("1");

            assertThat(claimAll()).hasSize(1);
        }

        @Test
        void isDueAfterTheLongestWaitInEveryRunThatFollows() throws Exception {
            settle("1");
            int runs = 0;
            for (int seconds = 0; seconds < 1_800; seconds += 30) {
                pass(Duration.ofSeconds(30));
                settle("1");
                for (Claim claim : claimAll()) {
                    settle("1");
                    assertThat(complete(claim)).isEqualTo(Ending.RUNS_AGAIN);
                    runs++;
                }
            }

            assertThat(runs).isEqualTo(10);
        }

        @Test
        void waitsForItsOwnKeyOnly() throws Exception {
            settle("1");
            pass(MINUTE.dividedBy(2));
            settle("2");
            pass(MINUTE.dividedBy(2));

            assertThat(claimOne().key()).isEqualTo(key("1"));
        }

        @Test
        void leavesAJobThatIsDueAtOnceWhereItIs() {
            enqueue("1");
            settle("1");

            assertThat(complete(claimOne())).isEqualTo(Ending.SETTLED);
        }

        @Test
        void waitsNoMoreForOneThatDoesNot() throws Exception {
            settle("1");
            enqueue("1", ChangedProperties.none());
            settle("1");

            assertThat(complete(claimOne())).isEqualTo(Ending.SETTLED);
        }

        @Test
        void inABatchWithOneThatDoesNotIsDueAtOnce() {
            jobs.enqueue(List.of(
                    new JobRequest(key("1"), ALL, Lane.LIVE, List.of(), SETTLE), new JobRequest(key("1"), ALL)));

            assertThat(claimAll()).hasSize(1);
        }

        @Test
        void duringARunLetsTheNextSettle() throws Exception {
            settle("1", changed("name"));
            pass(MINUTE);
            Claim claim = claimOne();
            settle("1", changed("street"));
            assertThat(complete(claim)).isEqualTo(Ending.RUNS_AGAIN);
            assertThat(claimAll()).isEmpty();
            assertThat(status("1").settling()).isTrue();
            pass(MINUTE.dividedBy(2));
            settle("1", changed("status"));
            pass(MINUTE.dividedBy(2));
            assertThat(claimAll()).isEmpty();

            pass(MINUTE.dividedBy(2));

            assertThat(claimOne().changed().names()).contains("street", "status");
        }

        @Test
        void countsTheLongestWaitOfTheNextRunFromTheFirstDuringThis() throws Exception {
            settle("1");
            pass(MINUTE);
            Claim claim = claim(MACHINE, Stage.ENSURE_PUBLICATION, 1, Duration.ofHours(1))
                    .get(0);
            for (int seconds = 0; seconds < 180; seconds += 30) {
                settle("1");
                pass(Duration.ofSeconds(30));
            }
            settle("1");

            assertThat(complete(claim)).isEqualTo(Ending.RUNS_AGAIN);

            assertThat(claimAll()).hasSize(1);
        }

        @Test
        void duringARunThatIsOverLaterIsDueWhenItIsQuiet() throws Exception {
            settle("1");
            pass(MINUTE);
            Claim claim = claim(MACHINE, Stage.ENSURE_PUBLICATION, 1, Duration.ofHours(1))
                    .get(0);
            settle("1");
            pass(MINUTE);

            assertThat(complete(claim)).isEqualTo(Ending.RUNS_AGAIN);

            assertThat(claimAll()).hasSize(1);
        }

        @Test
        void duringARunIsDueAtOnceIfAnotherOneIs() throws Exception {
            enqueue("before");
            enqueue("after");
            List<Claim> claims = claimAll();
            enqueue("before");
            settle("before");
            settle("after");
            enqueue("after");

            assertThat(jobs.complete(claims)).containsValue(Ending.RUNS_AGAIN).hasSize(2);

            assertThat(claimAll()).hasSize(2);
        }

        @Test
        void duringARunLetsAJobSettleThatWouldBeParked() throws Exception {
            enqueue("1");
            Claim claim = claimOne();
            settle("1");

            assertThat(park(claim)).isEqualTo(Ending.RUNS_AGAIN);

            assertThat(claimAll()).isEmpty();
            pass(MINUTE);
            assertThat(claimOne().attempt()).isEqualTo(1);
        }

        @Test
        void isNotKeptByAClaimThatIsLost() throws Exception {
            enqueue("1");
            Claim lost = claimOne(SHORT);
            settle("1", changed("name"));
            pass(MINUTE);

            Claim next = claimOne();

            assertThat(complete(lost)).isEqualTo(Ending.LOST);
            assertThat(complete(next)).isEqualTo(Ending.SETTLED);
        }

        @Test
        void neitherHurriesNorDelaysAJobThatRests() throws Exception {
            settle("1");
            pass(MINUTE);
            Claim claim = claimOne();
            settle("1");
            release(claim, MINUTE.multipliedBy(2), true);
            settle("1");
            assertThat(status("1").settling()).isFalse();
            enqueue("1");
            pass(MINUTE);
            settle("1");
            assertThat(claimAll()).isEmpty();

            pass(MINUTE);

            assertThat(claimOne().attempt()).isEqualTo(2);
        }

        @Test
        void ofAParkedJobLetsItSettle() throws Exception {
            enqueue("1");
            park(claimOne());
            settle("1", ChangedProperties.none());
            assertThat(jobs.parked()).isEqualTo(1);

            settle("1");

            assertThat(jobs.parked()).isZero();
            assertThat(claimAll()).isEmpty();
            pass(MINUTE.dividedBy(2));
            settle("1");
            pass(MINUTE.dividedBy(2));
            assertThat(claimAll()).isEmpty();
            pass(MINUTE.dividedBy(2));
            assertThat(claimOne().attempt()).isEqualTo(1);
        }

        @Test
        void isForgottenByADeadLetter() throws Exception {
            settle("1");
            pass(MINUTE);
            park(claimOne());
            jobs.deadLetters().requeue(Map.of(key("1"), MINUTE));

            assertThat(status("1").settling()).isFalse();
            enqueue("1");
            assertThat(claimAll()).isEmpty();
        }

        @Test
        void isBehindThoseThatAreDueLonger() throws Exception {
            settle("1");
            pass(MINUTE.dividedBy(2));
            settle("2");
            pass(MINUTE.dividedBy(4));
            settle("1");
            pass(MINUTE);

            assertThat(claimOne(1).key()).isEqualTo(key("2"));
            assertThat(claimOne(1).key()).isEqualTo(key("1"));
        }

        @Test
        void isToldInAStatus() throws Exception {
            settle("1");
            JobStatus waiting = status("1");
            enqueue("2");

            assertThat(waiting.settling()).isTrue();
            assertThat(waiting.dueIn()).isPositive().isLessThanOrEqualTo(MINUTE);
            assertThat(waiting.attempts()).isZero();
            assertThat(status("2").settling()).isFalse();
            pass(MINUTE);
            assertThat(status("1").settling()).isFalse();
        }

        private JobStatus status(String id) {
            return jobs.find(key(id)).orElseThrow();
        }
    }

    @Nested
    class ACompletedJob {

        @Test
        void isGone() throws Exception {
            enqueue("1");
            complete(claimOne(SHORT));
            passLease();

            assertThat(claimAll()).isEmpty();
            assertThat(jobs.backlog()).isZero();
        }

        @Test
        void cannotBeCompletedAgain() {
            enqueue("1");
            Claim claim = claimOne();
            complete(claim);

            assertThat(complete(claim)).isEqualTo(Ending.LOST);
        }

        @Test
        void startsAnewWhenItIsRequestedLater() throws Exception {
            enqueue("1", changed("name"));
            release(claimOne(), Duration.ZERO, true);
            pass(SHORT);
            complete(claimOne());
            enqueue("1", changed("street"));

            Claim claim = claimOne();

            assertThat(claim.attempt()).isEqualTo(1);
            assertThat(claim.failingFor()).isZero();
            assertThat(claim.changed()).isEqualTo(changed("street"));
        }

        @Test
        void leavesTheOthersOfItsBatchAlone() {
            enqueueMany(3);
            List<Claim> claims = claimAll();
            enqueue(claims.get(1).key());
            complete(claims.get(2));

            Map<Long, Ending> endings = jobs.complete(claims);

            assertThat(endings)
                    .containsOnly(
                            Map.entry(claims.get(0).token(), Ending.SETTLED),
                            Map.entry(claims.get(1).token(), Ending.RUNS_AGAIN),
                            Map.entry(claims.get(2).token(), Ending.LOST));
        }
    }

    @Nested
    class AReleasedJob {

        @Test
        void restsForItsDelay() {
            enqueue("1");

            assertThat(release(claimOne(), LONG, true)).isEqualTo(Ending.SETTLED);

            assertThat(claimAll()).isEmpty();
            assertThat(jobs.backlog()).isEqualTo(1);
        }

        @Test
        void isDueAfterItsDelay() throws Exception {
            enqueue("1", changed("name"));
            release(claimOne(), SHORT, true);
            pass(SHORT);

            Claim next = claimOne();

            assertThat(next.changed()).isEqualTo(changed("name"));
            assertThat(complete(next)).isEqualTo(Ending.SETTLED);
        }

        @Test
        void countsFailuresAsAttempts() {
            enqueue("1");
            for (int attempt = 1; attempt <= 3; attempt++) {
                Claim claim = claimOne();
                assertThat(claim.attempt()).isEqualTo(attempt);
                release(claim, Duration.ZERO, true);
            }
        }

        @Test
        void countsNoSnooze() {
            enqueue("1");
            release(claimOne(), Duration.ZERO, true);
            for (int i = 0; i < 3; i++) {
                Claim claim = claimOne();
                assertThat(claim.attempt()).isEqualTo(2);
                release(claim, Duration.ZERO, false);
            }
        }

        @Test
        void tellsHowLongItHasFailed() throws Exception {
            enqueue("1");
            release(claimOne(), Duration.ZERO, false);
            pass(SHORT);
            Claim snoozed = claimOne();
            assertThat(snoozed.failingFor()).isZero();

            release(snoozed, Duration.ZERO, true);
            pass(SHORT);
            Claim failed = claimOne();
            assertThat(failed.failingFor()).isGreaterThanOrEqualTo(SHORT);

            release(failed, Duration.ZERO, true);
            pass(SHORT);
            Claim again = claimOne();
            assertThat(again.failingFor()).isGreaterThanOrEqualTo(SHORT.multipliedBy(2));

            release(again, LONG, false);
            pass(LONG);
            assertThat(claimOne().failingFor()).isBetween(SHORT.multipliedBy(2), LONG);
        }

        @Test
        void mayHaveAnyReason() {
            enqueueMany(2);
            List<Claim> claims = claimAll();
            String reason = "\0 is no text, and \uD83D is half a character";

            assertThat(jobs.release(List.of(new Release(claims.get(0), LONG, true, reason))))
                    .containsValue(Ending.SETTLED);
            assertThat(jobs.park(List.of(new Park(claims.get(1), reason, reason))))
                    .containsValue(Ending.SETTLED);
        }

        @Test
        void isNoLongerHeld() {
            enqueue("1");
            Claim claim = claimOne();
            release(claim, LONG, false);

            assertThat(complete(claim)).isEqualTo(Ending.LOST);
            assertThat(release(claim, Duration.ZERO, false)).isEqualTo(Ending.LOST);
            assertThat(park(claim)).isEqualTo(Ending.LOST);
            assertThat(claimAll()).isEmpty();
        }

        @Test
        void hasADelayOfItsOwnInABatch() throws Exception {
            enqueueMany(2);
            List<Claim> claims = claimAll();
            jobs.release(List.of(
                    new Release(claims.get(0), LONG, false, "later"),
                    new Release(claims.get(1), SHORT, false, "sooner")));
            pass(SHORT);

            assertThat(claimAll())
                    .extracting(Claim::key)
                    .containsExactly(claims.get(1).key());
        }

        @Test
        void absorbsRequests() throws Exception {
            enqueue("1", changed("name"));
            release(claimOne(), SHORT, true);
            enqueue("1", changed("street"));
            pass(SHORT);

            Claim next = claimOne();

            assertThat(next.changed()).isEqualTo(changed("name", "street"));
            assertThat(complete(next)).isEqualTo(Ending.SETTLED);
        }
    }

    @Nested
    class AParkedJob {

        @Test
        void isNotHandedOut() throws Exception {
            enqueue("1");

            assertThat(park(claimOne(SHORT))).isEqualTo(Ending.SETTLED);

            passLease();
            assertThat(claimAll()).isEmpty();
        }

        @Test
        void countsAsParkedAndNotAsBacklog() {
            enqueueMany(2);
            park(claimAll().get(0));

            assertThat(jobs.parked()).isEqualTo(1);
            assertThat(jobs.backlog()).isEqualTo(1);
        }

        @Test
        void isNoLongerHeld() {
            enqueue("1");
            Claim claim = claimOne();
            park(claim);

            assertThat(complete(claim)).isEqualTo(Ending.LOST);
            assertThat(release(claim, Duration.ZERO, true)).isEqualTo(Ending.LOST);
            assertThat(park(claim)).isEqualTo(Ending.LOST);
            assertThat(jobs.parked()).isEqualTo(1);
        }

        @Test
        void isDueAgainWhenItIsRequested() throws Exception {
            enqueue("1", changed("name"));
            release(claimOne(), Duration.ZERO, true);
            pass(SHORT);
            park(claimOne());
            enqueue("1", changed("street"));

            Claim next = claimOne();

            assertThat(jobs.parked()).isZero();
            assertThat(jobs.backlog()).isEqualTo(1);
            assertThat(next.attempt()).isEqualTo(1);
            assertThat(next.failingFor()).isZero();
            assertThat(next.changed()).isEqualTo(changed("name", "street"));
            assertThat(complete(next)).isEqualTo(Ending.SETTLED);
        }
    }

    @Nested
    class TheBacklog {

        @Test
        void countsWhatWaitsAndWhatRuns() {
            enqueueMany(4);
            List<Claim> claims = claim(MACHINE, Stage.ENSURE_PUBLICATION, 3, LONG);
            assertThat(jobs.backlog()).isEqualTo(4);

            complete(claims.get(0));
            assertThat(jobs.backlog()).isEqualTo(3);

            release(claims.get(1), LONG, true);
            assertThat(jobs.backlog()).isEqualTo(3);
        }
    }

    @Nested
    class AtTheSameTime {

        @Test
        void claimersNeverShareAJob() throws Exception {
            assumeExclusive();
            int count = 400;
            enqueueMany(count);
            JobExecutor other = anotherNode();
            AtomicInteger number = new AtomicInteger();

            List<List<Claim>> claims =
                    Together.run(4, () -> claimUntilNoneIsLeft(number.getAndIncrement() % 2 == 0 ? jobs : other));

            List<Claim> all = claims.stream().flatMap(Collection::stream).toList();
            assertThat(all).extracting(Claim::key).doesNotHaveDuplicates().hasSize(count);
            assertThat(all).extracting(Claim::token).doesNotHaveDuplicates();
        }

        private List<Claim> claimUntilNoneIsLeft(JobExecutor executor) {
            List<Claim> claims = new ArrayList<>();
            while (true) {
                List<Claim> more = executor.claim(request(MACHINE, Stage.ENSURE_PUBLICATION, 7, LONG));
                if (more.isEmpty()) {
                    return claims;
                }
                claims.addAll(more);
            }
        }

        @Test
        void noRequestIsLostToACompletion() throws Exception {
            AtomicInteger latest = new AtomicInteger();
            AtomicInteger seen = new AtomicInteger();
            AtomicBoolean over = new AtomicBoolean();
            Callable<Boolean> requests = () -> {
                for (int i = 0; i < 100; i++) {
                    latest.incrementAndGet();
                    enqueue("1");
                }
                over.set(true);
                return true;
            };
            Callable<Boolean> runs = () -> {
                while (true) {
                    boolean last = over.get();
                    List<Claim> claims = claimAll();
                    if (!claims.isEmpty()) {
                        seen.set(latest.get());
                        jobs.complete(claims);
                    } else if (last) {
                        return true;
                    }
                }
            };

            Together.run(List.of(requests, runs));

            assertThat(seen.get()).isEqualTo(latest.get());
            assertThat(jobs.backlog()).isZero();
        }

        @Test
        void requestsInDifferentOrderDoNotHinderEachOther() throws Exception {
            List<JobRequest> up =
                    IntStream.range(0, 50).mapToObj(i -> request("" + i, ALL)).toList();
            List<JobRequest> down = IntStream.range(0, 50)
                    .mapToObj(i -> request("" + (49 - i), ALL))
                    .toList();
            AtomicInteger number = new AtomicInteger();

            Together.run(4, () -> {
                List<JobRequest> requests = number.getAndIncrement() % 2 == 0 ? up : down;
                for (int i = 0; i < 20; i++) {
                    jobs.enqueue(requests);
                }
                return true;
            });

            assertThat(claimAll()).hasSize(50);
        }
    }

    @Nested
    class Causes {

        private final Cause rename = new Cause(ChangeKind.UPDATE, "Customer", "7", Set.of("name"), "00-trace-01");
        private final Cause shipping = new Cause(ChangeKind.TOLD, "@order-shipped", "ä,b'\"", Set.of(), null);

        @Test
        void areToldToTheClaim() {
            enqueueBecause(rename);
            enqueueBecause(shipping);
            enqueueBecause(rename);

            assertThat(claimOne().causes()).containsExactlyInAnyOrder(rename, shipping);
        }

        @Test
        void areOnlyTheFirstFew() {
            for (int i = 0; i < 2 * Cause.MOST; i++) {
                enqueueBecause(new Cause(ChangeKind.UPDATE, "Customer", "" + i, Set.of(), null));
            }

            assertThat(claimOne().causes())
                    .hasSize(Cause.MOST)
                    .extracting(Cause::id)
                    .contains("0");
        }

        @Test
        void areToldAgainAfterARelease() {
            enqueueBecause(rename);
            release(claimOne(), Duration.ZERO, true);

            assertThat(claimOne().causes()).containsExactly(rename);
        }

        @Test
        void ofARunAreNotThoseOfTheNext() {
            enqueueBecause(rename);
            Claim claim = claimOne();
            enqueueBecause(shipping);
            assertThat(complete(claim)).isEqualTo(Ending.RUNS_AGAIN);

            assertThat(claimOne().causes()).containsExactly(shipping);
        }

        private void enqueueBecause(Cause cause) {
            jobs.enqueue(List.of(new JobRequest(key("1"), ALL, Lane.LIVE, List.of(cause))));
        }
    }

    @Nested
    class TheBackgroundLane {

        @Test
        void leavesADeadLetterAloneWhereNothingChanged() {
            enqueueIn(Lane.LIVE, "1");
            park(claimOne());

            jobs.enqueue(List.of(new JobRequest(key("1"), ChangedProperties.none(), Lane.BACKGROUND, List.of())));
            assertThat(jobs.parked()).isEqualTo(1);
            assertThat(claimAll()).isEmpty();

            enqueueIn(Lane.BACKGROUND, "1");
            assertThat(jobs.parked()).isZero();
            assertThat(claimAll()).hasSize(1);
        }

        @Test
        void waitsUntilNothingLiveIsDue() {
            enqueueIn(Lane.BACKGROUND, "1");
            enqueueIn(Lane.LIVE, "2");
            enqueueIn(Lane.BACKGROUND, "3");
            enqueueIn(Lane.LIVE, "4");

            assertThat(claimed(2)).containsExactlyInAnyOrder("2", "4");
            assertThat(claimed(10)).containsExactlyInAnyOrder("1", "3");
        }

        @Test
        void isLeftWhenSomethingLiveIsRequested() {
            enqueueIn(Lane.BACKGROUND, "1");
            enqueueIn(Lane.BACKGROUND, "2");
            enqueueIn(Lane.LIVE, "2");

            assertThat(claimed(1)).containsExactly("2");
        }

        @Test
        void isNotEnteredByWhatIsLive() {
            enqueueIn(Lane.LIVE, "1");
            enqueueIn(Lane.LIVE, "2");
            enqueueIn(Lane.BACKGROUND, "1");

            assertThat(claimed(2)).containsExactlyInAnyOrder("1", "2");
        }

        @Test
        void tellsNothingChangedWhereNothingDid() {
            jobs.enqueue(List.of(new JobRequest(key("1"), ChangedProperties.none(), Lane.BACKGROUND, List.of())));

            assertThat(claimOne().changed().isNone()).isTrue();
        }

        private void enqueueIn(Lane lane, String id) {
            jobs.enqueue(List.of(new JobRequest(key(id), ALL, lane, List.of())));
        }

        private List<String> claimed(int limit) {
            return claim(MACHINE, Stage.ENSURE_PUBLICATION, limit, LONG).stream()
                    .map(claim -> claim.key().key())
                    .toList();
        }
    }

    @Nested
    class Tenants {

        @Test
        void shareWhatIsHandedOut() {
            enqueueFor("big", 500);
            enqueueFor("small", 5);
            enqueueFor("tiny", 1);

            List<String> tenants = tenants(claim(MACHINE, Stage.ENSURE_PUBLICATION, 60, LONG));

            assertThat(tenants).filteredOn("small"::equals).hasSize(5);
            assertThat(tenants).contains("tiny", "big");
        }

        @Test
        void doNotWaitForEachOthersBacklogs() {
            enqueueFor("big", 1_000);
            enqueueFor("small", 10);

            int handedOut = 0;
            int small = 0;
            while (small < 10) {
                List<Claim> claims = claim(MACHINE, Stage.ENSURE_PUBLICATION, 8, LONG);
                assertThat(claims).isNotEmpty();
                handedOut += claims.size();
                small += (int) tenants(claims).stream().filter("small"::equals).count();
                jobs.complete(claims);
            }

            assertThat(handedOut).isLessThanOrEqualTo(40);
        }

        @Test
        void areAllServedHoweverManyTheyAre() {
            enqueueForEach(IntStream.range(0, 300).mapToObj(i -> "tenant-" + i), 2);

            List<String> first = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                first.addAll(tenants(claim(MACHINE, Stage.ENSURE_PUBLICATION, 6, LONG)));
            }

            assertThat(first).hasSize(600);
            assertThat(first.subList(0, 420).stream().distinct()).hasSizeGreaterThan(200);
        }

        @Test
        void thatComeLaterAreServedByTheNextClaims() {
            enqueueFor("big", 100);
            claim(MACHINE, Stage.ENSURE_PUBLICATION, 10, LONG);
            claim(MACHINE, Stage.ENSURE_PUBLICATION, 10, LONG);
            enqueueFor("late", 3);

            List<String> tenants = new ArrayList<>(tenants(claim(MACHINE, Stage.ENSURE_PUBLICATION, 10, LONG)));
            tenants.addAll(tenants(claim(MACHINE, Stage.ENSURE_PUBLICATION, 10, LONG)));

            assertThat(tenants).filteredOn("late"::equals).hasSize(3);
        }

        @Test
        void thatComeWhenAnotherOneIsDoneAreServedByTheNextClaim() {
            enqueueFor("first", 5);
            jobs.complete(claim(MACHINE, Stage.ENSURE_PUBLICATION, 10, LONG));
            enqueueFor("next", 5);
            enqueueFor("first", 1);

            assertThat(tenants(claim(MACHINE, Stage.ENSURE_PUBLICATION, 10, LONG)))
                    .contains("first", "next")
                    .hasSizeGreaterThan(4);
        }

        @Test
        void thatHaveNothingDueLeaveTheirShareToOthers() {
            enqueueFor("resting", 20);
            claim(MACHINE, Stage.ENSURE_PUBLICATION, 20, LONG).forEach(claim -> release(claim, LONG, true));
            enqueueFor("working", 20);

            List<Claim> claims = new ArrayList<>();
            List<Claim> more = claim(MACHINE, Stage.ENSURE_PUBLICATION, 20, LONG);
            while (!more.isEmpty()) {
                claims.addAll(more);
                more = claim(MACHINE, Stage.ENSURE_PUBLICATION, 20, LONG);
            }

            assertThat(tenants(claims)).hasSize(20).containsOnly("working");
        }

        @Test
        void manyOfThemThatHaveNothingDueAreNoTrouble() {
            enqueueForEach(IntStream.range(1_000, 1_450).mapToObj(i -> "tenant-" + i), 1);
            List<Claim> claims = new ArrayList<>();
            List<Claim> more = claim(MACHINE, Stage.ENSURE_PUBLICATION, 100, LONG);
            while (!more.isEmpty()) {
                claims.addAll(more);
                more = claim(MACHINE, Stage.ENSURE_PUBLICATION, 100, LONG);
            }
            assertThat(claims).hasSize(450);
            enqueueFor("tenant-1440", 2);

            assertThat(claim(MACHINE, Stage.ENSURE_PUBLICATION, 100, LONG)).hasSize(1);
            assertThat(claim(MACHINE, Stage.ENSURE_PUBLICATION, 100, LONG)).isEmpty();
        }

        private void enqueueFor(String tenant, int count) {
            enqueueForEach(Stream.of(tenant), count);
        }

        private void enqueueForEach(Stream<String> tenants, int count) {
            jobs.enqueue(tenants.flatMap(tenant -> IntStream.range(0, count)
                            .mapToObj(i -> new JobRequest(JobKey.ensurePublication(tenant, MACHINE, "" + i), ALL)))
                    .toList());
        }

        private List<String> tenants(List<Claim> claims) {
            return claims.stream().map(claim -> claim.key().tenant()).toList();
        }
    }

    @Nested
    class AStatus {

        @Test
        void isToldOfAWaitingJob() {
            enqueue("1");

            JobStatus status = jobs.find(key("1")).orElseThrow();

            assertThat(status.running()).isFalse();
            assertThat(status.parked()).isFalse();
            assertThat(status.dueIn()).isZero();
            assertThat(status.attempts()).isZero();
            assertThat(status.failure()).isNull();
        }

        @Test
        void isToldOfARunningJob() {
            enqueue("1");
            claimOne();

            JobStatus status = jobs.find(key("1")).orElseThrow();

            assertThat(status.running()).isTrue();
            assertThat(status.attempts()).isEqualTo(1);
        }

        @Test
        void isToldOfAJobThatRests() {
            enqueue("1");
            release(claimOne(), LONG, true);

            JobStatus status = jobs.find(key("1")).orElseThrow();

            assertThat(status.running()).isFalse();
            assertThat(status.dueIn()).isPositive().isLessThanOrEqualTo(LONG);
            assertThat(status.attempts()).isEqualTo(1);
            assertThat(status.failure()).isEqualTo("test");
        }

        @Test
        void isToldOfADeadLetter() {
            enqueue("1");
            park(claimOne());

            JobStatus status = jobs.find(key("1")).orElseThrow();

            assertThat(status.parked()).isTrue();
            assertThat(status.failure()).isEqualTo("test");
        }

        @Test
        void isNotToldWhereThereIsNoJob() {
            assertThat(jobs.find(key("1"))).isEmpty();
        }

        @Test
        void forgetsAFailure() {
            enqueue("1");
            release(claimOne(), LONG, true);

            jobs.erase(key("1"));
            jobs.erase(key("none"));

            JobStatus status = jobs.find(key("1")).orElseThrow();
            assertThat(status.failure()).isNull();
            assertThat(status.attempts()).isEqualTo(1);
        }
    }

    @Nested
    class WhatWaits {

        private List<JobKey> waiting(@Nullable JobKey after, int limit) {
            return jobs.waiting(MACHINE, Stage.ENSURE_PUBLICATION, after, limit);
        }

        @Test
        void isReadInPagesByTenantAndKey() {
            enqueue(JobKey.ensurePublication("red", MACHINE, "7"));
            enqueue(JobKey.ensurePublication("blue", MACHINE, "b"));
            enqueue(JobKey.ensurePublication("blue", MACHINE, "a"));
            enqueue(JobKey.ensurePublication("blue", MACHINE, "10"));

            List<JobKey> first = waiting(null, 3);
            assertThat(first).extracting(JobKey::tenant).containsOnly("blue");
            assertThat(first).extracting(JobKey::key).containsExactly("10", "a", "b");
            List<JobKey> second = waiting(first.get(2), 3);
            assertThat(second).containsExactly(JobKey.ensurePublication("red", MACHINE, "7"));
            assertThat(waiting(second.get(0), 3)).isEmpty();
        }

        @Test
        void isOfOneMachineAndStage() {
            enqueue(JobKey.ensurePublication("red", "invoices", "1"));
            enqueue(JobKey.findSubjects("red", MACHINE, "Order", "1"));
            assertThat(waiting(null, 10)).isEmpty();

            enqueue("1");
            assertThat(waiting(null, 10)).containsExactly(key("1"));
            assertThat(jobs.waiting(MACHINE, Stage.FIND_SUBJECTS, null, 10))
                    .containsExactly(JobKey.findSubjects("red", MACHINE, "Order", "1"));
        }

        @Test
        void isNotWhatRunsOrIsParkedOrDone() throws Exception {
            enqueueMany(4);
            List<Claim> claims = claim(MACHINE, Stage.ENSURE_PUBLICATION, 4, LONG);
            release(claims.get(0), LONG, true);
            park(claims.get(1));
            complete(claims.get(2));
            assertThat(waiting(null, 10)).containsExactly(claims.get(0).key());

            pass(LONG.multipliedBy(2));
            assertThat(waiting(null, 10))
                    .as("with one whose lease has ended")
                    .containsExactlyInAnyOrder(
                            claims.get(0).key(), claims.get(3).key());
        }

        @Test
        void goesOnAfterAJobThatIsDone() {
            enqueueMany(3);
            JobKey first = waiting(null, 1).get(0);
            claimAll().forEach(claim -> {
                if (claim.key().equals(first)) {
                    complete(claim);
                } else {
                    release(claim, LONG, false);
                }
            });

            assertThat(waiting(first, 10)).containsExactly(key("1"), key("2"));
        }
    }

    @Nested
    class Backlogs {

        @Test
        void areToldByMachine() {
            enqueueMany(3);
            enqueue(new JobKey(Change.DEFAULT_TENANT, "invoices", Stage.FIND_SUBJECTS, "Order:1"));
            park(claimOne(1));

            assertThat(jobs.backlogs()).isEqualTo(Map.of(MACHINE, 2L, "invoices", 1L));
            assertThat(jobs.backlog()).isEqualTo(3);
        }
    }

    @Nested
    class LongestDue {

        @Test
        void isZeroWhereNothingIsDue() throws Exception {
            assertThat(jobs.longestDue()).isZero();

            enqueueMany(2);
            List<Claim> claims = claimAll();
            release(claims.get(0), LONG.multipliedBy(2), true);
            park(claims.get(1));
            pass(LONG);

            assertThat(jobs.longestDue()).isZero();
        }

        @Test
        void isOfTheOneThatIsDueLongest() throws Exception {
            enqueue(new JobKey("red", "invoices", Stage.FIND_SUBJECTS, "Order:1"));
            pass(LONG);
            enqueueMany(2);
            pass(SHORT);

            assertThat(jobs.longestDue())
                    .isBetween(LONG.plus(SHORT), LONG.plus(SHORT).plus(LONG));

            complete(only(claim("invoices", Stage.FIND_SUBJECTS)));
            assertThat(jobs.longestDue()).isBetween(SHORT, LONG);
        }

        @Test
        void isOfWhateverTheJobIsFor() throws Exception {
            for (Stage stage : Stage.values()) {
                enqueue(new JobKey(Change.DEFAULT_TENANT, MACHINE, stage, "1"));
                pass(LONG);
                assertThat(jobs.longestDue()).as(stage.name()).isBetween(LONG, LONG.multipliedBy(2));

                complete(only(claim(MACHINE, stage)));
            }
        }

        @Test
        void isNotOfOneThatRuns() throws Exception {
            enqueue("1");
            pass(LONG);
            claim(MACHINE, Stage.ENSURE_PUBLICATION, 1, LONG.multipliedBy(3));
            enqueue("2");
            pass(SHORT);

            assertThat(jobs.longestDue()).isBetween(SHORT, LONG);
        }

        @Test
        void isOfOneWhoseClaimWasLostFromTheEndOfItsLease() throws Exception {
            enqueue("1");
            pass(LONG);
            claimOne(SHORT);
            pass(SHORT.multipliedBy(2));

            assertThat(jobs.longestDue()).isBetween(SHORT, LONG);
        }
    }

    @Nested
    class WhetherAnyIsDue {

        private boolean isAnyDue() {
            return jobs.isAnyDue(MACHINE, Stage.ENSURE_PUBLICATION);
        }

        @Test
        void isToldOfEachMachineAndStage() throws Exception {
            assertThat(isAnyDue()).isFalse();
            enqueue(new JobKey("red", "invoices", Stage.ENSURE_PUBLICATION, "1"));
            enqueue(new JobKey("red", MACHINE, Stage.FIND_SUBJECTS, "Order:1"));
            assertThat(isAnyDue()).isFalse();

            enqueue(new JobKey("red", MACHINE, Stage.ENSURE_PUBLICATION, "1"));
            assertThat(isAnyDue()).isTrue();
        }

        @Test
        void isNotWhatRestsOrIsParkedOrDone() throws Exception {
            enqueueMany(3);
            List<Claim> claims = claimAll();
            release(claims.get(0), LONG, true);
            park(claims.get(1));
            complete(claims.get(2));
            assertThat(isAnyDue()).isFalse();

            pass(LONG);
            assertThat(isAnyDue()).isTrue();
        }

        @Test
        void isOneBehindOthersThatRun() throws Exception {
            enqueue("1");
            claim(MACHINE, Stage.ENSURE_PUBLICATION, 1, LONG);
            enqueue("2");
            assertThat(isAnyDue()).isTrue();
        }
    }

    /** How far the requests to an executor are done that may forget them. */
    @Nested
    class WhatIsCovered {

        private long requested() {
            return jobs.coverage().requested();
        }

        private boolean isCovered(long request) throws Exception {
            assertThat(anotherNode().coverage()).isEqualTo(jobs.coverage());
            return jobs.coverage().covers(MACHINE, request);
        }

        private Claim claim(Stage stage) {
            return only(JobExecutorContract.this.claim(MACHINE, stage));
        }

        @BeforeEach
        void mayForget() {
            assumeThat(jobs.capabilities()).as("capabilities of the executor").doesNotContain(Capability.DURABLE);
        }

        @Test
        void areAllRequestsAtFirst() throws Exception {
            assertThat(isCovered(requested())).isTrue();
        }

        @Test
        void areRequestsThatAreDone() throws Exception {
            String memory = jobs.coverage().memory();
            enqueue("1");
            long first = requested();
            enqueue("2");
            long second = requested();
            assertThat(second).isGreaterThan(first);
            List<Claim> claims = claimAll();
            assertThat(isCovered(first)).isFalse();

            complete(claims.get(0));
            assertThat(isCovered(first)).isTrue();
            assertThat(isCovered(second)).isFalse();

            complete(claims.get(1));
            assertThat(isCovered(second)).isTrue();
            assertThat(jobs.coverage().memory()).isEqualTo(memory);
        }

        @Test
        void areNoneAfterOneThatIsNotDone() throws Exception {
            enqueue("1");
            enqueue("2");
            List<Claim> claims = claimAll();

            complete(claims.get(1));

            assertThat(isCovered(requested())).isFalse();
        }

        @Test
        void isNothingThatWaitsAgain() throws Exception {
            enqueue("1");
            long request = requested();
            release(claimOne(), LONG, true);
            enqueue("1");
            assertThat(isCovered(request)).isFalse();

            pass(LONG);
            complete(claimOne());

            assertThat(isCovered(requested())).isTrue();
        }

        @Test
        void isNothingThatIsHandedOutAgain() throws Exception {
            enqueue("1");
            claimOne(SHORT);
            enqueue("1");
            passLease();
            Claim second = claimOne();
            assertThat(isCovered(1)).isFalse();

            complete(second);

            assertThat(isCovered(requested())).isTrue();
        }

        @Test
        void isARequestDuringARunOnlyAfterTheNext() throws Exception {
            enqueue("1");
            long first = requested();
            Claim claim = claimOne();
            enqueue("1");
            assertThat(isCovered(first)).isFalse();

            complete(claim);
            assertThat(isCovered(first)).isTrue();
            assertThat(isCovered(requested())).isFalse();

            complete(claimOne());
            assertThat(isCovered(requested())).isTrue();
        }

        @Test
        void isWhatIsGivenUpUntilItIsAskedForAgain() throws Exception {
            enqueue("1");
            park(claimOne());
            assertThat(isCovered(requested())).isTrue();
            enqueue("1", ChangedProperties.none());
            assertThat(isCovered(requested())).isTrue();

            enqueue("1");
            assertThat(isCovered(requested())).isFalse();

            complete(claimOne());
            assertThat(isCovered(requested())).isTrue();
        }

        @Test
        void isNothingThatIsGivenUpAndWasAskedForMeanwhile() throws Exception {
            enqueue("1");
            Claim claim = claimOne();
            enqueue("1");
            park(claim);
            assertThat(isCovered(1)).isFalse();

            complete(claimOne());

            assertThat(isCovered(requested())).isTrue();
        }

        @Test
        void isAllOfAMachineThoughAnotherHasSomethingToDo() throws Exception {
            enqueue(new JobKey(Change.DEFAULT_TENANT, "invoices", Stage.ENSURE_PUBLICATION, "1"));
            enqueue(new JobKey(Change.DEFAULT_TENANT, "invoices", Stage.FIND_SUBJECTS, "Customer:7"));
            only(JobExecutorContract.this.claim("invoices", Stage.FIND_SUBJECTS));
            enqueue("1");
            long request = requested();
            assertThat(isCovered(request)).isFalse();

            complete(claimOne());

            assertThat(isCovered(request)).isTrue();
            assertThat(jobs.coverage().covers("invoices", 1)).isFalse();
        }

        @Test
        void isNotAnEntityWhoseSubjectsAreNotDone() throws Exception {
            JobKey entity = new JobKey(Change.DEFAULT_TENANT, MACHINE, Stage.FIND_SUBJECTS, "Customer:7");
            enqueue(entity);
            long request = requested();
            Claim finding = claim(Stage.FIND_SUBJECTS);
            enqueue("1");
            complete(finding);
            assertThat(isCovered(request)).isFalse();

            complete(claim(Stage.ENSURE_PUBLICATION));

            assertThat(isCovered(request)).isTrue();
        }

        @Test
        void areAllWhereOnlyTheBackgroundLaneHasSomethingToDo() throws Exception {
            enqueue("1");
            Claim running = claimOne();
            JobRequest sweep = new JobRequest(key("1"), ChangedProperties.none(), Lane.BACKGROUND, List.of());
            jobs.enqueue(List.of(sweep));
            jobs.enqueue(List.of(new JobRequest(key("2"), ChangedProperties.none(), Lane.BACKGROUND, List.of())));
            assertThat(isCovered(1)).isFalse();

            complete(running);
            assertThat(isCovered(requested())).isTrue();

            enqueue("2");
            assertThat(isCovered(requested())).isFalse();
            claimAll().forEach(JobExecutorContract.this::complete);
            assertThat(isCovered(requested())).isTrue();
        }

        @Test
        void areAllWhereOnlyAListenerIsToBeTold() throws Exception {
            enqueue("1");
            enqueue(JobKey.followUp(Change.DEFAULT_TENANT, MACHINE, "1"));

            complete(claimOne());

            assertThat(isCovered(requested())).isTrue();
        }

        @Test
        void isNotAnEntityWhoseSubjectRunsAlready() throws Exception {
            enqueue("1");
            Claim publishing = claim(Stage.ENSURE_PUBLICATION);
            JobKey entity = new JobKey(Change.DEFAULT_TENANT, MACHINE, Stage.FIND_SUBJECTS, "Customer:7");
            enqueue(entity);
            long request = requested();
            Claim finding = claim(Stage.FIND_SUBJECTS);
            enqueue("1");
            complete(finding);
            complete(publishing);
            assertThat(isCovered(request)).isFalse();

            complete(claim(Stage.ENSURE_PUBLICATION));

            assertThat(isCovered(request)).isTrue();
        }
    }

    private void assumeExclusive() {
        assumeThat(jobs.capabilities()).as("capabilities of the executor").contains(Capability.EXCLUSIVE);
    }

    private void passLease() throws Exception {
        pass(SHORT.plusMillis(50));
    }

    private static ChangedProperties changed(String... names) {
        return ChangedProperties.of(List.of(names));
    }

    private static JobKey key(String id) {
        return JobKey.ensurePublication(Change.DEFAULT_TENANT, MACHINE, id);
    }

    private static JobRequest request(String id, ChangedProperties changed) {
        return new JobRequest(key(id), changed);
    }

    private static ClaimRequest request(String machine, Stage stage, int limit, Duration lease) {
        return new ClaimRequest(machine, stage, limit, lease, "contract");
    }

    private void enqueue(String id) {
        enqueue(id, ALL);
    }

    private void enqueue(String id, ChangedProperties changed) {
        jobs.enqueue(List.of(request(id, changed)));
    }

    private void enqueue(JobKey key) {
        jobs.enqueue(List.of(new JobRequest(key, ALL)));
    }

    private void enqueueMany(int count) {
        jobs.enqueue(
                IntStream.range(0, count).mapToObj(i -> request("" + i, ALL)).toList());
    }

    private List<Claim> claimAll() {
        return claim(MACHINE, Stage.ENSURE_PUBLICATION);
    }

    private List<Claim> claim(String machine, Stage stage) {
        return claim(machine, stage, 200, LONG);
    }

    private List<Claim> claim(String machine, Stage stage, int limit, Duration lease) {
        return jobs.claim(request(machine, stage, limit, lease));
    }

    private Claim claimOne() {
        return only(claimAll());
    }

    private Claim claimOne(int limit) {
        return only(claim(MACHINE, Stage.ENSURE_PUBLICATION, limit, LONG));
    }

    private Claim claimOne(Duration lease) {
        return only(claim(MACHINE, Stage.ENSURE_PUBLICATION, 200, lease));
    }

    private static Claim only(List<Claim> claims) {
        assertThat(claims).hasSize(1);
        return claims.get(0);
    }

    private Ending complete(Claim claim) {
        return ending(claim, jobs.complete(List.of(claim)));
    }

    private Ending release(Claim claim, Duration delay, boolean countsAsAttempt) {
        return ending(claim, jobs.release(List.of(new Release(claim, delay, countsAsAttempt, "test"))));
    }

    private Ending park(Claim claim) {
        return ending(claim, jobs.park(List.of(new Park(claim, "test", null))));
    }

    private static Ending ending(Claim claim, Map<Long, Ending> endings) {
        assertThat(endings).containsOnlyKeys(claim.token());
        return Objects.requireNonNull(endings.get(claim.token()));
    }
}
