package io.syncmachine.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class InMemoryStoreTest {

    private final InMemoryStore store = InMemoryStore.create();
    private final AtomicInteger wakes = new AtomicInteger();

    @Test
    void wakesAfterChangesAndJobs() {
        store.open(wakes::incrementAndGet, true);

        append();
        assertThat(wakes).hasValue(1);
        enqueue();
        assertThat(wakes).hasValue(2);
    }

    @Test
    void wakesAllEnginesThatShareItsContent() {
        AtomicInteger others = new AtomicInteger();
        store.open(wakes::incrementAndGet, false);
        InMemoryStore other = store.another();
        other.open(others::incrementAndGet, true);

        append();

        assertThat(wakes).hasValue(1);
        assertThat(others).hasValue(1);
        assertThat(other.outbox().depth()).isEqualTo(1);
    }

    @Test
    void wakesNobodyAfterItIsClosed() {
        store.open(wakes::incrementAndGet, true);
        store.close();
        store.close();

        append();

        assertThat(wakes).hasValue(0);
    }

    @Test
    void isForOneEngineAtATime() {
        store.open(wakes::incrementAndGet, true);

        assertThatThrownBy(() -> store.open(wakes::incrementAndGet, true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("another()");

        store.close();
        store.open(wakes::incrementAndGet, true);
        append();
        assertThat(wakes).hasValue(1);
    }

    private void append() {
        store.outbox()
                .append(List.of(new Change(
                        Change.DEFAULT_TENANT, "Order", "1", ChangeKind.CREATE, ChangedProperties.all(), Set.of("m"))));
    }

    private void enqueue() {
        store.jobs()
                .enqueue(List.of(new JobRequest(
                        JobKey.ensurePublication(Change.DEFAULT_TENANT, "m", "1"), ChangedProperties.all())));
    }
}
