package io.syncmachine.internal;

import io.syncmachine.JournalPolicy;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Deletes what is old: journal entries, tombstones and dead letters. One node does it at a time. */
final class Housekeeping implements EngineThreads.Step {

    private static final Logger log = LoggerFactory.getLogger(Housekeeping.class);
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
        boolean more = purgeDeadLetters();
        JournalPolicy policy = settings.journal();
        more |= store.journal().prune(policy.keptFor(), policy.most(), AT_ONCE) == AT_ONCE;
        for (int i = 0; i < PAGES; i++) {
            last = store.payloads().deleteTombstones(settings.tombstonesKeptFor(), last, AT_ONCE);
            if (last == null) {
                break;
            }
        }
        return more ? Duration.ZERO : REST;
    }

    /** Whether there are more. Each of them was a change that nobody has published: that is worth a warning. */
    private boolean purgeDeadLetters() {
        int purged = store.jobs().deadLetters().purge(settings.deadLettersKeptFor(), AT_ONCE);
        if (purged > 0) {
            log.warn("{} dead letters are deleted: they were older than {}", purged, settings.deadLettersKeptFor());
        }
        return purged == AT_ONCE;
    }
}
