package io.syncmachine.torture;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.zaxxer.hikari.HikariDataSource;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncEngine.Backlog;
import io.syncmachine.jdbc.JdbcEntities;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.SchemaMode;
import io.syncmachine.torture.Shop.Document;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Tortures the library with real processes. Writers change orders and customers in a durable PostgreSQL while workers keep an API in step
 * that answers badly; workers are killed and stopped, database connections are cut, PostgreSQL is killed. Then all faults end, and when
 * nothing is left to publish, the API must hold what the database says. {@code scripts/torture --help} explains.
 */
final class Torture {

    static final String LOGBACK = "logback.configurationFile";
    static final String LOG = "torture.log";

    private static final Duration BETWEEN_KILLS = Duration.ofSeconds(2);
    private static final Duration BETWEEN_TERMINATIONS = Duration.ofSeconds(5);
    private static final int DATABASE_KILLS = 5;
    private static final int REDIS_FAULTS = 25;
    private static final int ORDERS_PER_CUSTOMER = 10;
    private static final int CONNECTIONS_PER_WRITER = 2;
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration QUIET = Duration.ofSeconds(2);
    private static final int SHOWN = 20;
    private static final String DATA = "data";

    private final Options options;
    private final PrintStream progress;
    private final Random random = new Random();
    private final AtomicBoolean faults = new AtomicBoolean(true);
    private long start;

    private Torture(Options options, PrintStream progress) {
        this.options = options;
        this.progress = progress;
    }

    /** Runs once and exits: 0 if all holds, 1 if something does not, 2 if the command line is not understood. */
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Options options;
        try {
            options = Options.of(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println("torture: " + e.getMessage());
            System.exit(2);
            return;
        }
        if (options.help()) {
            out.print(Options.HELP);
            return;
        }
        System.exit(run(options, out) ? 0 : 1);
    }

    private static boolean run(Options options, PrintStream out) throws Exception {
        Path directory = Files.createTempDirectory("sync-machine-torture-");
        Path log = directory.resolve("log");
        System.setProperty(LOGBACK, "torture-logback.xml");
        System.setProperty(LOG, log.toString());
        Files.createFile(log);
        boolean holds = false;
        try {
            Report report = new Torture(options, System.err).run(directory, log);
            holds = report.holds();
            if (!holds) {
                Files.write(directory.resolve("findings"), report.findings(), StandardCharsets.UTF_8);
                report.findings().stream().limit(SHOWN).forEach(System.err::println);
            }
            out.println(options.json() ? new ObjectMapper().writeValueAsString(report.json()) : report.table());
            return holds;
        } finally {
            delete(holds ? directory : directory.resolve(DATA));
            if (!holds) {
                System.err.println("Logs and findings are in " + directory);
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        List<Path> paths;
        try (Stream<Path> walk = Files.exists(directory) ? Files.walk(directory) : Stream.empty()) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.deleteIfExists(path);
        }
    }

    private Report run(Path directory, Path log) throws Exception {
        Path data = Files.createDirectory(directory.resolve(DATA));
        long customers = Math.max(options.subjects() / ORDERS_PER_CUSTOMER, options.writers());
        Freshness freshness = new Freshness(customers);
        Ledger ledger = new Ledger(Shop.GRACE.toMillis(), freshness::held);
        try (Api api = Api.start(ledger, id -> faults.get() ? Fault.of(random.nextInt(Fault.CALLS)) : Fault.NONE);
                TortureDatabase database = TortureDatabase.start(data, log);
                TortureRedis redis = options.redis() ? new TortureRedis() : null;
                HikariDataSource pool =
                        TortureDatabase.pool(database.url(), CONNECTIONS_PER_WRITER * options.writers() + 2)) {
            try (Connection connection = pool.getConnection()) {
                Shop.createTables(connection, customers);
            }
            JdbcEntities entities = Shop.entities(pool);
            try (SyncEngine engine = captureOnly(pool, entities, portOf(redis));
                    Workers workers = new Workers(
                            options.workers(),
                            new WorkerJvm(directory, database.url(), api.url(), portOf(redis), log),
                            ledger::hasCalled,
                            random)) {
                Thread killer = new Thread(workers::close);
                Runtime.getRuntime().addShutdownHook(killer);
                List<Writer> writers = new ArrayList<>();
                for (int number = 0; number < options.writers(); number++) {
                    writers.add(
                            new Writer(plan(number, customers), pool, engine, entities, freshness, random.nextLong()));
                }
                int databaseKills = torture(writers, workers, database, redis, ledger, freshness);
                Backlog left = settle(workers, engine, ledger, freshness, writers);
                Runtime.getRuntime().removeShutdownHook(killer);
                int redisFaults = redis == null ? 0 : redis.faults();
                return judge(
                        new Sums(workers.hits(), databaseKills, redisFaults, left, writers),
                        database,
                        ledger,
                        freshness);
            }
        }
    }

    private static @Nullable Integer portOf(@Nullable TortureRedis redis) {
        return redis == null ? null : Integer.valueOf(redis.port());
    }

    private Writer.Plan plan(int number, long customers) {
        long share = options.changes() / options.writers();
        long own = number == 0 ? options.changes() - share * (options.writers() - 1) : share;
        return new Writer.Plan(
                number,
                options.writers(),
                own,
                options.subjects(),
                customers,
                TimeUnit.SECONDS.toNanos(options.seconds()));
    }

    /** The application's engine: it notes what changes, for workers to publish. */
    private static SyncEngine captureOnly(HikariDataSource pool, JdbcEntities entities, @Nullable Integer redis) {
        return SyncEngine.builder()
                .machines(Shop.machine(publication -> {}))
                .entities(entities)
                .store(Shop.store(JdbcStore.builder(pool).schemaMode(SchemaMode.CREATE), redis))
                .lease(Shop.LEASE)
                .grace(Shop.GRACE)
                .works(false)
                .start();
    }

    /** Until the writers are done. Answers how often PostgreSQL was killed. */
    private int torture(
            List<Writer> writers,
            Workers workers,
            TortureDatabase database,
            @Nullable TortureRedis redis,
            Ledger ledger,
            Freshness freshness)
            throws Exception {
        start = System.nanoTime();
        ExecutorService threads = Executors.newFixedThreadPool(writers.size());
        ScheduledExecutorService hands = Executors.newScheduledThreadPool(4);
        try {
            List<Future<?>> ends = new ArrayList<>();
            writers.forEach(writer -> ends.add(threads.submit(writer)));
            List<Future<?>> tormentors = new ArrayList<>(List.of(
                    repeat(hands, BETWEEN_KILLS, workers::hitOne),
                    repeat(hands, Duration.ofMillis(250), workers::wakeDue),
                    repeat(hands, BETWEEN_TERMINATIONS, () -> terminate(database))));
            if (redis != null) {
                tormentors.add(
                        repeat(hands, Duration.ofSeconds(options.seconds()).dividedBy(REDIS_FAULTS), redis::hit));
            }
            int databaseKills = 0;
            long nextReport = 10;
            while (!ends.stream().allMatch(Future::isDone)) {
                double seconds = seconds();
                if (databaseKills < DATABASE_KILLS
                        && seconds > (databaseKills + 0.5) * options.seconds() / DATABASE_KILLS) {
                    database.killAndStart();
                    databaseKills++;
                }
                if (seconds > nextReport) {
                    nextReport += 10;
                    tell(writers, workers.hits(), ledger, freshness);
                }
                for (Future<?> tormentor : tormentors) {
                    if (tormentor.isDone()) {
                        tormentor.get();
                    }
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
            for (Future<?> end : ends) {
                end.get();
            }
            return databaseKills;
        } catch (ExecutionException e) {
            throw new IllegalStateException("the torture failed: " + e.getCause(), e.getCause());
        } finally {
            threads.shutdownNow();
            hands.shutdownNow();
            hands.awaitTermination(1, TimeUnit.MINUTES);
        }
    }

    private interface Deed {
        void run() throws Exception;
    }

    private static Future<?> repeat(ScheduledExecutorService hands, Duration every, Deed deed) {
        return hands.scheduleWithFixedDelay(
                () -> {
                    try {
                        deed.run();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                },
                every.toMillis(),
                every.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    private static void terminate(TortureDatabase database) {
        try {
            database.terminateABackend();
        } catch (SQLException e) {
            // It is being killed.
        }
    }

    private double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    private void tell(List<Writer> writers, int hits, Ledger ledger, Freshness freshness) {
        Ledger.Counts counts = ledger.counts();
        progress.printf(
                Locale.ENGLISH,
                "%,4.0f s: %,d changes, %,d calls, %d kills, %,d lost answers, %,d redundant, %,d subjects behind%n",
                seconds(),
                writers.stream().mapToLong(Writer::committed).sum(),
                counts.calls(),
                hits,
                counts.lostAnswers(),
                counts.redundant(),
                freshness.behind());
    }

    /** Ends all faults, and waits until nothing is left to publish, or for a while nothing happens. */
    private Backlog settle(Workers workers, SyncEngine engine, Ledger ledger, Freshness freshness, List<Writer> writers)
            throws Exception {
        faults.set(false);
        workers.wakeAll();
        tell(writers, workers.hits(), ledger, freshness);
        long calls = -1;
        long lastProgress = System.nanoTime();
        long emptySince = Long.MAX_VALUE;
        while (true) {
            Backlog backlog = engine.backlog();
            long now = System.nanoTime();
            emptySince = backlog.isEmpty() ? Math.min(emptySince, now) : Long.MAX_VALUE;
            if (now - emptySince > QUIET.toNanos() && emptySince != Long.MAX_VALUE) {
                break;
            }
            if (ledger.counts().calls() > calls) {
                calls = ledger.counts().calls();
                lastProgress = now;
            } else if (now - lastProgress > PATIENCE.toNanos()) {
                break;
            }
            Thread.sleep(100);
        }
        workers.quit();
        return engine.backlog();
    }

    private record Sums(int kills, int databaseKills, int redisFaults, Backlog left, List<Writer> writers) {}

    private Report judge(Sums sums, TortureDatabase database, Ledger ledger, Freshness freshness) throws SQLException {
        Map<Long, Document> expected;
        try (Connection connection = database.connect()) {
            expected = Shop.documents(connection);
        }
        Map<Long, Document> there = ledger.documents();
        List<String> findings = new ArrayList<>(ledger.findings());
        int lost = 0;
        int stale = 0;
        int phantom = 0;
        int permanent = 0;
        TreeSet<Long> ids = new TreeSet<>(expected.keySet());
        ids.addAll(there.keySet());
        for (long id : ids) {
            Document should = expected.get(id);
            Document is = there.get(id);
            String what = null;
            if (should == null) {
                phantom++;
                what = "phantom";
            } else if (should.status().equals(Shop.REFUSED)) {
                permanent++;
            } else if (is == null) {
                lost++;
                what = "lost";
            } else if (!is.equals(should)) {
                stale++;
                what = "stale";
            }
            if (what != null) {
                findings.add(what + ": the database says " + should + ", and the API holds " + is);
            }
        }
        Ledger.Counts counts = ledger.counts();
        return new Report(
                sums.writers().stream().mapToLong(Writer::committed).sum(),
                sums.writers().stream().mapToLong(Writer::unclear).sum(),
                options.subjects(),
                counts,
                sums.kills(),
                sums.databaseKills(),
                sums.redisFaults(),
                options.workers(),
                lost,
                stale,
                phantom,
                sums.left(),
                permanent,
                freshness.p99Seconds(),
                seconds(),
                findings);
    }
}
