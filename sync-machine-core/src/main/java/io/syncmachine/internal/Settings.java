package io.syncmachine.internal;

import io.syncmachine.JournalPolicy;
import io.syncmachine.PayloadCodec;
import io.syncmachine.event.SyncObserver;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.EngineThreads;
import java.time.Duration;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How an engine runs, as its builder was told.
 *
 * @param name for threads and claims
 * @param clock time
 * @param threads who runs the work; null for threads of its own
 * @param random draws from zero to one for the jitter of retries
 * @param lease how long a claim lasts
 * @param grace how long after its deadline a call may still take effect
 * @param startWithin how long a start waits for a store that is away
 * @param patience how long a stop waits for publications in flight
 * @param works whether it runs jobs, or captures only
 * @param observers who is told of outcomes, and of calls of hooks
 * @param journal what the journal keeps
 * @param tombstonesKeptFor how long the records of subjects are kept that are gone at the API
 * @param deadLettersKeptFor how long jobs that were given up are kept
 * @param codec how kept documents are written
 * @param trace tells the trace context that the current thread is in
 */
public record Settings(
        String name,
        EngineClock clock,
        @Nullable EngineThreads threads,
        DoubleSupplier random,
        Duration lease,
        Duration grace,
        Duration startWithin,
        Duration patience,
        boolean works,
        List<SyncObserver> observers,
        JournalPolicy journal,
        Duration tombstonesKeptFor,
        Duration deadLettersKeptFor,
        PayloadCodec codec,
        Supplier<@Nullable String> trace) {

    Hooks hooks() {
        return new Hooks(observers);
    }
}
