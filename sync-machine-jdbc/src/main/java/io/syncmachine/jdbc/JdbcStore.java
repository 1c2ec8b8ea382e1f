package io.syncmachine.jdbc;

import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.ResyncStore;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.StorePart;
import io.syncmachine.spi.Wakeups;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Keeps everything in a relational database: captured changes in the transactions that make them, and jobs, leases and payload
 * records beside them. Durable, and exclusive in the sense of {@link JobExecutor.Capability}; times are the database's. Uses a
 * connection for the length of a statement or a short transaction, never during a publication, and holds one more for wake-ups
 * between processes where the database can do that. Safe for use by several threads.
 *
 * <p>Works on PostgreSQL 12, MariaDB 10.6, MySQL 8.0 and H2 2.2, and newer ones; every other database is refused when the engine
 * starts. Needs nothing of a session, but for wake-ups, so that a pooler may give each transaction another one. Runs its transactions
 * in READ COMMITTED, whatever the data source's connections begin with, in auto-commit mode or not. A deadlock or lock timeout is tried
 * again a few times.
 *
 * <p>The entities must live in the same database, for their changes to be captured in their own transactions; an engine whose
 * entities do not fails at its start.
 */
public final class JdbcStore implements Store {

    private final DataSource dataSource;
    private final String prefix;
    private final SchemaMode schemaMode;
    private final boolean wakeUps;
    private final @Nullable Wakeups otherWakeups;
    private final @Nullable JobsElsewhere jobs;
    private final @Nullable LeaseStore leases;
    private final @Nullable CallLimiter limiter;
    /** Those that are kept by other servers. */
    private final List<StorePart> elsewhere;

    private @Nullable Parts parts;
    private boolean open;

    private record Parts(
            Database database,
            Dialect dialect,
            JdbcOutbox outbox,
            JobExecutor jobs,
            LeaseStore leases,
            PayloadStore payloads,
            Journal journal,
            MachineRegistry machines,
            ResyncStore resyncs,
            CallLimiter limiter,
            Wakeups wakeups) {}

    /**
     * Jobs that are not in the database.
     *
     * @param part what is opened and closed for them
     * @param shared whether other processes can run them as well
     */
    private record JobsElsewhere(Supplier<JobExecutor> jobs, StorePart part, boolean shared) {}

    private JdbcStore(Builder builder) {
        this.dataSource = builder.dataSource;
        this.prefix = builder.prefix;
        this.schemaMode = builder.schemaMode;
        this.wakeUps = builder.wakeUps;
        this.otherWakeups = builder.otherWakeups;
        this.jobs = builder.jobs;
        this.leases = builder.leases;
        this.limiter = builder.limiter;
        this.elsewhere = Stream.concat(
                        Stream.ofNullable(builder.jobs).map(JobsElsewhere::part),
                        Stream.of(builder.leasesPart, builder.limiterPart).flatMap(Stream::ofNullable))
                .distinct()
                .toList();
    }

    /** A store whose tables are there already, under their default names. */
    public static JdbcStore of(DataSource dataSource) {
        return builder(dataSource).build();
    }

    /** Begins a store's settings. */
    public static Builder builder(DataSource dataSource) {
        return new Builder(dataSource);
    }

    @Override
    public TransactionalOutbox outbox() {
        return parts().outbox();
    }

    @Override
    public JobExecutor jobs() {
        return jobs == null ? parts().jobs() : jobs.jobs().get();
    }

    @Override
    public LeaseStore leases() {
        return leases == null ? parts().leases() : leases;
    }

    @Override
    public PayloadStore payloads() {
        return parts().payloads();
    }

    @Override
    public CallLimiter limiter() {
        return limiter == null ? parts().limiter() : limiter;
    }

    @Override
    public Journal journal() {
        return parts().journal();
    }

    @Override
    public MachineRegistry machines() {
        return parts().machines();
    }

    @Override
    public ResyncStore resyncs() {
        return parts().resyncs();
    }

    /**
     * {@inheritDoc}
     *
     * <p>PostgreSQL tells of the database's sessions, those of other users only to members of {@code pg_read_all_stats}; MariaDB and
     * MySQL of all of the server's, to whoever has the right {@code PROCESS}; H2 does not tell.
     */
    @Override
    public Optional<Duration> oldestTransaction() {
        String query = parts().dialect().oldestTransaction();
        if (query == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(JdbcJobs.micros(parts().database().number(query)));
        } catch (JdbcStoreException e) {
            if (e.getCause() instanceof SQLException cause && isForbidden(cause)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static boolean isForbidden(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().startsWith("42");
    }

    @Override
    public void atomically(Runnable calls) {
        parts().database().together(calls);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Told by the kinds and SQL states of the exceptions: broken and refused connections, a server that is down or coming up, and a pool
     * that has no connection to give; not a password that is refused. Parts that are kept elsewhere tell of their own servers.
     */
    @Override
    public boolean isAway(Throwable failure) {
        return Away.is(failure) || elsewhere.stream().anyMatch(part -> part.isAway(failure));
    }

    private synchronized Parts parts() {
        if (parts == null) {
            Dialect dialect = Dialects.of(dataSource);
            Database database = new Database(dataSource, dialect, prefix);
            Wakeups wakeups = wakeups(database, dialect);
            parts = new Parts(
                    database,
                    dialect,
                    dialect.outbox(database, wakeups),
                    dialect.jobs(database, wakeups),
                    dialect.leases(database),
                    dialect.payloads(database),
                    dialect.journal(database),
                    dialect.machines(database),
                    new JdbcResyncs(database),
                    new JdbcLimiter(database, dialect),
                    wakeups);
        }
        return parts;
    }

    private Wakeups wakeups(Database database, Dialect dialect) {
        if (otherWakeups != null) {
            return otherWakeups;
        }
        return wakeUps ? dialect.wakeups(database) : new LocalWakeups();
    }

    @Override
    public synchronized void open(Runnable wake, boolean works) {
        if (open) {
            throw new IllegalStateException("the store is used by an engine; make a second one for another");
        }
        Parts parts = parts();
        parts.database().learnIsolation();
        new Schema(parts.database(), parts.dialect()).prepare(schemaMode);
        openElsewhere(wake, works, parts.wakeups());
        parts.wakeups().open(wake, works);
        open = true;
    }

    /** All of them, or none: one that is away is opened again later, together with the others. */
    private void openElsewhere(Runnable wake, boolean works, Wakeups others) {
        Runnable wakeAll = () -> {
            others.committed();
            others.plenty();
        };
        List<StorePart> opened = new ArrayList<>();
        try {
            for (StorePart part : elsewhere) {
                part.open(jobs != null && jobs.shared() ? wakeAll : wake, works);
                opened.add(part);
            }
        } catch (RuntimeException e) {
            opened.forEach(StorePart::close);
            throw e;
        }
    }

    /**
     * Makes sure that an entity source changes its entities in the database of this store. Called by the source when it begins to
     * capture. Costs a statement or a few on either side, one connection at a time.
     *
     * @param lender lends a connection of those that change entities, not in the middle of a transaction; called at most once
     * @throws IllegalStateException if it leads to another database, schema or server, naming both, or is read-only, or that cannot be
     *     found out
     */
    public void requireSameDatabase(Lender lender) {
        sameDatabase().require(lender);
    }

    SameDatabase sameDatabase() {
        return new SameDatabase(parts().database(), parts().dialect());
    }

    /** Lends a connection to a borrower. */
    @FunctionalInterface
    public interface Lender {
        /**
         * Calls the borrower with a connection, and takes the connection back when that returns.
         *
         * @throws SQLException if there is no connection
         */
        void lend(Borrower borrower) throws SQLException;
    }

    /** Uses a connection for the time of a call. */
    @FunctionalInterface
    public interface Borrower {
        /**
         * Uses it and leaves it as it was, without a transaction.
         *
         * @throws SQLException if the database does not do what it is asked
         */
        void use(Connection connection) throws SQLException;
    }

    @Override
    public synchronized void close() {
        if (open) {
            open = false;
            parts().outbox().close();
            parts().wakeups().close();
            elsewhere.forEach(StorePart::close);
            parts = null;
        }
    }

    /** A store's settings; all but the data source have defaults. Not safe for use by several threads. */
    public static final class Builder {

        private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_]{0,30}");

        private final DataSource dataSource;
        private SchemaMode schemaMode = SchemaMode.VALIDATE;
        private String prefix = "sync_machine_";
        private boolean wakeUps = true;
        private @Nullable Wakeups otherWakeups;
        private @Nullable JobsElsewhere jobs;
        private @Nullable LeaseStore leases;
        private @Nullable StorePart leasesPart;
        private @Nullable CallLimiter limiter;
        private @Nullable StorePart limiterPart;

        private Builder(DataSource dataSource) {
            this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
        }

        /** What to do about the tables at the start; default {@link SchemaMode#VALIDATE}. */
        public Builder schemaMode(SchemaMode schemaMode) {
            this.schemaMode = schemaMode;
            return this;
        }

        /**
         * What stands before the tables' names, optionally with a schema and a dot in front; default {@code sync_machine_}.
         *
         * @throws IllegalArgumentException if it is not made of lower-case letters, digits and underscores
         */
        public Builder prefix(String prefix) {
            for (String part : prefix.split("\\.", 2)) {
                if (!NAME.matcher(part).matches()) {
                    throw new IllegalArgumentException(
                            "prefix must be at most 31 lower-case letters, digits or underscores,"
                                    + " optionally after a schema and a dot, but is '" + prefix + "'");
                }
            }
            this.prefix = prefix;
            return this;
        }

        /**
         * Whether processes wake each other through the database; default yes. Only PostgreSQL can do that, by LISTEN and NOTIFY;
         * elsewhere, and if this says no, they poll, every 100 ms to 5 s, and each wakes itself for what it captured. Say no behind a
         * pooler in transaction mode, such as PgBouncer's; PostgreSQL's driver needs {@code prepareThreshold=0} there, unless the
         * pooler keeps prepared statements.
         */
        public Builder wakeUps(boolean wakeUps) {
            this.wakeUps = wakeUps;
            this.otherWakeups = null;
            return this;
        }

        /**
         * Lets processes wake each other over something else than the database, for instance where that can not; default none. All nodes
         * must do so.
         *
         * @param others opened and closed with the store, so for one store only
         */
        public Builder wakeUps(Wakeups others) {
            this.otherWakeups = Objects.requireNonNull(others, "others");
            return this;
        }

        /**
         * Keeps jobs in another store, and only captured changes, leases, payload records and the journal in the database; default none. If
         * that store forgets its jobs when its process ends, such as {@link io.syncmachine.memory.InMemoryStore#forOneProcess},
         * changes stay in the outbox until their jobs, and those before them, are done, and another node takes them a minute after
         * that. Let all nodes run the same machines then, for a change waits for the node that took it. Dead letters are forgotten. An outcome and its line in the journal are not written atomically then.
         *
         * @param jobs opened and closed with this one; of it, nothing but its jobs is used
         */
        public Builder jobs(Store jobs) {
            this.jobs = new JobsElsewhere(jobs::jobs, jobs, false);
            return this;
        }

        /**
         * Keeps jobs on another server, which all nodes share; default none. If they are durable there, a change is enqueued, and only
         * then deleted from the outbox: a node that dies in between repeats jobs, and its changes wait for another one for a minute. What
         * the server forgets is lost. An outcome and its line in the journal are not written atomically then.
         *
         * @param jobs opened and closed with the store
         */
        public <P extends JobExecutor & StorePart> Builder jobs(P jobs) {
            Objects.requireNonNull(jobs, "jobs");
            this.jobs = new JobsElsewhere(() -> jobs, jobs, true);
            return this;
        }

        /**
         * Keeps leases on another server, which all nodes share; default none: in the database. A few are taken for what one node does for
         * all; one for each subject only where jobs are {@linkplain #jobs(Store) kept elsewhere} and are not
         * {@linkplain JobExecutor.Capability#EXCLUSIVE exclusive} there.
         *
         * @param leases opened and closed with the store
         */
        public <P extends LeaseStore & StorePart> Builder leases(P leases) {
            this.leases = Objects.requireNonNull(leases, "leases");
            this.leasesPart = leases;
            return this;
        }

        /**
         * Counts calls where {@link io.syncmachine.Limits} are declared, and keeps destinations' pauses, elsewhere; default none: in the
         * database, shared by all nodes. An {@link io.syncmachine.memory.InMemoryLimiter} counts those of this process alone.
         *
         * @param limiter opened and closed with the store
         */
        public <P extends CallLimiter & StorePart> Builder limiter(P limiter) {
            this.limiter = Objects.requireNonNull(limiter, "limiter");
            this.limiterPart = limiter;
            return this;
        }

        /** The store; connects to nothing yet. */
        public JdbcStore build() {
            return new JdbcStore(this);
        }
    }
}
