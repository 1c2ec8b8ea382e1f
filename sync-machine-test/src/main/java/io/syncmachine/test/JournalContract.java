package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.ChangeKind;
import io.syncmachine.PublicationKind;
import io.syncmachine.event.Cause;
import io.syncmachine.event.JournalEntry;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link Journal} promises. */
public abstract class JournalContract {

    private static final Duration SHORT = Duration.ofMillis(200);
    private static final Duration LONG = Duration.ofDays(1);
    private static final SubjectKey SUBJECT = new SubjectKey(Change.DEFAULT_TENANT, "orders", "1");

    private Journal journal;

    /** A journal without entries. Called once, before each test. */
    protected abstract Journal createJournal() throws Exception;

    /** Lets at least this much time pass for the journal. */
    protected abstract void pass(Duration duration) throws Exception;

    @BeforeEach
    final void begin() throws Exception {
        journal = createJournal();
    }

    @Test
    void keepsAllThatAnOutcomeTells() {
        Outcome outcome = new Outcome(
                "red",
                "orders",
                "ä'%_ €",
                Result.RETRYING,
                PublicationKind.UPDATE,
                7,
                "the API said \"no\"\nü",
                "fingerprint-a",
                Duration.ofMillis(1234),
                List.of(
                        new Cause(ChangeKind.UPDATE, "Customer", "7", Set.of("name", "straße"), "00-trace-01"),
                        new Cause(ChangeKind.TOLD, "@order-shipped", "x,y=z", Set.of(), null)));

        journal.append("node-1", List.of(outcome));

        List<JournalEntry> entries = journal.read(new SubjectKey("red", "orders", "ä'%_ €"), 10);
        assertThat(entries).hasSize(1);
        assertThat(entries.get(0).node()).isEqualTo("node-1");
        assertThat(entries.get(0).outcome()).isEqualTo(outcome);
    }

    @Test
    void keepsAnOutcomeThatTellsLittle() {
        Outcome outcome = outcome("1", 1);

        journal.append("node", List.of(outcome));

        assertThat(journal.read(SUBJECT, 10)).extracting(JournalEntry::outcome).containsExactly(outcome);
    }

    @Test
    void tellsWhen() throws Exception {
        journal.append("node", List.of(outcome("1", 1)));
        pass(SHORT);
        journal.append("node", List.of(outcome("1", 2)));

        List<JournalEntry> entries = journal.read(SUBJECT, 10);
        assertThat(Duration.between(entries.get(1).at(), entries.get(0).at())).isGreaterThanOrEqualTo(SHORT);
    }

    @Test
    void keepsAnyReason() {
        String reason = "a\u0000b".repeat(10_000);

        journal.append(
                "node",
                List.of(new Outcome(
                        Change.DEFAULT_TENANT,
                        "orders",
                        "1",
                        Result.RETRYING,
                        null,
                        1,
                        reason,
                        null,
                        null,
                        List.of())));

        assertThat(journal.read(SUBJECT, 1).get(0).outcome().reason()).startsWith("a");
    }

    @Test
    void tellsTheLatestFirst() {
        journal.append("node", List.of(outcome("1", 1), outcome("2", 1), outcome("1", 2)));
        journal.append("node", List.of(outcome("1", 3)));

        assertThat(journal.read(SUBJECT, 10))
                .extracting(entry -> entry.outcome().attempt())
                .containsExactly(3, 2, 1);
        assertThat(journal.read(SUBJECT, 2))
                .extracting(entry -> entry.outcome().attempt())
                .containsExactly(3, 2);
    }

    @Test
    void tellsSubjectsApart() {
        journal.append("node", List.of(outcome("1", 1)));

        assertThat(journal.read(new SubjectKey("red", "orders", "1"), 10)).isEmpty();
        assertThat(journal.read(new SubjectKey(Change.DEFAULT_TENANT, "invoices", "1"), 10))
                .isEmpty();
        assertThat(journal.read(new SubjectKey(Change.DEFAULT_TENANT, "orders", "2"), 10))
                .isEmpty();
    }

    @Test
    void takesManyAtOnceOrNone() {
        journal.append("node", List.of());
        journal.append(
                "node", IntStream.range(0, 1_000).mapToObj(i -> outcome("1", i)).toList());

        assertThat(journal.read(SUBJECT, 2_000))
                .extracting(entry -> entry.outcome().attempt())
                .containsExactlyElementsOf(
                        IntStream.range(0, 1_000).mapToObj(i -> 999 - i).toList());
    }

    @Test
    void deletesWhatIsOld() throws Exception {
        journal.append("node", List.of(outcome("1", 1)));
        pass(SHORT.plusMillis(50));
        journal.append("node", List.of(outcome("1", 2)));

        assertThat(journal.prune(SHORT, 1_000, 10)).isEqualTo(1);

        assertThat(journal.read(SUBJECT, 10))
                .extracting(entry -> entry.outcome().attempt())
                .containsExactly(2);
        assertThat(journal.prune(SHORT, 1_000, 10)).isZero();
    }

    @Test
    void deletesWhatIsTooMuchOldestFirst() {
        for (int i = 1; i <= 10; i++) {
            journal.append("node", List.of(outcome("1", i)));
        }

        assertThat(journal.prune(LONG, 4, 100)).isEqualTo(6);

        assertThat(journal.read(SUBJECT, 10))
                .extracting(entry -> entry.outcome().attempt())
                .containsExactly(10, 9, 8, 7);
    }

    @Test
    void deletesInPortions() throws Exception {
        journal.append(
                "node", IntStream.range(0, 5).mapToObj(i -> outcome("1", i)).toList());
        pass(SHORT.plusMillis(50));

        assertThat(journal.prune(SHORT, 1_000, 3)).isEqualTo(3);
        assertThat(journal.prune(SHORT, 1_000, 3)).isEqualTo(2);
        assertThat(journal.read(SUBJECT, 10)).isEmpty();
    }

    @Test
    void erasesOneSubject() {
        journal.append("node", List.of(outcome("1", 1), outcome("2", 1), outcome("1", 2)));

        journal.erase(SUBJECT);

        assertThat(journal.read(SUBJECT, 10)).isEmpty();
        assertThat(journal.read(new SubjectKey(Change.DEFAULT_TENANT, "orders", "2"), 10))
                .hasSize(1);
    }

    private static Outcome outcome(String id, int attempt) {
        return new Outcome(
                Change.DEFAULT_TENANT, "orders", id, Result.UNCHANGED, null, attempt, null, null, null, List.of());
    }
}
