package io.syncmachine.internal;

import io.syncmachine.UniqueRun;
import io.syncmachine.function.CheckedRunnable;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.LeaseStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tasks of the application's own of which there is one at a time among all nodes. Each holds a lease, which is renewed while it runs;
 * the lease's holder says which node it is and since when.
 */
final class UniqueRuns implements EngineThreads.Step {

    private static final Logger log = LoggerFactory.getLogger(UniqueRuns.class);
    private static final String BETWEEN = "|";
    private static final int BEATS = 3;

    private final LeaseStore leases;
    private final EngineClock clock;
    private final String node;
    private final Duration lease;
    private final Set<Held> running = ConcurrentHashMap.newKeySet();

    UniqueRuns(LeaseStore leases, EngineClock clock, String node, Duration lease) {
        this.leases = leases;
        this.clock = clock;
        this.node = node;
        this.lease = lease;
    }

    /** One that runs here. */
    private final class Held {
        final String key;
        final String holder = clock.now() + BETWEEN + UUID.randomUUID() + BETWEEN + node;
        final Duration ttl;
        final long endNanos;
        private @Nullable Thread runner;

        Held(String key, Duration longest) {
            this.key = key;
            this.ttl = longest.compareTo(lease) < 0 ? longest : lease;
            this.endNanos = clock.nanos() + longest.toNanos();
        }

        synchronized void begin() {
            runner = Thread.currentThread();
        }

        synchronized void interrupt() {
            if (runner != null) {
                runner.interrupt();
                runner = null;
            }
        }

        /** An interrupt that comes after the end would hit what the thread does next. */
        @SuppressWarnings("ThreadInterruptedIgnored") // it was meant for the task that is over
        synchronized void end() {
            if (runner == null) {
                boolean ignored = Thread.interrupted();
            }
            runner = null;
        }
    }

    /**
     * Runs the task, unless one of the same name and arguments runs already.
     *
     * @return that one; empty if the task was run
     */
    Optional<UniqueRun> run(String name, String arguments, Duration longest, CheckedRunnable task) throws Exception {
        Held held = new Held("run/" + name + "/" + arguments, longest);
        Optional<UniqueRun> other = acquire(held);
        if (other.isPresent()) {
            return other;
        }
        held.begin();
        running.add(held);
        try {
            task.run();
        } finally {
            running.remove(held);
            held.end();
            release(held);
        }
        return other;
    }

    private Optional<UniqueRun> acquire(Held held) {
        while (leases.tryAcquire(Set.of(held.key), held.holder, held.ttl).isEmpty()) {
            Optional<String> other = leases.holder(held.key);
            if (other.isPresent()) {
                return other.map(UniqueRuns::parse);
            }
        }
        return Optional.empty();
    }

    private static UniqueRun parse(String holder) {
        String[] parts = holder.split("\\|", 3);
        return new UniqueRun(parts[2], Instant.parse(parts[0]));
    }

    private void release(Held held) {
        try {
            leases.release(List.of(held.key), held.holder);
        } catch (RuntimeException e) {
            log.warn("the lease of {} ends only in {}", held.key, held.ttl, e);
        }
    }

    @Override
    public Duration run() {
        Duration rest = lease.dividedBy(BEATS);
        for (Held held : running) {
            Duration next = watch(held);
            rest = next.compareTo(rest) < 0 ? next : rest;
        }
        return rest;
    }

    /** Answers when to look again. */
    private Duration watch(Held held) {
        Duration left = Duration.ofNanos(Math.max(held.endNanos - clock.nanos(), 0));
        if (left.isZero()) {
            stop(held, "it takes longer than it may");
        } else if (leases.renew(List.of(held.key), held.holder, left.compareTo(held.ttl) < 0 ? left : held.ttl)
                .isEmpty()) {
            stop(held, "its lease is lost");
        }
        Duration beat = held.ttl.dividedBy(BEATS);
        return left.compareTo(beat) < 0 ? left.plusNanos(1) : beat;
    }

    private void stop(Held held, String reason) {
        if (running.remove(held)) {
            log.warn("{} is interrupted: {}", held.key, reason);
            held.interrupt();
        }
    }
}
