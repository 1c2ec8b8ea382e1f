package io.syncmachine.internal;

import io.syncmachine.JournalPolicy;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.Set;

/** Deletes what is old: journal entries and tombstones. One node does it at a time. */
final class Housekeeping implements EngineThreads.Step {

    private static final Duration REST = Duration.ofMinutes(1);
    private static final int AT_ONCE = 5_000;
    private static final String KEY = "housekeeping";

    private final Store store;
    private final Settings settings;

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
        more |= store.payloads().deleteTombstones(settings.tombstonesKeptFor(), AT_ONCE) == AT_ONCE;
        return more ? Duration.ZERO : REST;
    }
}
