package io.syncmachine.test;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.spi.ResyncStore;
import io.syncmachine.spi.ResyncStore.Entry;
import io.syncmachine.spi.ResyncStore.Status;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link ResyncStore} promises. */
public abstract class ResyncStoreContract {

    private static final Instant NOW = Instant.parse("2020-02-29T12:00:00.123Z");
    private static final String POSITION = "{\"after\":\"Zoë \\\"Z\\\" 'x' \\\\ €\"}";

    private ResyncStore resyncs;

    /** A store without resyncs. Called once, before each test. */
    protected abstract ResyncStore createResyncs() throws Exception;

    /** The same resyncs as another node sees them; the default is the same object. */
    protected ResyncStore anotherNode() throws Exception {
        return resyncs;
    }

    @BeforeEach
    final void begin() throws Exception {
        resyncs = createResyncs();
    }

    private static Entry entry(String id, Instant requestedAt) {
        return new Entry(id, "orders", Status.RUNNING, true, 0, 1_000_000, POSITION, requestedAt, null, 0);
    }

    private static Entry changed(Entry entry, Status status, long done, @Nullable Instant endedAt) {
        return new Entry(
                entry.id(),
                "another",
                status,
                false,
                done,
                entry.total() + 1,
                "{}",
                Instant.EPOCH,
                endedAt,
                entry.revision());
    }

    @Test
    void knowsNoneAtFirst() {
        assertThat(resyncs.all()).isEmpty();
        assertThat(resyncs.page("a", 0)).isNull();
    }

    @Test
    void keepsWhatWasAdded() throws Exception {
        resyncs.add(entry("a", NOW));

        assertThat(anotherNode().all()).containsExactly(entry("a", NOW));
    }

    @Test
    void tellsThemInTheOrderOfTheirRequests() {
        resyncs.add(entry("b", NOW));
        resyncs.add(entry("c", NOW.minusMillis(1)));
        resyncs.add(entry("a", NOW));

        assertThat(resyncs.all()).extracting(Entry::id).containsExactly("c", "a", "b");
    }

    @Test
    void updatesWhatMayChangeAndCountsTheRevisionUp() throws Exception {
        resyncs.add(entry("a", NOW));
        resyncs.add(entry("b", NOW));

        assertThat(resyncs.update(changed(entry("a", NOW), Status.DONE, 7, NOW.plusMillis(5))))
                .isTrue();

        assertThat(anotherNode().all())
                .containsExactly(
                        new Entry("a", "orders", Status.DONE, true, 7, 1_000_001, "{}", NOW, NOW.plusMillis(5), 1),
                        entry("b", NOW));
    }

    @Test
    void updatesNothingOfAnotherRevision() {
        resyncs.add(entry("a", NOW));
        Entry seen = resyncs.all().get(0);
        resyncs.update(changed(seen, Status.PAUSED, 1, null));

        assertThat(resyncs.update(changed(seen, Status.RUNNING, 2, null))).isFalse();
        assertThat(resyncs.update(entry("none", NOW))).isFalse();

        assertThat(resyncs.all()).extracting(Entry::status).containsExactly(Status.PAUSED);
        assertThat(resyncs.all()).extracting(Entry::done).containsExactly(1L);
    }

    @Test
    void oneOfSeveralUpdatesOfARevisionCounts() throws Exception {
        resyncs.add(entry("a", NOW));
        AtomicInteger counted = new AtomicInteger();

        Together.run(4, () -> {
            for (int i = 0; i < 25; i++) {
                Entry seen = resyncs.all().get(0);
                if (resyncs.update(changed(seen, Status.RUNNING, seen.done() + 1, null))) {
                    counted.incrementAndGet();
                }
            }
            return true;
        });

        assertThat(resyncs.all()).extracting(Entry::done).containsExactly((long) counted.get());
        assertThat(resyncs.all()).extracting(Entry::revision).containsExactly((long) counted.get());
    }

    @Test
    void keepsPages() throws Exception {
        resyncs.add(entry("a", NOW));
        resyncs.add(entry("b", NOW));
        String large = "\"ä\",".repeat(20_000);
        resyncs.addPage("a", 0, "[\"1\"]");
        resyncs.addPage("a", 1, large);
        resyncs.addPage("b", 0, "[\"2\"]");

        assertThat(anotherNode().page("a", 0)).isEqualTo("[\"1\"]");
        assertThat(anotherNode().page("a", 1)).isEqualTo(large);
        assertThat(anotherNode().page("a", 2)).isNull();
        assertThat(anotherNode().page("b", 0)).isEqualTo("[\"2\"]");
    }

    @Test
    void deletesPagesOfOne() {
        resyncs.add(entry("a", NOW));
        resyncs.addPage("a", 0, "[\"1\"]");
        resyncs.addPage("b", 0, "[\"2\"]");

        resyncs.deletePages("a");

        assertThat(resyncs.page("a", 0)).isNull();
        assertThat(resyncs.page("b", 0)).isNotNull();
        assertThat(resyncs.all()).hasSize(1);
    }

    @Test
    void deletesOneWithItsPages() {
        resyncs.add(entry("a", NOW));
        resyncs.add(entry("b", NOW));
        resyncs.addPage("a", 0, "[\"1\"]");

        resyncs.delete("a");
        resyncs.delete("none");

        assertThat(resyncs.all()).isEqualTo(List.of(entry("b", NOW)));
        assertThat(resyncs.page("a", 0)).isNull();
    }
}
