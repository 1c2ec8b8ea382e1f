package io.syncmachine.torture;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.torture.Ledger.Effect;
import io.syncmachine.torture.Shop.Document;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The accounts of the torture can be bad. */
class LedgerTest {

    private static final long GRACE = 250;
    private static final Document FIRST = new Document(1, "Ann", "new", 1);
    private static final Document SECOND = new Document(1, "Ann", "paid", 1);

    private final Map<Long, Document> told = new HashMap<>();
    private final Ledger ledger = new Ledger(GRACE, told::put);

    private Ledger.Call begin(long id, long version) {
        return ledger.begin(id, version, System.currentTimeMillis() + 60_000, 7);
    }

    private Ledger.Call beginLate(long id, long version) {
        return ledger.begin(id, version, System.currentTimeMillis() - GRACE - 1_000, 7);
    }

    private Effect apply(long version, Document document) {
        try (Ledger.Call call = begin(1, version)) {
            return call.apply(document);
        }
    }

    @Test
    void callsOfASubjectThatMeetOverlap() {
        try (Ledger.Call first = begin(1, 1);
                Ledger.Call other = begin(2, 2)) {
            assertThat(ledger.counts().overlapping()).isZero();
            try (Ledger.Call second = begin(1, 3)) {
                assertThat(ledger.counts().overlapping()).isEqualTo(1);
                assertThat(ledger.findings()).singleElement().asString().contains("subject 1", "version 3");
            }
            assertThat(first.id()).isNotEqualTo(other.id());
        }
        begin(1, 4).close();
        assertThat(ledger.counts().overlapping()).isEqualTo(1);
        assertThat(ledger.counts().calls()).isEqualTo(4);
    }

    @Test
    void aCallThatIsBeyondItsDeadlineAndGraceMeetsNobody() {
        try (Ledger.Call late = beginLate(1, 1);
                Ledger.Call intime = begin(1, 2)) {
            assertThat(late.millisLeft()).isZero();
            assertThat(intime.millisLeft()).isPositive();
        }
        assertThat(ledger.counts().overlapping()).isZero();
        assertThat(ledger.counts().late()).isEqualTo(1);
    }

    @Test
    void theSameDocumentAgainIsRedundant() {
        apply(1, FIRST);
        apply(2, SECOND);
        apply(3, FIRST);
        assertThat(ledger.counts().redundant()).isZero();
        apply(4, FIRST);
        assertThat(ledger.counts().redundant()).isEqualTo(1);
    }

    @Test
    void aSecondDeleteIsRedundant() {
        assertThat(apply(1, null)).isEqualTo(Effect.NOTHING_TO_DELETE);
        apply(2, FIRST);
        assertThat(apply(3, null)).isEqualTo(Effect.DELETED);
        assertThat(ledger.counts().redundant()).isZero();
        assertThat(apply(4, null)).isEqualTo(Effect.NOTHING_TO_DELETE);
        assertThat(ledger.counts().redundant()).isEqualTo(1);
        assertThat(ledger.documents()).isEmpty();
    }

    @Test
    void anOlderVersionIsRefused() {
        apply(2, SECOND);
        assertThat(apply(1, FIRST)).isEqualTo(Effect.OUTDATED);
        assertThat(ledger.documents()).containsOnly(Map.entry(1L, SECOND));
        assertThat(told).containsOnly(Map.entry(1L, SECOND));
        assertThat(ledger.counts().disordered()).isEqualTo(1);
        try (Ledger.Call late = beginLate(1, 1)) {
            assertThat(late.apply(FIRST)).isEqualTo(Effect.OUTDATED);
        }
        assertThat(ledger.counts().disordered()).isEqualTo(1);
        assertThat(ledger.counts().lateRefused()).isEqualTo(1);
    }
}
