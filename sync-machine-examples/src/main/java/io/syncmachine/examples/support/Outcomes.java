package io.syncmachine.examples.support;

import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.event.SyncObserver;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Counts how runs ended. Safe for use by several threads. */
public final class Outcomes implements SyncObserver {

    private final Map<Result, Long> counts = new EnumMap<>(Result.class);

    @Override
    public synchronized void onOutcomes(List<Outcome> outcomes) {
        outcomes.forEach(outcome -> add(outcome.result(), 1));
    }

    /** Counts outcomes that another process has seen. */
    public synchronized void add(Result result, long number) {
        counts.merge(result, number, Long::sum);
    }

    /** How many ended so. */
    public synchronized long count(Result result) {
        return counts.getOrDefault(result, 0L);
    }
}
