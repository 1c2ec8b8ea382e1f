package io.syncmachine.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Measures; {@code scripts/bench --help} explains. */
@Command(
        name = "scripts/bench",
        description =
                "Measures SyncMachine beside other ways to do the same, on an embedded PostgreSQL that is durable. Ratios between"
                        + " figures of one run count; docs/benchmarks.md explains them. scripts/bench --jmh runs the small benchmarks instead.",
        sortOptions = false)
final class Bench implements Callable<Integer> {

    private static final int WRITERS = 8;
    private static final int FEW_WRITERS = 4;
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final int CAPTURE_TURNS = 6;
    private static final int TRANSACTIONS = 2_000;
    private static final int TRANSACTIONS_WHEN_QUICK = 500;
    private static final int LARGER = 10;
    private static final int FEWER_OF_THE_LARGER = 5;

    @Mixin
    private final Options options = new Options();

    private final Results results = new Results();
    private final PrintStream progress = System.err;

    /** Exits with 0 if nothing was wrong, 1 if something was, 2 if the command line is not understood. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Bench())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(args));
    }

    @Override
    public Integer call() throws IOException {
        if (options.record != null) {
            Files.createDirectories(options.record);
        }
        Process api = new ProcessBuilder(
                        PeerJvm.java(),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StubServer.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (Server server = new Server(options.record != null);
                BufferedReader said =
                        new BufferedReader(new InputStreamReader(api.getInputStream(), StandardCharsets.UTF_8))) {
            Stub stub = new Stub(Integer.parseInt(said.readLine()));
            for (Part part : options.parts) {
                for (int round = 0; round < options.rounds(part); round++) {
                    for (PeerKind peer : inTurn(round)) {
                        if (part.concerns(peer)) {
                            run(part, round, peer, server, stub);
                        }
                    }
                }
            }
        } finally {
            api.destroy();
        }
        Report report = new Report(results, options.stock());
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        out.println(options.json ? report.json() : report.tables());
        return results.anythingWrong() ? 1 : 0;
    }

    /** Each round in the other direction, so that whatever grows or cools down meets all alike. */
    private List<PeerKind> inTurn(int round) {
        List<PeerKind> peers = new ArrayList<>(options.peers);
        if (round % 2 == 1) {
            Collections.reverse(peers);
        }
        return peers;
    }

    private void run(Part part, int round, PeerKind kind, Server server, Stub stub) {
        progress.printf("%s, round %d: %s%n", part.label(), round + 1, kind.label());
        stub.clear();
        Access database = server.fresh();
        Setting setting = new Setting(
                kind,
                database,
                stub.address(),
                part != Part.CAPTURE,
                part.inFlight(),
                part.connections(),
                part == Part.SETTLED ? options.quiet : 0,
                false,
                part == Part.WIDE ? FEW_WRITERS : WRITERS,
                options.stock(),
                options.warmCustomers());
        try (PeerControl peer = new PeerJvm(setting, List.of("-Xmx" + options.heap + "m"))) {
            if (part == Part.CAPTURE) {
                capture(kind, peer, server);
            } else {
                publish(
                        part,
                        round,
                        kind,
                        peer,
                        new Trial(peer, stub, kind.isBare() ? null : database, PATIENCE),
                        server);
            }
        }
    }

    private void publish(Part part, int round, PeerKind kind, PeerControl peer, Trial trial, Server server) {
        progress.printf(
                Locale.ROOT,
                "  warm after %d s%n",
                trial.warmUp(options.warmUp(), options.warmUpAtMost()).toSeconds());
        for (Work work : Work.values()) {
            if (part.concerns(work) && (work == Work.CREATE || options.works.contains(work))) {
                beginToLook(peer, server);
                Figures figures = trial.measure(work, work.needed(options.stock()), part.delayMillis(), round + 1);
                results.add(part, work, kind, figures);
                progress.printf(
                        Locale.ROOT,
                        "  %-13s %7.2f s %7.0f needed/s %7.0f calls, %.0f wrong%n",
                        work.label(),
                        figures.seconds(),
                        figures.neededPerSecond(),
                        figures.calls(),
                        figures.wrong() == null ? 0 : figures.wrong());
                note(part.label() + "-" + work.label() + "-" + kind.label(), peer, server);
            }
        }
    }

    private void capture(PeerKind kind, PeerControl peer, Server server) {
        int small = options.quick ? TRANSACTIONS_WHEN_QUICK : TRANSACTIONS;
        for (int perTransaction : List.of(1, LARGER)) {
            beginToLook(peer, server);
            PeerControl.Captured captured = peer.capture(
                    perTransaction, CAPTURE_TURNS, perTransaction == 1 ? small : small / FEWER_OF_THE_LARGER);
            results.add(perTransaction, kind, captured);
            progress.printf(
                    Locale.ROOT,
                    "  %2d changes each: %.2f%n",
                    perTransaction,
                    Results.Captured.of(captured).ratio());
            note("capture-" + perTransaction + "-" + kind.label(), peer, server);
        }
    }

    private void beginToLook(PeerControl peer, Server server) {
        if (options.record != null) {
            server.countAnew();
            peer.startRecording();
        }
    }

    private void note(String name, PeerControl peer, Server server) {
        if (options.record != null) {
            peer.stopRecording(
                    options.record.resolve(name + ".jfr").toAbsolutePath().toString());
            try {
                Files.write(options.record.resolve(name + ".sql"), server.dearest());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
