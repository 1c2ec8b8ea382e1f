package io.syncmachine.memory;

import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.ResyncStore;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Keeps changes, jobs, leases and payload records in memory. Keeps every promise of the ports but durability: a process that ends
 * takes them all with it, and the next one publishes everything anew. Safe for use by several threads.
 *
 * <p>Closing it only ends the wake-ups; what it keeps can still be read, and another engine may open it again.
 */
public final class InMemoryStore implements Store {

    private final Content content;
    private @Nullable Runnable wake;

    /** What is kept; shared by all stores that were made by {@link #another()}. */
    private record Content(
            InMemoryOutbox outbox,
            InMemoryJobs jobs,
            InMemoryLeases leases,
            InMemoryPayloads payloads,
            InMemoryJournal journal,
            InMemoryMachines machines,
            InMemoryResyncs resyncs,
            InMemoryLimiter limiter,
            List<Runnable> wakes) {}

    private InMemoryStore(Content content) {
        this.content = content;
    }

    /** An empty store. */
    public static InMemoryStore create() {
        return create(EngineClock.system());
    }

    /** An empty store whose leases and delays end by this clock. */
    public static InMemoryStore create(EngineClock clock) {
        return create(clock, Set.of(JobExecutor.Capability.EXCLUSIVE));
    }

    /**
     * A store for the jobs of one process, where all else is kept in a store that several processes share. Its jobs do not exclude those of
     * other processes, and say so.
     */
    public static InMemoryStore forOneProcess() {
        return create(EngineClock.system(), Set.of());
    }

    private static InMemoryStore create(EngineClock clock, Set<JobExecutor.Capability> capabilities) {
        Elapsed time = new Elapsed(clock);
        AtomicLong sequence = new AtomicLong();
        List<Runnable> wakes = new CopyOnWriteArrayList<>();
        Runnable wakeAll = () -> wakes.forEach(Runnable::run);
        return new InMemoryStore(new Content(
                new InMemoryOutbox(time, wakeAll),
                new InMemoryJobs(time, sequence, wakeAll, capabilities),
                new InMemoryLeases(time),
                new InMemoryPayloads(time, sequence),
                new InMemoryJournal(clock),
                new InMemoryMachines(time),
                new InMemoryResyncs(),
                InMemoryLimiter.create(clock),
                wakes));
    }

    /** A store with the same content, for another engine in this process. */
    public InMemoryStore another() {
        return new InMemoryStore(content);
    }

    @Override
    public Outbox outbox() {
        return content.outbox();
    }

    @Override
    public JobExecutor jobs() {
        return content.jobs();
    }

    @Override
    public LeaseStore leases() {
        return content.leases();
    }

    @Override
    public PayloadStore payloads() {
        return content.payloads();
    }

    @Override
    public CallLimiter limiter() {
        return content.limiter();
    }

    @Override
    public Journal journal() {
        return content.journal();
    }

    @Override
    public MachineRegistry machines() {
        return content.machines();
    }

    @Override
    public ResyncStore resyncs() {
        return content.resyncs();
    }

    /** Empty: nothing here waits for a transaction. */
    @Override
    public Optional<Duration> oldestTransaction() {
        return Optional.empty();
    }

    @Override
    public void atomically(Runnable calls) {
        calls.run();
    }

    @Override
    public synchronized void open(Runnable wake, boolean works) {
        if (this.wake != null) {
            throw new IllegalStateException("the store is used by an engine; give a second one another()");
        }
        this.wake = wake;
        content.wakes().add(wake);
    }

    @Override
    public synchronized void close() {
        if (wake != null) {
            content.wakes().remove(wake);
            wake = null;
        }
    }
}
