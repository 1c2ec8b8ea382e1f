package io.syncmachine.internal;

import io.syncmachine.JournalPolicy;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Deletes what is old: journal entries and tombstones. One node does it at a time. */
final class Housekeeping implements EngineThreads.Step {

    private static final Duration REST = Duration.ofMinutes(1);
    private static final int AT_ONCE = 5_000;
    private static final int PAGES = 10;
    private static final String KEY = "housekeeping";

    private final Store store;
    private final Settings settings;
    private @Nullable SubjectKey last;

    Housekeeping(Store store, Settings settings) {
        this.store = store;
        this.settings = settings;
    }

    @Override
    public Duration run() {
        if (!store.leases()
                .tryAcquire(Set.of(KEY), settings.name(), REST.multipliedBy(2))
                .contains(KEY)) {
            return REST;
        }
        JournalPolicy policy = settings.journal();
        boolean more = store.journal().prune(policy.keptFor(), policy.most(), AT_ONCE) == AT_ONCE;
        for (int i = 0; i < PAGES; i++) {
            last = store.payloads().deleteTombstones(settings.tombstonesKeptFor(), last, AT_ONCE);
            if (last == null) {
                break;
            }
        }
        return more ? Duration.ZERO : REST;
    }
}
