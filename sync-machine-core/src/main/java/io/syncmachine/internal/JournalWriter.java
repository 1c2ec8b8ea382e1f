package io.syncmachine.internal;

import io.syncmachine.JournalPolicy;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.spi.Store;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes outcomes into the journal, in the transaction that ends their jobs. Where the journal cannot be written although the store is there,
 * the jobs end without it: what is for people to read must not hold up what is to be done. For one thread.
 */
final class JournalWriter {

    private static final Logger log = LoggerFactory.getLogger(JournalWriter.class);

    private final Store store;
    private final Settings settings;
    private boolean failing;
    private boolean writing;

    JournalWriter(Store store, Settings settings) {
        this.store = store;
        this.settings = settings;
    }

    /**
     * Ends jobs, and writes down those outcomes that the policy keeps.
     *
     * @param ending ends the jobs; may be run more than once
     * @param outcomes asked after it; their machines are named as they are stored
     */
    void write(Runnable ending, Supplier<List<Outcome>> outcomes) {
        writing = false;
        try {
            store.atomically(() -> {
                writing = false;
                ending.run();
                List<Outcome> kept =
                        outcomes.get().stream().filter(this::isKept).toList();
                if (!kept.isEmpty()) {
                    writing = true;
                    store.journal().append(settings.name(), kept);
                }
            });
            if (writing && failing) {
                failing = false;
                log.info("{}: the journal can be written again", settings.name());
            }
        } catch (RuntimeException e) {
            if (!writing || store.isAway(e)) {
                throw e;
            }
            if (!failing) {
                failing = true;
                log.warn("{}: the journal cannot be written; what becomes of runs is not kept", settings.name(), e);
            }
            ending.run();
        }
    }

    private boolean isKept(Outcome outcome) {
        JournalPolicy policy = settings.journal();
        if (policy.isOff()) {
            return false;
        }
        return outcome.result() == Result.RETRYING
                || outcome.result() == Result.DEAD_LETTERED
                || Math.floorMod(Objects.hash(outcome.tenant(), outcome.subjectId()), policy.oneSubjectIn()) == 0;
    }
}
