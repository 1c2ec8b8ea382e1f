package io.syncmachine;

import io.syncmachine.event.SyncObserver;
import io.syncmachine.function.CheckedRunnable;
import io.syncmachine.internal.Engine;
import io.syncmachine.internal.Settings;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.DeadLetterStore.Filter;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.Store;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
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

    private static final int LONGEST_ARGUMENTS = 1_000;

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
     * @param transaction one that the entity source knows: an {@code EntityManager} or {@code StatelessSession} with an active
     *     transaction, or a {@code Connection} without auto-commit, where entities are JPA's; such a connection, where they are read
     *     by plain JDBC
     * @throws IllegalArgumentException at its use, if it is of no such kind
     */
    public Events in(Object transaction) {
        return engine.in(Objects.requireNonNull(transaction, "transaction"));
    }

    /** {@inheritDoc} Kept at once, see {@link #changed(Object)}. */
    @Override
    public Events ofTenant(String tenant) {
        return engine.in(null).ofTenant(tenant);
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

    /** What waits in the store, for all engines that share it. Costs a few statements. */
    public Backlog backlog() {
        return engine.backlog();
    }

    /** What was given up, of all machines and handlers whose state is in the store. */
    public DeadLetters deadLetters() {
        return new DeadLetters(engine.deadLetters(), Filter.ALL);
    }

    /**
     * What a machine has given up.
     *
     * @throws IllegalArgumentException if this engine does not run the machine
     */
    public DeadLetters deadLetters(SyncMachine<?, ?> machine) {
        return new DeadLetters(engine.deadLetters(), Filter.ALL.ofMachine(engine.storedName(machine)));
    }

    /** What a handler has given up. */
    public DeadLetters deadLetters(ChangeHandler<?> handler) {
        return new DeadLetters(engine.deadLetters(), Filter.ALL.ofMachine(handler.name()));
    }

    /**
     * Why a subject was given up, with its document and history; empty if it was not.
     *
     * @throws IllegalArgumentException if this engine does not run the machine
     */
    public <ID> Optional<DeadLetter> deadLetter(SyncMachine<?, ID> machine, ID id) {
        return deadLetter(machine, Change.DEFAULT_TENANT, id);
    }

    /** The same for a tenant's subject. */
    public <ID> Optional<DeadLetter> deadLetter(SyncMachine<?, ID> machine, String tenant, ID id) {
        return engine.deadLetter(machine, tenant, id);
    }

    /**
     * How many jobs wait for machines and handlers that no node has run for five minutes, by their stored names. They wait until one
     * does; a warning is logged for each.
     */
    public Map<String, Long> orphans() {
        return engine.orphans();
    }

    /**
     * Tells why a subject was sent or not, and what would be sent now. Builds its document, in a read transaction; changes nothing.
     *
     * @throws IllegalArgumentException if this engine does not run the machine
     */
    public <ID> Explanation explain(SyncMachine<?, ID> machine, ID id) {
        return explain(machine, Change.DEFAULT_TENANT, id);
    }

    /** The same for a tenant's subject. */
    public <ID> Explanation explain(SyncMachine<?, ID> machine, String tenant, ID id) {
        return engine.explain(machine, tenant, id);
    }

    /**
     * Tells what is derived from the {@linkplain SyncMachine.Listening#reads paths} that a machine declares: which properties of which
     * entities are listened to, and by which statements subjects are found. Looks at the mapping only; {@link
     * PathsExplanation#withRowCounts} looks at the data, too.
     *
     * @param machine one that this engine runs or is to run: any whose entities its source knows
     * @throws IllegalArgumentException if the machine does not fit the entities
     */
    public PathsExplanation explainPaths(SyncMachine<?, ?> machine) {
        return engine.explainPaths(machine);
    }

    /**
     * Tells what would be sent now of some subjects, and how long it would take at least, by building their documents and comparing them.
     * Nothing is sent, written or locked, and no job is made. The subjects are read in batches, each in a transaction of its own, on this
     * thread; builders and predicates are called as in a run.
     *
     * @param machine one that this engine runs or is to run: any whose entities its source knows
     * @param ids each once, or it may count twice; gone through once, a few hundred at a time, and closed if it is {@link AutoCloseable}
     * @throws IllegalArgumentException if the machine does not fit the entities
     * @throws IllegalStateException if the entities cannot be read
     */
    public <ID> DryRun dryRun(SyncMachine<?, ID> machine, Iterable<? extends ID> ids) {
        return dryRun(machine, Change.DEFAULT_TENANT, ids);
    }

    /** The same for a tenant's subjects. */
    public <ID> DryRun dryRun(SyncMachine<?, ID> machine, String tenant, Iterable<? extends ID> ids) {
        return engine.dryRun(machine, tenant, ids);
    }

    /**
     * The same for the subjects that wait now to be looked at, of all tenants: those that have a job that does not run and is no dead
     * letter, due or not. What is committed but not relayed yet, and whose subjects are not found yet, does not count.
     *
     * @throws IllegalArgumentException if the machine does not fit the entities
     * @throws IllegalStateException if the entities cannot be read
     */
    public DryRun dryRun(SyncMachine<?, ?> machine) {
        return engine.dryRun(machine);
    }

    /**
     * The same for the subjects that a change of an entity would concern, before it is changed: the machine's function from this entity to
     * subject ids is asked with the entity as it is committed, and told that all of its properties changed. As nothing has changed
     * yet, most subjects may be unchanged; {@link DryRun#ifAllDiffer()} tells what follows if all of them show the change. An entity that
     * does not exist concerns none. Subjects are read while the function's answer is, in a second transaction.
     *
     * @param entity may be detached; only its class, id and tenant are used
     * @throws IllegalArgumentException if the machine does not fit the entities, or has nothing to do with this one
     * @throws IllegalStateException if the entities cannot be read, or the function fails
     */
    public DryRun dryRunOf(SyncMachine<?, ?> machine, Object entity) {
        return engine.dryRunOf(machine, entity);
    }

    /**
     * Stops a machine from publishing, on all nodes and over restarts: on this one at once, on others within a few seconds. Changes
     * are captured and coalesced meanwhile; publications in flight finish.
     *
     * @param reason for people to read
     * @throws IllegalArgumentException if this engine does not run the machine
     */
    public void pause(SyncMachine<?, ?> machine, String reason) {
        engine.pause(machine, Objects.requireNonNull(reason, "reason"));
    }

    /** Ends a {@linkplain #pause pause}; does nothing if there is none. */
    public void resume(SyncMachine<?, ?> machine) {
        engine.pause(machine, null);
    }

    /**
     * Begins the declaration of a resync: of all subjects of a machine, as long as nothing else is said.
     *
     * @throws IllegalArgumentException if this engine does not run the machine
     */
    public <S, ID> Resync<S, ID> resync(SyncMachine<S, ID> machine) {
        return Resync.of(engine.resync(machine));
    }

    /**
     * Begins the declaration of an audit: of all subjects of a machine, as long as nothing else is said.
     *
     * @throws IllegalArgumentException if this engine does not run the machine
     */
    public <S, ID> Audit<S, ID> audit(SyncMachine<S, ID> machine) {
        return Audit.of(engine.audit(machine));
    }

    /** All resyncs of all machines whose state is in the store, the latest first; those that are over for a month at least. */
    public List<ResyncRun> resyncs() {
        return engine.resyncs();
    }

    /**
     * Runs a task of the application's own on this thread, unless one of the same name and arguments runs already, on this or any other
     * node that shares the store: to fetch from a third party once a minute, say. A lease is held meanwhile and renewed; if the
     * process dies, another can begin after a {@linkplain Builder#lease lease}. A task that is paused for longer than that, or whose store
     * is away for so long, loses the lease and is interrupted when that is noticed: then two may run for a while. It keeps others out and sets no
     * pace: where once a minute means no more than that, the task looks by itself when it was done last.
     *
     * @param name of the task: at most 100 letters, digits, dots, dashes and underscores
     * @param arguments what makes it another task, at most 1,000 characters; empty for none
     * @param longest how long it may take, above zero; it is interrupted then, and its lease ends
     * @return the run that is under way; empty if the task was run, to its end
     * @throws IllegalArgumentException if name, arguments or longest break their rule
     * @throws Exception what the task throws
     */
    public Optional<UniqueRun> runUnique(String name, String arguments, Duration longest, CheckedRunnable task)
            throws Exception {
        Names.check("name", name);
        if (arguments.length() > LONGEST_ARGUMENTS) {
            throw new IllegalArgumentException("arguments of '" + name + "' must be at most " + LONGEST_ARGUMENTS
                    + " characters, but are " + arguments.length());
        }
        if (longest.isZero() || longest.isNegative()) {
            throw new IllegalArgumentException("longest of '" + name + "' must be above zero, but is " + longest);
        }
        return engine.runUnique(name, arguments, longest, task);
    }

    /**
     * Erases what the store tells of a subject's content: kept and refused documents, journal entries, texts of failures. Its fingerprint and
     * remote id stay, so that nothing is sent anew; what comes later is kept anew. What is being sent, or was sent without an answer,
     * is still needed and stays until that is settled: call it again then. Call it after the subject was deleted or made unreadable.
     *
     * @throws IllegalArgumentException if this engine does not run the machine
     */
    public <ID> void forget(SyncMachine<?, ID> machine, ID id) {
        forget(machine, Change.DEFAULT_TENANT, id);
    }

    /** The same for a tenant's subject. */
    public <ID> void forget(SyncMachine<?, ID> machine, String tenant, ID id) {
        engine.forget(machine, tenant, id);
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
     * @param lag how long the first of them has been waiting since it was written; zero if there is none
     * @param jobs jobs that wait or run
     * @param longestDue how long the job that is due longest has been due without being run, be its machine paused or not; zero if
     *     none is due
     * @param parked dead letters
     * @param oldestTransaction how long the oldest transaction is open that the store's user may see: what it has changed waits for
     *     its commit. Zero if none is open; empty if the store cannot tell
     */
    public record Backlog(
            long changes,
            Duration lag,
            long jobs,
            Duration longestDue,
            long parked,
            Optional<Duration> oldestTransaction) {
        /** Whether nothing waits or runs; dead letters do not count. */
        public boolean isEmpty() {
            return changes == 0 && jobs == 0;
        }
    }

    /** An engine's settings: machines, entities and store are needed, all else has a default. Not safe for use by several threads. */
    public static final class Builder {

        private static final String ENTITIES =
                "say entities(JpaEntities.of(…)), and add io.syncmachine:sync-machine-jpa for it,"
                        + " or entities(JdbcEntities…), and add io.syncmachine:sync-machine-jdbc";
        private static final String STORES =
                "say store(JdbcStore.of(dataSource)), and add io.syncmachine:sync-machine-jdbc for it";
        private static final Duration SHORTEST_LEASE = Duration.ofMillis(100);
        private static final Duration LONGEST_LEASE = Duration.ofDays(1);

        private final List<SyncMachine<?, ?>> machines = new ArrayList<>();
        private final List<ChangeHandler<?>> handlers = new ArrayList<>();
        private final List<SyncObserver> observers = new ArrayList<>();
        private @Nullable EntitySource entities;
        private @Nullable Store store;
        private @Nullable EngineThreads threads;
        private EngineClock clock = EngineClock.system();
        private String name =
                "sync-machine@" + ManagementFactory.getRuntimeMXBean().getName();
        private Duration lease = Duration.ofSeconds(60);
        private Duration grace = Duration.ofSeconds(1);
        private Duration startWithin = ChronoUnit.FOREVER.getDuration();
        private Duration patience = Duration.ofSeconds(25);
        private boolean works = true;
        private JournalPolicy journal = JournalPolicy.defaults();
        private Duration tombstones = Duration.ofDays(30);
        private Duration deadLetters = Duration.ofDays(90);
        private PayloadCodec codec = PayloadCodec.PLAIN;
        private Supplier<@Nullable String> trace = () -> null;
        private DoubleSupplier random = () -> ThreadLocalRandom.current().nextDouble();

        private Builder() {}

        /** Adds machines. */
        public Builder machines(SyncMachine<?, ?>... machines) {
            this.machines.addAll(List.of(machines));
            return this;
        }

        /** Adds handlers of changes. */
        public Builder handlers(ChangeHandler<?>... handlers) {
            this.handlers.addAll(List.of(handlers));
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

        /** What the journal keeps; default {@link JournalPolicy#defaults()}. */
        public Builder journal(JournalPolicy journal) {
            this.journal = journal;
            return this;
        }

        /**
         * How long it is remembered that a subject was deleted at the API; default 30 days. Longer than the lease and any deadline.
         *
         * @throws IllegalArgumentException if not above zero
         */
        public Builder keepTombstones(Duration tombstones) {
            if (tombstones.isZero() || tombstones.isNegative()) {
                throw new IllegalArgumentException("keepTombstones must be above zero, but is " + tombstones);
            }
            this.tombstones = tombstones;
            return this;
        }

        /**
         * How long dead letters are kept that nobody requeues or discards and whose subjects do not change; default 90 days. They are
         * deleted then, with a warning in the log.
         *
         * @throws IllegalArgumentException if not above zero
         */
        public Builder keepDeadLetters(Duration deadLetters) {
            if (deadLetters.isZero() || deadLetters.isNegative()) {
                throw new IllegalArgumentException("keepDeadLetters must be above zero, but is " + deadLetters);
            }
            this.deadLetters = deadLetters;
            return this;
        }

        /** How kept documents are written to the store, for instance encrypted; default as they are. */
        public Builder payloadCodec(PayloadCodec codec) {
            this.codec = codec;
            return this;
        }

        /**
         * Tells the trace context of the current thread, as a W3C traceparent or null; it is kept with every change and told by the
         * journal. Default none.
         */
        public Builder traceContext(Supplier<@Nullable String> trace) {
            this.trace = trace;
            return this;
        }

        /** Tells an observer of every outcome, and of every call of a hook. */
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
         * How long a claim lasts, and so how long the subjects of a crashed node wait for another; default 60 seconds, from 100 ms to a
         * day, and at least twice the deadline and grace of every machine. Claims of work that takes longer are renewed, up to ten
         * times that long.
         *
         * @throws IllegalArgumentException if out of range
         */
        public Builder lease(Duration lease) {
            if (lease.compareTo(SHORTEST_LEASE) < 0) {
                throw new IllegalArgumentException("lease must be at least " + SHORTEST_LEASE + ", but is " + lease);
            }
            if (lease.compareTo(LONGEST_LEASE) > 0) {
                throw new IllegalArgumentException("lease must be at most " + LONGEST_LEASE + ", but is " + lease);
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
         * How long {@link #start} waits for a database or server that is away; default for ever. One line is logged when it begins to wait, and one
         * when the store is back.
         *
         * @throws IllegalArgumentException if negative
         */
        public Builder startWithin(Duration startWithin) {
            if (startWithin.isNegative()) {
                throw new IllegalArgumentException("startWithin must not be negative, but is " + startWithin);
            }
            this.startWithin = startWithin;
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

        /** Draws from 0 (inclusive) to 1 (exclusive) for the jitter of retries, for a test that is to be repeated exactly. */
        public Builder random(DoubleSupplier random) {
            this.random = random;
            return this;
        }

        /**
         * Starts the engine: from now on changes are captured and published. Until it runs, changes are not seen; so this returns only
         * when it does, and waits for a database that is away.
         *
         * @throws IllegalStateException if machines, entities or store are missing, or the store is not fit for use, or away for longer
         *     than {@link #startWithin}, or the thread is interrupted while it waits
         * @throws IllegalArgumentException if a machine does not fit the entities, naming machine, property and cure
         */
        public SyncEngine start() {
            if (machines.isEmpty() && handlers.isEmpty()) {
                throw new IllegalStateException("machines is missing: say machines(…) or handlers(…)");
            }
            Settings settings = new Settings(
                    name,
                    clock,
                    threads,
                    random,
                    lease,
                    grace,
                    startWithin,
                    patience,
                    works,
                    List.copyOf(observers),
                    journal,
                    tombstones,
                    deadLetters,
                    codec,
                    trace);
            Engine engine = new Engine(
                    machines, handlers, need("entities", entities, ENTITIES), need("store", store, STORES), settings);
            engine.start();
            return new SyncEngine(engine);
        }

        private static <T> T need(String what, @Nullable T value, String cure) {
            if (value == null) {
                throw new IllegalStateException(what + " is missing: " + cure);
            }
            return value;
        }
    }
}
