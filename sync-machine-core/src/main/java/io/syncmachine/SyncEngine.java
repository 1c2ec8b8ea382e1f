package io.syncmachine;

import io.syncmachine.event.SyncObserver;
import io.syncmachine.internal.Engine;
import io.syncmachine.internal.Settings;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.Store;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Runs machines: captures the changes of their entities, and makes sure that their APIs hold what the database says.
 *
 * <pre>{@code
 * try (SyncEngine engine = SyncEngine.builder()
 *         .machines(ORDER_TO_API)
 *         .entities(JpaEntities.of(entityManagerFactory))
 *         .store(JdbcStore.of(dataSource))
 *         .start()) {
 *     …
 * }
 * }</pre>
 *
 * <p>Any number of engines, in one process or many, may share a store; each subject is published by one of them at a time. Safe for
 * use by several threads.
 */
public final class SyncEngine implements Events, AutoCloseable {

    private final Engine engine;

    private SyncEngine(Engine engine) {
        this.engine = engine;
    }

    /** Begins an engine's settings. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The application's own events, committed together with a transaction of the application's.
     *
     * @param transaction one that the entity source knows: an {@code EntityManager} with an active transaction, or a {@code
     *     Connection} without auto-commit, where entities are JPA's; such a connection, where they are read by plain JDBC
     * @throws IllegalArgumentException at its use, if it is of no such kind
     */
    public Events in(Object transaction) {
        return engine.in(Objects.requireNonNull(transaction, "transaction"));
    }

    /**
     * {@inheritDoc}
     *
     * <p>Kept at once, in a transaction of its own. Within a transaction that changes what the subject shows, say {@link #in}
     * instead: else it may be looked at before that is committed, and not again.
     */
    @Override
    public void changed(Object entity) {
        engine.in(null).changed(entity);
    }

    /** {@inheritDoc} Kept at once, see {@link #changed(Object)}. */
    @Override
    public void changed(Class<?> type, Collection<?> ids) {
        engine.in(null).changed(type, ids);
    }

    /** {@inheritDoc} Kept at once, see {@link #changed(Object)}. */
    @Override
    public void changed(SyncMachine<?, ?> machine, Object entity) {
        engine.in(null).changed(machine, entity);
    }

    /** {@inheritDoc} Kept at once, see {@link #changed(Object)}. */
    @Override
    public void signal(String event, Object entity) {
        engine.in(null).signal(event, entity);
    }

    /** What waits in the store, for all engines that share it. */
    public Backlog backlog() {
        return new Backlog(engine.changesWaiting(), engine.jobsWaiting(), engine.jobsParked());
    }

    /**
     * Stops gracefully: no more jobs are claimed, publications in flight are waited for up to the {@linkplain
     * Builder#stopWithin(Duration) given time}, their answers are written, and the rest is handed back at once. A second call does
     * nothing.
     */
    @Override
    public void close() {
        engine.close();
    }

    /**
     * What waits.
     *
     * @param changes committed changes that are no jobs yet
     * @param jobs jobs that wait or run
     * @param parked dead letters
     */
    public record Backlog(long changes, long jobs, long parked) {
        /** Whether nothing waits or runs; dead letters do not count. */
        public boolean isEmpty() {
            return changes == 0 && jobs == 0;
        }
    }

    /** An engine's settings: machines, entities and store are needed, all else has a default. Not safe for use by several threads. */
    public static final class Builder {

        private static final Duration SHORTEST_LEASE = Duration.ofMillis(100);

        private final List<SyncMachine<?, ?>> machines = new ArrayList<>();
        private final List<SyncObserver> observers = new ArrayList<>();
        private @Nullable EntitySource entities;
        private @Nullable Store store;
        private @Nullable EngineThreads threads;
        private EngineClock clock = EngineClock.system();
        private String name =
                "sync-machine@" + ManagementFactory.getRuntimeMXBean().getName();
        private Duration lease = Duration.ofSeconds(60);
        private Duration grace = Duration.ofSeconds(1);
        private Duration patience = Duration.ofSeconds(25);
        private boolean works = true;

        private Builder() {}

        /** Adds machines. */
        public Builder machines(SyncMachine<?, ?>... machines) {
            this.machines.addAll(List.of(machines));
            return this;
        }

        /** Where the entities live. */
        public Builder entities(EntitySource entities) {
            if (this.entities != null) {
                throw new IllegalStateException("entities is said twice");
            }
            this.entities = entities;
            return this;
        }

        /** Where changes, jobs, leases and payload records are kept. */
        public Builder store(Store store) {
            if (this.store != null) {
                throw new IllegalStateException("store is said twice");
            }
            this.store = store;
            return this;
        }

        /** Tells an observer of every outcome. */
        public Builder observer(SyncObserver observer) {
            observers.add(observer);
            return this;
        }

        /** Whether this engine publishes; default yes. One that does not captures changes for others to publish. */
        public Builder works(boolean works) {
            this.works = works;
            return this;
        }

        /**
         * How long a claim lasts, and so how long the subjects of a crashed node wait for another; default 60 seconds, at least
         * 100 ms and twice the deadline and grace of every machine.
         *
         * @throws IllegalArgumentException if out of range
         */
        public Builder lease(Duration lease) {
            if (lease.compareTo(SHORTEST_LEASE) < 0) {
                throw new IllegalArgumentException("lease must be at least " + SHORTEST_LEASE + ", but is " + lease);
            }
            this.lease = lease;
            return this;
        }

        /**
         * How long after its deadline a call may still take effect at an API; default 1 second.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder grace(Duration grace) {
            if (grace.isNegative()) {
                throw new IllegalArgumentException("grace must not be negative, but is " + grace);
            }
            this.grace = grace;
            return this;
        }

        /**
         * How long {@link SyncEngine#close} waits for publications in flight; default 25 seconds.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder stopWithin(Duration patience) {
            if (patience.isNegative()) {
                throw new IllegalArgumentException("stopWithin must not be negative, but is " + patience);
            }
            this.patience = patience;
            return this;
        }

        /** By which threads and claims are named, for people to read; default process id and host. */
        public Builder name(String name) {
            this.name = name;
            return this;
        }

        /** The clock for deadlines and polls; the default is the machine's. */
        public Builder clock(EngineClock clock) {
            this.clock = clock;
            return this;
        }

        /** Who runs the work; the default are threads of the engine's own. */
        public Builder threads(EngineThreads threads) {
            this.threads = threads;
            return this;
        }

        /**
         * Starts the engine: from now on changes are captured and published. Until it runs, changes are not seen.
         *
         * @throws IllegalStateException if machines, entities or store are missing, or the store is not fit for use
         * @throws IllegalArgumentException if a machine does not fit the entities, naming machine, property and cure
         */
        public SyncEngine start() {
            if (machines.isEmpty()) {
                throw new IllegalStateException("machines is missing");
            }
            Settings settings = new Settings(
                    name,
                    clock,
                    threads,
                    () -> ThreadLocalRandom.current().nextDouble(),
                    lease,
                    grace,
                    patience,
                    works,
                    List.copyOf(observers));
            Engine engine = new Engine(machines, need("entities", entities), need("store", store), settings);
            engine.start();
            return new SyncEngine(engine);
        }

        private static <T> T need(String what, @Nullable T value) {
            if (value == null) {
                throw new IllegalStateException(what + " is missing");
            }
            return value;
        }
    }
}
