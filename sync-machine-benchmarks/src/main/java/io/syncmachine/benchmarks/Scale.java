package io.syncmachine.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.syncmachine.benchmarks.StoreCosts.Costs;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures what happens when there is very much of something, or very little; {@code scripts/bench --scale --help} explains. */
@Command(
        name = "scripts/bench --scale",
        description =
                "Measures SyncMachine alone: large backlogs, long use, several processes, an idle machine, the start."
                        + " docs/benchmarks.md explains.",
        sortOptions = false)
final class Scale implements Callable<Integer> {

    private static final int SLOW_API_MILLIS = 20;
    private static final int IN_FLIGHT = 16;
    private static final int CONNECTIONS = 20;
    private static final int WRITERS = 4;
    private static final int KEYS = 20_000;
    private static final int FEW = 10_000;
    private static final int SAMPLE = 20_000;
    private static final int NEVER_MILLIS = 5_000;
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    /** What is measured. */
    enum Measure {
        BACKLOG,
        LATER,
        CHURN,
        FAN_OUT,
        WORKERS,
        LATENCY,
        START
    }

    @Option(
            names = "--measures",
            split = ",",
            description = "What to measure: ${COMPLETION-CANDIDATES}. Default: all.",
            defaultValue = "BACKLOG,LATER,CHURN,FAN_OUT,WORKERS,LATENCY,START")
    private List<Measure> measures = List.of();

    @Option(names = "--quick", description = "A tenth of everything.")
    private boolean quick;

    @Option(names = "--json", description = "One line of JSON instead of a table.")
    private boolean json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this.")
    boolean help;

    private final List<Line> lines = new ArrayList<>();

    /** One figure. */
    record Line(Measure measure, String what, double value, String unit) {}

    /** Exits with 0, or 2 if the command line is not understood. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Scale())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(args));
    }

    private int scaled(int number) {
        return quick ? number / 10 : number;
    }

    private void tell(Measure measure, String what, double value, String unit) {
        lines.add(new Line(measure, what, value, unit));
        System.err.printf(Locale.ROOT, "%-8s %-64s %12.2f %s%n", measure, what, value, unit);
    }

    @Override
    public Integer call() throws Exception {
        Process api = new ProcessBuilder(
                        PeerJvm.java(),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StubServer.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (Server server = new Server(false);
                BufferedReader said =
                        new BufferedReader(new InputStreamReader(api.getInputStream(), StandardCharsets.UTF_8))) {
            Stub stub = new Stub(Integer.parseInt(said.readLine()));
            for (Measure measure : measures) {
                switch (measure) {
                    case BACKLOG -> backlog(server);
                    case LATER -> later(server);
                    case CHURN -> churn(server);
                    case FAN_OUT -> fanOut(server, stub);
                    case WORKERS -> workers(server, stub);
                    case LATENCY -> latency(server, stub);
                    case START -> start(server, stub);
                }
            }
        } finally {
            api.destroy();
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8).println(json ? json() : table());
        return 0;
    }

    private void backlog(Server server) {
        try (StoreCosts costs = new StoreCosts(server.fresh())) {
            costs.request(0, SAMPLE);
            costs.work(SAMPLE);
            costs.request(SAMPLE, FEW);
            double few = costs.work(FEW).all();
            int many = scaled(1_000_000);
            long start = System.nanoTime();
            double marking = costs.request(10_000_000, many);
            double seconds = (System.nanoTime() - start) / 1e9;
            double much = costs.work(SAMPLE).all();
            tell(Measure.BACKLOG, "a subject, where " + FEW + " wait", few, "us of the database's processor");
            tell(Measure.BACKLOG, "a subject, where " + many + " wait", much, "us of the database's processor");
            tell(Measure.BACKLOG, "ratio", much / few, "");
            tell(Measure.BACKLOG, "marking a subject", marking, "us of the database's processor");
            tell(Measure.BACKLOG, "marked, one after the other", many / seconds, "subjects/s");
        }
    }

    private void later(Server server) {
        try (StoreCosts costs = new StoreCosts(server.fresh())) {
            costs.request(0, SAMPLE);
            costs.work(SAMPLE);
            costs.request(SAMPLE, SAMPLE);
            double without = costs.work(SAMPLE).claims();
            int many = scaled(2_000_000);
            costs.requestForLater(10_000_000, many);
            costs.request(2 * SAMPLE, SAMPLE);
            double with = costs.work(SAMPLE).claims();
            tell(Measure.LATER, "a claim, nothing else waits", without, "us of the database's processor");
            tell(Measure.LATER, "a claim, " + many + " jobs are due later", with, "us of the database's processor");
            tell(Measure.LATER, "ratio", with / without, "");
        }
    }

    private void churn(Server server) throws SQLException {
        int rounds = scaled(5_000_000) / KEYS;
        churn(server, rounds, "");
        Access access = server.fresh();
        try (Connection held = server.connect();
                Statement statement = held.createStatement()) {
            held.setAutoCommit(false);
            held.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            statement.execute("select txid_current()");
            churn(access, Math.max(rounds / 10, 5), ", a transaction is open all the while");
        }
    }

    private void churn(Server server, int rounds, String how) {
        churn(server.fresh(), rounds, how);
    }

    private void churn(Access access, int rounds, String how) {
        try (StoreCosts costs = new StoreCosts(access)) {
            costs.request(0, KEYS);
            costs.work(KEYS);
            List<Costs> each = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                costs.request(0, KEYS);
                each.add(costs.work(KEYS));
            }
            costs.request(0, KEYS);
            double grown = costs.size();
            int some = Math.min(5, rounds);
            double first = claims(each.subList(0, some));
            double last = claims(each.subList(rounds - some, rounds));
            costs.execute("vacuum full sync_machine_job");
            costs.execute("vacuum full sync_machine_payload");
            String what = rounds * KEYS + " updates of " + KEYS + " subjects" + how + ": ";
            tell(Measure.CHURN, what + "tables and indexes", grown / costs.size(), "times those of the live rows");
            tell(Measure.CHURN, what + "a claim at the begin", first, "us of the database's processor");
            tell(Measure.CHURN, what + "a claim at the end", last, "us of the database's processor");
        }
    }

    private static double claims(List<Costs> rounds) {
        return Results.median(rounds.stream().map(Costs::claims).toList());
    }

    private static Setting setting(Access access, Stub stub, Stock stock, int inFlight, boolean joins) {
        return new Setting(
                PeerKind.SYNC_MACHINE,
                access,
                stub.address(),
                true,
                inFlight,
                CONNECTIONS,
                0,
                joins,
                WRITERS,
                stock,
                joins ? 0 : 100);
    }

    private void fanOut(Server server, Stub stub) throws SQLException, InterruptedException {
        stub.clear();
        int many = scaled(1_000_000);
        Stock stock = Stock.measured(1, 1, many);
        try (PeerJvm peer = new PeerJvm(setting(server.fresh(), stub, stock, IN_FLIGHT, false), List.of("-Xmx128m"));
                Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            new Trial(peer, stub, null, PATIENCE).warmUp(Duration.ofSeconds(20), Duration.ofSeconds(60));
            statement.execute("insert into orders (id, customer_id, status, revision)" + " select i, "
                    + stock.bigCustomer() + ", 'new', 0 from generate_series(1, " + many + ") as i");
            statement.execute("analyze orders");
            stub.reset(NEVER_MILLIS);
            long before = marked(statement);
            long start = System.nanoTime();
            peer.run(Work.FAN_OUT_ONE, false, 1);
            while (marked(statement) - before < many) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            tell(Measure.FAN_OUT, "one change, " + many + " subjects: marked", many / seconds, "subjects/s");
            tell(
                    Measure.FAN_OUT,
                    "parts of the heap, each at its most",
                    peer.used().heapMegabytes(),
                    "MB of 128");
            peer.kill();
        }
    }

    private static long marked(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery(
                "select n_tup_ins from pg_stat_user_tables where relname = 'sync_machine_job'")) {
            row.next();
            return row.getLong(1);
        }
    }

    private void workers(Server server, Stub stub) {
        Stock stock = Stock.measured(10, 10, scaled(40_000));
        double before = 0;
        for (int size : List.of(1, 2, 4)) {
            stub.clear();
            Access access = server.fresh();
            try (PeerControl fleet =
                    new Fleet(setting(access, stub, stock, IN_FLIGHT, false), size, List.of("-Xmx256m"))) {
                Trial trial = new Trial(fleet, stub, access, PATIENCE);
                trial.warmUp(Duration.ofSeconds(20), Duration.ofSeconds(90));
                trial.measure(Work.CREATE, Work.CREATE.needed(stock), 0, 1);
                Figures figures = trial.measure(Work.FAN_OUT_ONE, Work.FAN_OUT_ONE.needed(stock), SLOW_API_MILLIS, 1);
                String what = size + (size == 1 ? " process" : " processes");
                tell(Measure.WORKERS, what, figures.neededPerSecond(), "calls/s");
                tell(Measure.WORKERS, what + ", of those before", figures.neededPerSecond() / before, "times");
                tell(Measure.WORKERS, what + ", overlapping calls", figures.overlapping(), "");
                Double wrong = figures.wrong();
                tell(Measure.WORKERS, what + ", wrong in the end", wrong == null ? 0 : wrong, "");
                before = figures.neededPerSecond();
            }
        }
    }

    private void latency(Server server, Stub stub) throws InterruptedException {
        Stock stock = Stock.measured(100, 10, 1_000);
        stub.clear();
        Setting setting = setting(server.fresh(), stub, stock, IN_FLIGHT, false);
        try (PeerControl peer = new PeerJvm(setting, List.of("-Xmx256m"))) {
            latency("in one process", peer, stub, stock);
        }
        stub.clear();
        try (PeerControl fleet =
                new Fleet(setting(server.fresh(), stub, stock, IN_FLIGHT, false), 1, List.of("-Xmx256m"))) {
            latency("across processes", fleet, stub, stock);
        }
    }

    /** Changes one order at a time, and waits for its call. */
    private void latency(String how, PeerControl peer, Stub stub, Stock stock) throws InterruptedException {
        Trial trial = new Trial(peer, stub, null, PATIENCE);
        trial.warmUp(Duration.ofSeconds(20), Duration.ofSeconds(60));
        trial.measure(Work.CREATE, Work.CREATE.needed(stock), 0, 1);
        Random random = new Random(1);
        List<Double> millis = new ArrayList<>();
        int times = scaled(2_000);
        for (int i = -times; i < times; i++) { // the first half gets it warm
            stub.reset(0);
            TimeUnit.MILLISECONDS.sleep(10 + random.nextInt(20));
            long committed = peer.change(stock.firstOrder() + random.nextInt(stock.orders()));
            long called = 0;
            while (called == 0) {
                TimeUnit.MILLISECONDS.sleep(5);
                called = stub.counts().lastChange();
            }
            if (i >= 0) {
                millis.add((called - committed) / 1e3);
            }
        }
        List<Double> sorted = millis.stream().sorted().toList();
        tell(Measure.LATENCY, "from commit to call, " + how + ": median", Results.median(sorted), "ms");
        tell(Measure.LATENCY, "from commit to call, " + how + ": p99", sorted.get(sorted.size() * 99 / 100), "ms");
    }

    private void start(Server server, Stub stub) {
        Stock stock = Stock.measured(10, 10, 100);
        Access access = server.fresh();
        stub.clear();
        try (PeerJvm first = new PeerJvm(setting(access, stub, stock, IN_FLIGHT, false), List.of())) {
            tell(Measure.START, "engine and listeners, tables to be made", first.startMillis(), "ms");
        }
        List<Double> millis = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            try (PeerJvm peer = new PeerJvm(setting(access, stub, stock, IN_FLIGHT, true), List.of())) {
                millis.add(peer.startMillis());
            }
        }
        tell(Measure.START, "engine and listeners, besides Hibernate's factory", Results.median(millis), "ms");
    }

    private String table() {
        StringBuilder text = new StringBuilder();
        for (Line line : lines) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-8s %-84s %12.2f %s%n",
                    line.measure().name().toLowerCase(Locale.ROOT),
                    line.what(),
                    line.value(),
                    line.unit()));
        }
        return text.toString();
    }

    private String json() {
        try {
            return new ObjectMapper().writeValueAsString(lines);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
