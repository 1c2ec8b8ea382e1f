package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.PublicationKind;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.Acknowledgement;
import io.syncmachine.spi.PayloadStore.Closing;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.PayloadStore.Opening;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.PayloadStore.PendingIntent;
import io.syncmachine.spi.PayloadStore.State;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What every {@link PayloadStore} promises. */
public abstract class PayloadStoreContract {

    /** A time that passes in the test. */
    private static final Duration SHORT = Duration.ofMillis(200);

    /** A time that does not pass in the test. */
    private static final Duration LONG = Duration.ofMinutes(5);

    private static final SubjectKey KEY = key("1");
    private static final String BODY = "{\"id\":1,\"name\":\"Zoë \\\"Z\\\" 'x' \\\\ €\"}";
    private static final PendingIntent CREATE =
            new PendingIntent(PublicationKind.CREATE, "fingerprint-a", "idempotency-a", BODY);
    private static final PendingIntent UPDATE =
            new PendingIntent(PublicationKind.UPDATE, "fingerprint-b", "idempotency-b", null);
    private static final PendingIntent DELETE =
            new PendingIntent(PublicationKind.DELETE, PayloadStore.DELETE_FINGERPRINT, "idempotency-c", null);

    private PayloadStore payloads;

    /** A store without records. Called once, before each test. */
    protected abstract PayloadStore createPayloads() throws Exception;

    /** Lets at least this much time pass for the store: by moving its clock, moving what it has stored, or waiting. */
    protected abstract void pass(Duration duration) throws Exception;

    /** Deletes a record behind the port, as cleaning up or an operator does. */
    protected abstract void forget(SubjectKey key) throws Exception;

    /** The same records as another node sees them; the default is the same object. */
    protected PayloadStore anotherNode() throws Exception {
        return payloads;
    }

    @BeforeEach
    final void begin() throws Exception {
        payloads = createPayloads();
    }

    @Nested
    class Opened {

        @Test
        void aNewRecordKnowsNothing() {
            Opening opening = open();

            assertThat(opening.key()).isEqualTo(KEY);
            assertThat(opening.known()).isEqualTo(new PayloadRecord(State.NEVER, null, null, null, false, null, 0));
            assertThat(opening.waitOut()).isZero();
        }

        @Test
        void aRecordHasAGreaterEpochEachTime() {
            long first = open().epoch();
            long second = open().epoch();

            assertThat(second).isGreaterThan(first);
        }

        @Test
        void epochsGrowAcrossRecordsAndNodes() throws Exception {
            long first = open(payloads, key("1")).epoch();
            long second = open(anotherNode(), key("2")).epoch();
            long third = open(payloads, key("3")).epoch();
            long fourth = open(anotherNode(), key("1")).epoch();

            assertThat(List.of(first, second, third, fourth)).isSorted().doesNotHaveDuplicates();
        }

        @Test
        void aRecordThatWasDeletedHasAGreaterEpochThanBefore() throws Exception {
            Opening old = open();
            forget(KEY);

            Opening opening = open();

            assertThat(opening.epoch()).isGreaterThan(old.epoch());
            assertThat(opening.known().state()).isEqualTo(State.NEVER);
            assertThat(record(old)).isFalse();
        }

        @Test
        void recordsAreAnsweredInTheOrderOfTheirKeys() {
            List<SubjectKey> keys = new ArrayList<>(
                    IntStream.range(0, 200).mapToObj(i -> key("" + i)).toList());
            Collections.shuffle(keys, new Random(42));

            List<Opening> openings = payloads.open(keys);

            assertThat(openings).extracting(Opening::key).containsExactlyElementsOf(keys);
            assertThat(openings).extracting(Opening::epoch).doesNotHaveDuplicates();
            assertThat(payloads.open(keys)).extracting(Opening::key).containsExactlyElementsOf(keys);
        }

        @Test
        void recordsWhoseKeysDifferInAByteAreKeptApart() {
            List<SubjectKey> keys = Stream.of(
                            "a", "A", "ä", "a ", " a", "😀", "😁", "€".repeat(666) + "1", "€".repeat(666) + "2")
                    .map(PayloadStoreContract::key)
                    .toList();

            List<Opening> openings = payloads.open(keys);
            for (Opening opening : openings) {
                record(opening, "fingerprint-" + opening.epoch(), BODY, null);
            }

            assertThat(openings).extracting(Opening::key).containsExactlyElementsOf(keys);
            assertThat(openings).extracting(Opening::epoch).doesNotHaveDuplicates();
            for (Opening opening : openings) {
                assertThat(payloads.find(opening.key()).orElseThrow().fingerprint())
                        .isEqualTo("fingerprint-" + opening.epoch());
            }
        }

        @Test
        void someCanBeLookedAtTogether() {
            assertThat(payloads.find(List.of())).isEmpty();
            record(open());
            SubjectKey tenant = new SubjectKey("other", KEY.machine(), KEY.id());
            open(payloads, tenant);

            Map<SubjectKey, PayloadRecord> found = payloads.find(List.of(KEY, tenant, key("none")));

            assertThat(found).containsOnlyKeys(KEY, tenant);
            assertThat(found.get(KEY)).isEqualTo(payloads.find(KEY).orElseThrow());
            assertThat(found.get(tenant)).isEqualTo(payloads.find(tenant).orElseThrow());
        }

        @Test
        void recordsOfTenantsAndMachinesAreKeptApart() {
            SubjectKey tenant = new SubjectKey("other", KEY.machine(), KEY.id());
            SubjectKey machine = new SubjectKey(KEY.tenant(), "other", KEY.id());
            record(open());

            assertThat(payloads.find(tenant)).isEmpty();
            assertThat(payloads.open(List.of(tenant, machine)))
                    .extracting(opening -> opening.known().state())
                    .containsExactly(State.NEVER, State.NEVER);
            assertThat(known().state()).isEqualTo(State.PRESENT);
        }

        @Test
        void noneIsAnsweredByNothing() {
            assertThat(payloads.open(List.of())).isEmpty();
            assertThat(payloads.intent(List.of())).isEmpty();
            assertThat(payloads.record(List.of())).isEmpty();
            assertThat(payloads.close(List.of())).isEmpty();
        }
    }

    @Nested
    class Acknowledged {

        @Test
        void aDocumentIsKept() {
            Opening opening = open();
            payloads.intent(List.of(new Intent(KEY, opening.epoch(), CREATE, LONG)));

            assertThat(record(opening, "fingerprint-a", BODY, "remote/1 ü")).isTrue();

            PayloadRecord expected =
                    new PayloadRecord(State.PRESENT, "fingerprint-a", BODY, "remote/1 ü", false, null, 0);
            assertThat(known()).isEqualTo(expected);
            assertThat(open().known()).isEqualTo(expected);
        }

        @Test
        void aLargeDocumentIsKept() {
            String large = "{\"text\":\"" + "äöü€😀".repeat(300_000) + "\"}";

            record(open(), "fingerprint-a", large, null);

            assertThat(known().body()).isEqualTo(large);
        }

        @Test
        void largeDocumentsMayComeTogether() {
            List<Opening> openings = payloads.open(
                    IntStream.range(0, 12).mapToObj(i -> key("" + i)).toList());
            String large = "{\"text\":\"" + "x".repeat(1_000_000) + "\"}";

            assertThat(payloads.record(openings.stream()
                            .map(opening -> acknowledgement(opening, "fingerprint-a", large, null))
                            .toList()))
                    .containsExactlyInAnyOrderElementsOf(epochs(openings));

            assertThat(payloads.find(key("11")).orElseThrow().body()).isEqualTo(large);
        }

        @Test
        void aDocumentTakesThePlaceOfThePreviousOne() {
            record(open(), "fingerprint-a", BODY, "remote-1");
            record(open(), "fingerprint-b", "{}", "remote-2");

            assertThat(known())
                    .isEqualTo(new PayloadRecord(State.PRESENT, "fingerprint-b", "{}", "remote-2", false, null, 0));
        }

        @Test
        void aDeleteLeavesATombstone() {
            record(open(), "fingerprint-a", BODY, "remote-1");
            Opening opening = open();
            intent(opening, DELETE, LONG);

            assertThat(payloads.record(
                            List.of(new Acknowledgement(KEY, opening.epoch(), State.ABSENT, null, null, null, 0))))
                    .containsExactly(opening.epoch());

            assertThat(known()).isEqualTo(new PayloadRecord(State.ABSENT, null, null, null, false, null, 0));
            assertThat(open().known()).isEqualTo(known(State.ABSENT));
        }

        @Test
        void aPublicationClosesTheRecord() {
            record(open());

            assertThat(open().known().inDoubt()).isFalse();
        }

        @Test
        void aPublicationClearsIntentAndWait() {
            Opening opening = open();
            intent(opening, CREATE, LONG);
            record(opening);

            Opening next = open();

            assertThat(next.known().intent()).isNull();
            assertThat(next.waitOut()).isZero();
        }

        @Test
        void aPublicationMayBeRecordedTwice() {
            Opening opening = open();
            record(opening);

            assertThat(record(opening)).isTrue();

            assertThat(open().known().inDoubt()).isFalse();
        }

        @Test
        void aPublicationOfAnEarlierOpeningIsRefused() {
            Opening stale = open();
            Opening current = open();

            assertThat(record(stale, "fingerprint-stale", BODY, null)).isFalse();

            assertThat(known().state()).isEqualTo(State.NEVER);
            assertThat(record(current)).isTrue();
            assertThat(known().fingerprint()).isEqualTo("fingerprint-a");
        }

        @Test
        void aPublicationOfAnEarlierOpeningIsRefusedAlsoAfterTheLaterOneIsClosed() {
            Opening stale = open();
            close(open());

            assertThat(record(stale)).isFalse();
        }

        @Test
        void aPublicationMakesNoRecord() throws Exception {
            Opening opening = open();
            forget(KEY);

            assertThat(record(opening)).isFalse();
            assertThat(payloads.find(KEY)).isEmpty();
        }

        @Test
        void staleOnesDoNotSpoilTheOthersOfTheirBatch() {
            List<Opening> openings = payloads.open(List.of(key("1"), key("2"), key("3")));
            open(payloads, key("2"));

            assertThat(payloads.record(openings.stream()
                            .map(opening -> acknowledgement(opening, "fingerprint-a", BODY, null))
                            .toList()))
                    .containsExactlyInAnyOrder(
                            openings.get(0).epoch(), openings.get(2).epoch());
        }
    }

    @Nested
    class InDoubt {

        @Test
        void isARecordWhoseRunNotedAnIntentAndDidNotCloseIt() {
            intent(open(), CREATE, LONG);

            assertThat(open().known().inDoubt()).isTrue();
            assertThat(open().known().inDoubt()).isTrue();
        }

        @Test
        void isARecordWhileAnIntentIsOpen() {
            intent(open(), CREATE, LONG);

            assertThat(known().inDoubt()).isTrue();
        }

        @Test
        void isNoRecordWhoseRunNotedNoIntent() {
            open();

            assertThat(known().inDoubt()).isFalse();
            assertThat(open().known().inDoubt()).isFalse();
        }

        @Test
        void isNoRecordThatWasClosedAfterAnIntentThatWasNotSent() {
            Opening opening = open();
            intent(opening, CREATE, LONG);
            close(opening);
            open();

            assertThat(open().known().inDoubt()).isFalse();
        }

        @Test
        void isARecordThatIsPutInDoubt() {
            record(open());
            payloads.doubt(List.of(KEY));

            assertThat(known().inDoubt()).isTrue();
            assertThat(open().known().inDoubt()).isTrue();
        }

        @Test
        void isARecordThatIsPutInDoubtAfterItWasDeleted() throws Exception {
            Opening gone = open();
            forget(KEY);
            payloads.doubt(List.of(KEY));

            Opening next = open();
            assertThat(next.known().inDoubt()).isTrue();
            assertThat(next.epoch()).isGreaterThan(gone.epoch());
        }

        @Test
        void isNotChangedByAnyRunThatHadTheRecordOpenBefore() {
            Opening opening = open();
            intent(opening, CREATE, LONG);
            payloads.doubt(List.of(KEY));

            assertThat(intent(opening, CREATE, LONG)).isFalse();
            assertThat(record(opening)).isFalse();
            assertThat(close(opening)).isFalse();
            assertThat(known().inDoubt()).isTrue();
        }

        @Test
        void leavesOtherRecordsAlone() {
            Opening other = open(payloads, key("2"));
            payloads.doubt(List.of(KEY, key("3")));
            payloads.doubt(List.of());

            assertThat(close(other)).isTrue();
            assertThat(payloads.find(key("2")).orElseThrow().inDoubt()).isFalse();
            assertThat(payloads.find(key("3")).orElseThrow().inDoubt()).isTrue();
        }

        @Test
        void isNoRecordThatWasClosedInOrder() {
            close(open());

            assertThat(known().inDoubt()).isFalse();
            assertThat(open().known().inDoubt()).isFalse();
        }

        @Test
        void isARecordWhoseRunLeavesDoubt() {
            closeInDoubt(open());

            assertThat(known().inDoubt()).isTrue();
            assertThat(open().known().inDoubt()).isTrue();
        }

        @Test
        void staysARecordThatWasFoundWithAnIntentAndClosed() {
            intent(open(), CREATE, LONG);
            close(open());
            close(open());

            assertThat(known().inDoubt()).isTrue();
            assertThat(open().known().inDoubt()).isTrue();
        }

        @Test
        void staysARecordThatRunsWithoutDoubtOpenAndClose() {
            closeInDoubt(open());
            close(open());
            payloads.close(List.of(new Closing(KEY, open().epoch(), false, true, Duration.ZERO, null)));

            assertThat(open().known().inDoubt()).isTrue();
        }

        @Test
        void endsWithAnAcknowledgedPublication() {
            closeInDoubt(open());
            record(open());

            assertThat(known().inDoubt()).isFalse();
            assertThat(open().known().inDoubt()).isFalse();
        }

        @Test
        void doesNotEndWithOneOfAnEarlierOpening() {
            Opening stale = open();
            closeInDoubt(open());
            record(stale);

            assertThat(known().inDoubt()).isTrue();
        }

        @Test
        void leavesWhatWasAcknowledgedBefore() {
            record(open(), "fingerprint-a", BODY, "remote-1");
            closeInDoubt(open());

            assertThat(known())
                    .isEqualTo(new PayloadRecord(State.PRESENT, "fingerprint-a", BODY, "remote-1", true, null, 0));
        }
    }

    @Nested
    class AnIntent {

        @Test
        void isToldToWhoOpensTheRecordNext() {
            intent(open(), CREATE, LONG);

            assertThat(open().known().intent()).isEqualTo(CREATE);
            assertThat(known().intent()).isEqualTo(CREATE);
        }

        @Test
        void mayHaveNoBody() {
            intent(open(), UPDATE, LONG);

            assertThat(open().known().intent()).isEqualTo(UPDATE);
        }

        @Test
        void takesThePlaceOfThePreviousOne() {
            intent(open(), CREATE, Duration.ZERO);
            intent(open(), DELETE, Duration.ZERO);

            assertThat(known().intent()).isEqualTo(DELETE);
        }

        @Test
        void leavesWhatWasAcknowledgedBefore() {
            record(open(), "fingerprint-a", BODY, "remote-1");
            intent(open(), UPDATE, LONG);

            assertThat(known())
                    .isEqualTo(new PayloadRecord(State.PRESENT, "fingerprint-a", BODY, "remote-1", true, UPDATE, 0));
        }

        @Test
        void ofAnEarlierOpeningIsRefused() {
            Opening stale = open();
            open();

            assertThat(intent(stale, CREATE, LONG)).isFalse();

            Opening next = open();
            assertThat(next.known().intent()).isNull();
            assertThat(next.waitOut()).isZero();
        }

        @Test
        void makesNoRecord() throws Exception {
            Opening opening = open();
            forget(KEY);

            assertThat(intent(opening, CREATE, LONG)).isFalse();
            assertThat(payloads.find(KEY)).isEmpty();
        }

        @Test
        void isKeptWhenTheRecordIsClosed() {
            Opening opening = open();
            intent(opening, CREATE, LONG);
            closeInDoubt(opening);

            assertThat(open().known().intent()).isEqualTo(CREATE);
        }

        @Test
        void isForgottenIfTheRunSaysSo() {
            Opening opening = open();
            intent(opening, CREATE, LONG);
            payloads.close(List.of(new Closing(KEY, opening.epoch(), false, true, Duration.ZERO, null)));

            assertThat(known().intent()).isNull();
            assertThat(open().known().intent()).isNull();
        }

        @Test
        void isRefusedAloneInABatch() {
            List<Opening> openings = payloads.open(List.of(key("1"), key("2"), key("3")));
            open(payloads, key("2"));

            assertThat(payloads.intent(openings.stream()
                            .map(opening -> new Intent(opening.key(), opening.epoch(), CREATE, LONG))
                            .toList()))
                    .containsExactlyInAnyOrder(
                            openings.get(0).epoch(), openings.get(2).epoch());
        }
    }

    @Nested
    class TheTimeToWaitOut {

        @Test
        void isWhatIsLeftOfTheDeadlineOfAnIntent() {
            intent(open(), CREATE, LONG);

            assertThat(open().waitOut()).isPositive().isLessThanOrEqualTo(LONG);
        }

        @Test
        void isOverAfterTheDeadline() throws Exception {
            intent(open(), CREATE, SHORT);
            pass(SHORT);

            assertThat(open().waitOut()).isZero();
        }

        @Test
        void isLeftToTheNextByARunThatDidNotWait() {
            intent(open(), CREATE, LONG);
            close(open());

            assertThat(open().waitOut()).isPositive();
        }

        @Test
        void isKeptByAClosingThatDoesNotKnow() {
            Opening opening = open();
            intent(opening, CREATE, LONG);
            payloads.close(List.of(new Closing(KEY, opening.epoch(), true, false, null, null)));

            assertThat(open().waitOut()).isPositive();
        }

        @Test
        void isClearedByAClosingThatKnowsOfNone() {
            Opening opening = open();
            intent(opening, CREATE, LONG);
            payloads.close(List.of(new Closing(KEY, opening.epoch(), true, false, Duration.ZERO, null)));

            assertThat(open().waitOut()).isZero();
        }

        @Test
        void isWhatAClosingSays() throws Exception {
            Opening opening = open();
            intent(opening, CREATE, LONG);
            payloads.close(List.of(new Closing(KEY, opening.epoch(), true, false, SHORT, null)));

            Opening next = open();
            assertThat(next.waitOut()).isLessThanOrEqualTo(SHORT);
            close(next);
            pass(SHORT);
            assertThat(open().waitOut()).isZero();
        }

        @Test
        void isOfEachRecordItsOwn() {
            List<Opening> openings = payloads.open(List.of(key("1"), key("2")));
            intent(openings.get(1), CREATE, LONG);

            assertThat(payloads.open(List.of(key("2"), key("1"))))
                    .extracting(opening -> opening.waitOut().isZero())
                    .containsExactly(false, true);
        }
    }

    @Nested
    class Closed {

        @Test
        void isARecordOnlyByItsLatestOpening() {
            Opening stale = open();
            Opening current = open();

            assertThat(close(stale)).isFalse();
            assertThat(close(current)).isTrue();
        }

        @Test
        void byAnEarlierOpeningARecordIsNotChanged() {
            Opening stale = open();
            Opening current = open();
            intent(current, CREATE, LONG);

            payloads.close(List.of(new Closing(KEY, stale.epoch(), true, true, Duration.ZERO, null)));

            Opening next = open();
            assertThat(next.known().inDoubt()).isTrue();
            assertThat(next.known().intent()).isEqualTo(CREATE);
            assertThat(next.waitOut()).isPositive();
        }

        @Test
        void aRecordIsNotMade() throws Exception {
            Opening opening = open();
            forget(KEY);

            assertThat(close(opening)).isFalse();
            assertThat(payloads.find(KEY)).isEmpty();
        }

        @Test
        void manyAreAtOnce() {
            List<SubjectKey> keys =
                    IntStream.range(0, 500).mapToObj(i -> key("" + i)).toList();
            List<Opening> openings = payloads.open(keys);
            assertThat(payloads.intent(openings.stream()
                            .map(opening -> new Intent(opening.key(), opening.epoch(), CREATE, LONG))
                            .toList()))
                    .hasSize(500);

            assertThat(payloads.close(openings.subList(0, 250).stream()
                            .map(opening ->
                                    new Closing(opening.key(), opening.epoch(), false, true, Duration.ZERO, null))
                            .toList()))
                    .containsExactlyInAnyOrderElementsOf(epochs(openings.subList(0, 250)));
            assertThat(payloads.record(openings.subList(250, 500).stream()
                            .map(opening -> acknowledgement(opening, "fingerprint-a", BODY, null))
                            .toList()))
                    .containsExactlyInAnyOrderElementsOf(epochs(openings.subList(250, 500)));

            assertThat(payloads.find(key("0")).orElseThrow().state()).isEqualTo(State.NEVER);
            assertThat(payloads.find(key("499")).orElseThrow().state()).isEqualTo(State.PRESENT);
        }
    }

    @Nested
    class Found {

        @Test
        void isNothingWhereNothingWasOpened() {
            assertThat(payloads.find(KEY)).isEmpty();
        }

        @Test
        void isWhatAnotherNodeRecorded() throws Exception {
            record(open(anotherNode(), KEY));

            assertThat(known().state()).isEqualTo(State.PRESENT);
        }
    }

    @Nested
    class ABuilderVersion {

        @Test
        void isThatOfTheAcknowledgedDocument() {
            record(open(), KEY, 3);

            assertThat(known().builderVersion()).isEqualTo(3);
            assertThat(open().known().builderVersion()).isEqualTo(3);
        }

        @Test
        void isThatOfTheBuilderThatFoundItUnchanged() {
            record(open(), KEY, 3);
            payloads.close(List.of(new Closing(KEY, open().epoch(), false, false, null, 4)));

            assertThat(known().builderVersion()).isEqualTo(4);
        }

        @Test
        void staysWhereNothingWasFoundUnchanged() {
            record(open(), KEY, 3);
            close(open());

            assertThat(known().builderVersion()).isEqualTo(3);
        }

        @Test
        void tellsWhatIsOutdated() {
            record(open(payloads, key("b")), key("b"), 1);
            record(open(payloads, key("a")), key("a"), 1);
            record(open(payloads, key("c")), key("c"), 2);
            open(payloads, key("d"));
            SubjectKey other = new SubjectKey(Change.DEFAULT_TENANT, "invoices", "a");
            record(open(payloads, other), other, 1);
            SubjectKey red = new SubjectKey("red", "orders", "a");
            record(open(payloads, red), red, 1);
            Opening gone = open(payloads, key("e"));
            payloads.record(List.of(new Acknowledgement(key("e"), gone.epoch(), State.ABSENT, null, null, null, 1)));

            List<SubjectKey> outdated = payloads.outdated("orders", 2, null, 10);
            assertThat(outdated).containsExactlyInAnyOrder(key("a"), key("b"), red);
            assertThat(payloads.outdated("orders", 2, null, 2)).isEqualTo(outdated.subList(0, 2));
            assertThat(payloads.outdated("orders", 2, outdated.get(0), 10)).isEqualTo(outdated.subList(1, 3));
            assertThat(payloads.outdated("orders", 2, outdated.get(2), 10)).isEmpty();
            assertThat(payloads.outdated("orders", 1, null, 10)).isEmpty();
        }

        private void record(Opening opening, SubjectKey key, int version) {
            payloads.record(List.of(
                    new Acknowledgement(key, opening.epoch(), State.PRESENT, "fingerprint-a", BODY, null, version)));
        }
    }

    @Nested
    class SentAnyway {

        private static final String MARKED = PayloadStore.SEND_ANYWAY + "fingerprint-a";

        @Test
        void countsAsAnotherDocument() throws Exception {
            record(open());
            PayloadRecord before = known();

            payloads.sendAnyway(List.of(KEY), true);

            assertThat(anotherNode().find(KEY).orElseThrow())
                    .isEqualTo(new PayloadRecord(
                            before.state(),
                            MARKED,
                            before.body(),
                            before.remoteId(),
                            before.inDoubt(),
                            before.intent(),
                            before.builderVersion()));
        }

        @Test
        void isMarkedOnceAndUnmarkedAgain() {
            record(open());

            payloads.sendAnyway(List.of(KEY), true);
            payloads.sendAnyway(List.of(KEY), true);
            assertThat(known().fingerprint()).isEqualTo(MARKED);

            payloads.sendAnyway(List.of(KEY), false);
            payloads.sendAnyway(List.of(KEY), false);
            assertThat(known().fingerprint()).isEqualTo("fingerprint-a");
        }

        @Test
        void isNoMoreWhenItWasAcknowledged() {
            record(open());
            payloads.sendAnyway(List.of(KEY), true);

            assertThat(record(open())).isTrue();

            assertThat(known().fingerprint()).isEqualTo("fingerprint-a");
        }

        @Test
        void staysWhereNothingWasAcknowledged() {
            record(open());
            Opening opening = open();
            payloads.sendAnyway(List.of(KEY), true);
            close(opening);

            assertThat(open().known().fingerprint()).isEqualTo(MARKED);
        }

        @Test
        void concernsOnlyWhatIsAtTheApi() {
            open(payloads, key("never"));
            Opening gone = open(payloads, key("gone"));
            payloads.record(List.of(new Acknowledgement(key("gone"), gone.epoch(), State.ABSENT, null, null, null, 0)));
            record(open());
            PayloadRecord never = payloads.find(key("never")).orElseThrow();
            PayloadRecord absent = payloads.find(key("gone")).orElseThrow();

            payloads.sendAnyway(List.of(key("never"), key("gone"), key("unknown"), KEY), true);

            assertThat(payloads.find(key("never"))).hasValue(never);
            assertThat(payloads.find(key("gone"))).hasValue(absent);
            assertThat(payloads.find(key("unknown"))).isEmpty();
            assertThat(known().fingerprint()).isEqualTo(MARKED);
        }

        @Test
        void marksManyAtOnceAndNoneOfNone() {
            List<SubjectKey> keys =
                    IntStream.range(0, 300).mapToObj(i -> key("" + i)).toList();
            payloads.record(payloads.open(keys).stream()
                    .map(opening -> new Acknowledgement(
                            opening.key(), opening.epoch(), State.PRESENT, "fingerprint-a", BODY, null, 0))
                    .toList());

            payloads.sendAnyway(keys, true);
            payloads.sendAnyway(List.of(), true);

            assertThat(payloads.find(keys).values())
                    .hasSize(300)
                    .allSatisfy(known -> assertThat(known.fingerprint()).isEqualTo(MARKED));
        }
    }

    @Nested
    class Erased {

        @Test
        void aRecordKeepsAllButItsBody() {
            record(open(), "fingerprint-a", BODY, "remote-1");

            assertThat(payloads.erase(KEY)).isTrue();

            assertThat(known())
                    .isEqualTo(new PayloadRecord(State.PRESENT, "fingerprint-a", null, "remote-1", false, null, 0));
        }

        @Test
        void anIntentWhoseAnswerIsNotKnownStays() {
            intent(open(), CREATE, LONG);

            payloads.erase(KEY);

            assertThat(known().intent()).isEqualTo(CREATE);
            Opening next = open();
            assertThat(next.known().inDoubt()).isTrue();
            assertThat(next.waitOut()).isPositive();
        }

        @Test
        void anIntentThatIsNotInDoubtGoes() {
            Opening opening = open();
            intent(opening, CREATE, LONG);
            close(opening);

            payloads.erase(KEY);

            assertThat(known().intent()).isNull();
        }

        @Test
        void nothingIsMade() {
            assertThat(payloads.erase(KEY)).isFalse();
            assertThat(payloads.find(KEY)).isEmpty();
        }
    }

    @Nested
    class Tombstones {

        @Test
        void areDeletedWhenTheyAreOld() throws Exception {
            delete(open());
            deleteOld();
            assertThat(payloads.find(KEY)).isPresent();

            pass(SHORT.plusMillis(50));
            deleteOld();

            assertThat(payloads.find(KEY)).isEmpty();
        }

        @Test
        void areRecordsOfWhatNeverWasThere() throws Exception {
            close(open());
            open(payloads, key("2"));
            pass(SHORT.plusMillis(50));
            deleteOld();

            assertThat(payloads.find(KEY)).isEmpty();
            assertThat(payloads.find(key("2"))).isEmpty();
        }

        @Test
        void areNotWhatIsPresentOrInDoubt() throws Exception {
            record(open(payloads, key("1")), key("1"));
            intent(open(payloads, key("2")), CREATE, LONG);
            closeInDoubt(open(payloads, key("3")), key("3"));
            pass(SHORT.plusMillis(50));
            deleteOld();

            assertThat(payloads.find(key("1"))).isPresent();
            assertThat(payloads.find(key("2"))).isPresent();
            assertThat(payloads.find(key("3"))).isPresent();
        }

        @Test
        void areAsOldAsTheirLastUse() throws Exception {
            delete(open());
            pass(SHORT.plusMillis(50));
            close(open());
            deleteOld();

            assertThat(payloads.find(KEY)).isPresent();
        }

        @Test
        void areLookedForInPortions() throws Exception {
            for (int i = 0; i < 5; i++) {
                close(open(payloads, key("" + i)));
            }
            SubjectKey red = new SubjectKey("red", "orders", "0");
            close(open(payloads, red));
            List<SubjectKey> all = List.of(key("0"), key("1"), key("2"), key("3"), key("4"), red);
            record(open(payloads, key("1")), key("1"));
            pass(SHORT.plusMillis(50));

            SubjectKey third = payloads.deleteTombstones(SHORT, null, 3);
            assertThat(third).isIn(all);
            List<SubjectKey> left =
                    all.stream().filter(key -> payloads.find(key).isPresent()).toList();
            assertThat(left).hasSizeBetween(3, 4).contains(key("1"));
            SubjectKey fifth = payloads.deleteTombstones(SHORT, third, 2);
            assertThat(fifth).isIn(all).isNotEqualTo(third);
            assertThat(payloads.deleteTombstones(SHORT, fifth, 2)).isNull();
            assertThat(all).filteredOn(key -> payloads.find(key).isPresent()).containsExactly(key("1"));
            assertThat(payloads.deleteTombstones(SHORT, null, 10)).isNull();
        }

        private void deleteOld() {
            assertThat(payloads.deleteTombstones(SHORT, null, 100)).isNull();
        }

        private void delete(Opening opening) {
            payloads.record(
                    List.of(new Acknowledgement(opening.key(), opening.epoch(), State.ABSENT, null, null, null, 0)));
        }

        private void record(Opening opening, SubjectKey key) {
            payloads.record(List.of(new Acknowledgement(key, opening.epoch(), State.PRESENT, "f", BODY, null, 0)));
        }

        private void closeInDoubt(Opening opening, SubjectKey key) {
            payloads.close(List.of(new Closing(key, opening.epoch(), true, false, null, null)));
        }
    }

    @Nested
    class AtTheSameTime {

        @Test
        void onlyTheLatestOpeningMayRecord() throws Exception {
            for (int round = 0; round < 10; round++) {
                SubjectKey key = key("round-" + round);
                PayloadStore other = anotherNode();
                AtomicInteger number = new AtomicInteger();

                List<Opening> openings =
                        Together.run(4, () -> open(number.getAndIncrement() % 2 == 0 ? payloads : other, key));
                List<Boolean> recorded = Together.run(openings.stream()
                        .map(opening ->
                                (Callable<Boolean>) () -> record(opening, "fingerprint-" + opening.epoch(), BODY, null))
                        .toList());

                assertThat(epochs(openings)).doesNotHaveDuplicates();
                assertThat(recorded).containsOnlyOnce(true);
                Opening latest = Collections.max(openings, Comparator.comparingLong(Opening::epoch));
                assertThat(payloads.find(key).orElseThrow().fingerprint()).isEqualTo("fingerprint-" + latest.epoch());
            }
        }

        @Test
        void whoOpensAndRecordsAlwaysEndsWithOneTruth() throws Exception {
            List<List<String>> accepted = Together.run(4, () -> {
                List<String> own = new ArrayList<>();
                for (int i = 0; i < 50; i++) {
                    Opening opening = open();
                    intent(opening, CREATE, LONG);
                    if (record(opening, "fingerprint-" + opening.epoch(), BODY, null)) {
                        own.add("fingerprint-" + opening.epoch());
                    }
                }
                return own;
            });

            assertThat(accepted.stream().flatMap(Collection::stream)).contains(known().fingerprint());
        }

        @Test
        void batchesInDifferentOrderDoNotHinderEachOther() throws Exception {
            List<SubjectKey> up =
                    IntStream.range(0, 50).mapToObj(i -> key("" + i)).toList();
            List<SubjectKey> down = new ArrayList<>(up);
            Collections.reverse(down);
            AtomicInteger number = new AtomicInteger();

            List<List<Long>> epochs = Together.run(4, () -> {
                List<SubjectKey> keys = number.getAndIncrement() % 2 == 0 ? up : down;
                List<Long> own = new ArrayList<>();
                for (int i = 0; i < 10; i++) {
                    own.addAll(epochs(payloads.open(keys)));
                }
                return own;
            });

            assertThat(epochs.stream().flatMap(Collection::stream))
                    .doesNotHaveDuplicates()
                    .hasSize(2_000);
        }
    }

    private static SubjectKey key(String id) {
        return new SubjectKey(Change.DEFAULT_TENANT, "orders", id);
    }

    private static List<Long> epochs(List<Opening> openings) {
        return openings.stream().map(Opening::epoch).toList();
    }

    private static PayloadRecord known(State state) {
        return new PayloadRecord(state, null, null, null, false, null, 0);
    }

    private PayloadRecord known() {
        return payloads.find(KEY).orElseThrow();
    }

    private Opening open() {
        return open(payloads, KEY);
    }

    private static Opening open(PayloadStore store, SubjectKey key) {
        List<Opening> openings = store.open(List.of(key));
        assertThat(openings).hasSize(1);
        return openings.get(0);
    }

    private boolean intent(Opening opening, PendingIntent intent, Duration deadline) {
        return !payloads.intent(List.of(new Intent(opening.key(), opening.epoch(), intent, deadline)))
                .isEmpty();
    }

    private boolean close(Opening opening) {
        return !payloads.close(List.of(new Closing(opening.key(), opening.epoch(), false, false, null, null)))
                .isEmpty();
    }

    private void closeInDoubt(Opening opening) {
        payloads.close(List.of(new Closing(opening.key(), opening.epoch(), true, false, null, null)));
    }

    private boolean record(Opening opening) {
        return record(opening, "fingerprint-a", BODY, null);
    }

    private boolean record(Opening opening, String fingerprint, String body, @Nullable String remoteId) {
        return !payloads.record(List.of(acknowledgement(opening, fingerprint, body, remoteId)))
                .isEmpty();
    }

    private static Acknowledgement acknowledgement(
            Opening opening, String fingerprint, String body, @Nullable String remoteId) {
        return new Acknowledgement(opening.key(), opening.epoch(), State.PRESENT, fingerprint, body, remoteId, 0);
    }
}
