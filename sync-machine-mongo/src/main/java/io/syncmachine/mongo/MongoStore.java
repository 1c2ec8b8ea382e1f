package io.syncmachine.mongo;

import com.mongodb.client.MongoDatabase;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.ResyncStore;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.Wakeups;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bson.Document;
import org.jspecify.annotations.Nullable;

/**
 * Keeps everything in MongoDB: changes, jobs, leases, payload records, the journal and limits. Durable, and exclusive in the sense of {@link
 * JobExecutor.Capability}; times are those of the primary. Safe for use by several threads.
 *
 * <p>Needs MongoDB 6.0 or newer, as a replica set (one member is enough for a trial) or sharded cluster; a server alone is refused when the engine
 * starts. Every write is acknowledged by the majority and every read goes to the primary, whatever the database handle says; so an
 * acknowledged write survives a fail-over. Uses no transactions: each step is a write of one document, and several are in an order in which
 * a crash in between repeats work and loses nothing.
 */
public final class MongoStore implements Store {

    private final MongoDatabase database;
    private final String prefix;
    private final SchemaMode schemaMode;
    private final Wakeups wakeups;
    private final Server server;
    private final MongoOutbox outbox;
    private final MongoJobs jobs;
    private final MongoLeases leases;
    private final MongoPayloads payloads;
    private final MongoLimiter limiter;
    private final MongoJournal journal;
    private final MongoMachines machines;
    private final MongoResyncs resyncs;
    private boolean open;

    private MongoStore(Builder builder, @Nullable ServerClock clock) {
        this.database = Server.settled(builder.database);
        this.prefix = builder.prefix;
        this.schemaMode = builder.schemaMode;
        this.wakeups = builder.wakeups;
        this.server = new Server(database, prefix, clock == null ? new ServerClock(database) : clock);
        this.outbox = new MongoOutbox(server, wakeups);
        this.jobs = new MongoJobs(server, wakeups);
        this.leases = new MongoLeases(server);
        this.payloads = new MongoPayloads(server);
        this.limiter = new MongoLimiter(server);
        this.journal = new MongoJournal(server);
        this.machines = new MongoMachines(server);
        this.resyncs = new MongoResyncs(server);
    }

    /** A store in this database, under default names. */
    public static MongoStore of(MongoDatabase database) {
        return builder(database).build();
    }

    /**
     * Begins a store's settings.
     *
     * @param database of a client that stays open as long as the store is used, and is never closed by it; its read preference, concerns
     *     and codecs do not matter
     */
    public static Builder builder(MongoDatabase database) {
        return new Builder(database);
    }

    /** The same with a clock of one's own. */
    static MongoStore create(Builder builder, ServerClock clock) {
        return new MongoStore(builder, clock);
    }

    @Override
    public Outbox outbox() {
        return outbox;
    }

    MongoOutbox mongoOutbox() {
        return outbox;
    }

    @Override
    public JobExecutor jobs() {
        return jobs;
    }

    @Override
    public LeaseStore leases() {
        return leases;
    }

    @Override
    public PayloadStore payloads() {
        return payloads;
    }

    @Override
    public CallLimiter limiter() {
        return limiter;
    }

    @Override
    public Journal journal() {
        return journal;
    }

    @Override
    public MachineRegistry machines() {
        return machines;
    }

    @Override
    public ResyncStore resyncs() {
        return resyncs;
    }

    Server server() {
        return server;
    }

    /** Empty: changes are captured once they are committed, and wait for no transaction. */
    @Override
    public Optional<Duration> oldestTransaction() {
        return Optional.empty();
    }

    /** Runs them one after the other: a crash may come between any two. */
    @Override
    public void atomically(Runnable calls) {
        calls.run();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Told by the kinds and codes of the driver's exceptions, of calls of this store and of {@link MongoEntities}; not a password that is refused.
     */
    @Override
    public boolean isAway(Throwable failure) {
        return Away.isOurs(failure);
    }

    @Override
    public synchronized void open(Runnable wake, boolean works) {
        if (open) {
            throw new IllegalStateException("the store is used by an engine; make a second one for another");
        }
        Server.call(() -> {
            requireReplicaSet(database);
            new Schema(server).prepare(schemaMode);
            return server.clock().now();
        });
        wakeups.open(wake, works);
        open = true;
    }

    /** A server alone confirms writes that it may lose, has no transactions, and tells nobody what changed. */
    static void requireReplicaSet(MongoDatabase database) {
        Document hello = ServerClock.hello(database);
        boolean isAlone = hello.getString("setName") == null && !"isdbgrid".equals(hello.getString("msg"));
        if (isAlone && !hello.containsKey(ServerClock.STAND_IN)) {
            throw new IllegalStateException(
                    "MongoDB must be a replica set or sharded cluster, but the server of database "
                            + database.getName()
                            + " is alone: start it with --replSet, and call rs.initiate() once; one member is enough for a trial");
        }
    }

    @Override
    public synchronized void close() {
        if (open) {
            open = false;
            wakeups.close();
        }
    }

    @Override
    public String toString() {
        return "MongoStore[" + database.getName() + "." + prefix + "*]";
    }

    /** A store's settings; all but the database have defaults. Not safe for use by several threads. */
    public static final class Builder {

        private static final Pattern PREFIX = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]{0,59}");

        private final MongoDatabase database;
        private String prefix = "sync_machine_";
        private SchemaMode schemaMode = SchemaMode.CREATE;
        private Wakeups wakeups = new LocalWakeups();

        private Builder(MongoDatabase database) {
            this.database = Objects.requireNonNull(database, "database");
        }

        /**
         * What stands before the collections' names; default {@code sync_machine_}.
         *
         * @throws IllegalArgumentException if it is not 1 to 60 letters, digits, dots, dashes and underscores that begin with a letter or underscore
         */
        public Builder prefix(String prefix) {
            if (!PREFIX.matcher(prefix).matches() || prefix.startsWith("system.")) {
                throw new IllegalArgumentException(
                        "prefix must be 1 to 60 letters, digits, dots, dashes or underscores,"
                                + " beginning with a letter or underscore and not with 'system.', but is '" + prefix
                                + "'");
            }
            this.prefix = prefix;
            return this;
        }

        /** What to do about collections and indexes at the start; default {@link SchemaMode#CREATE}. */
        public Builder schemaMode(SchemaMode schemaMode) {
            this.schemaMode = Objects.requireNonNull(schemaMode, "schemaMode");
            return this;
        }

        /**
         * How processes wake each other; default not at all: each wakes itself for what it captured, and polls, every 100 ms to 5 s.
         *
         * @param wakeups opened and closed with the store, so for one store only
         */
        public Builder wakeUps(Wakeups wakeups) {
            this.wakeups = Objects.requireNonNull(wakeups, "wakeups");
            return this;
        }

        /** The store; connects to nothing yet. */
        public MongoStore build() {
            return new MongoStore(this, null);
        }
    }
}
