package io.syncmachine.benchmarks;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is measured, and how often. */
final class Options {

    @Option(
            names = "--quick",
            description = "A tenth of the customers and orders, and a slow API once only: less than ten minutes.")
    boolean quick;

    @Option(
            names = "--warm",
            paramLabel = "SECONDS",
            description =
                    "How long each peer works on other orders before it is measured: at least this, and up to six times as long"
                            + " while its JVM still compiles. Default: 30; with --quick, 10.")
    @Nullable
    Integer warm;

    @Option(names = "--json", description = "One line of JSON instead of tables.")
    boolean json;

    @Option(
            names = "--parts",
            split = ",",
            description = "What to run: ${COMPLETION-CANDIDATES}. Default: all.",
            defaultValue = "FAST,SLOW,SETTLED,WIDE,CAPTURE")
    List<Part> parts = List.of();

    @Option(
            names = "--peers",
            split = ",",
            description = "Whom to measure: ${COMPLETION-CANDIDATES}. Default: all.",
            defaultValue = "SYNC_MACHINE,DB_SCHEDULER,JOBRUNR,TRANSACTION_OUTBOX,HOOK,BARE_ASYNC,BARE_CLASSIC")
    List<PeerKind> peers = List.of();

    @Option(
            names = "--works",
            split = ",",
            description = "What the application does: ${COMPLETION-CANDIDATES}; CREATE is always done. Default: all.",
            defaultValue = "CREATE,BURST,FAN_OUT_MANY,FAN_OUT_ONE,IRRELEVANT")
    List<Work> works = List.of();

    @Option(
            names = "--rounds",
            description = "How often everything is measured. Default: ${DEFAULT-VALUE}.",
            defaultValue = "3")
    int rounds;

    @Option(
            names = "--customers",
            description =
                    "Customers with ten orders each; the last customer has ten times as many orders as there are customers."
                            + " Default: 1000; with --quick, 100.")
    @Nullable
    Integer customers;

    @Option(
            names = "--quiet",
            description =
                    "Seconds of the quiet period in the part SETTLED, where the longest wait is six times as long."
                            + " Choose it above two thirds of what the application takes for the burst. Default: ${DEFAULT-VALUE}.",
            defaultValue = "20")
    int quiet;

    @Option(
            names = "--heap",
            description = "Megabytes of heap that each peer's JVM may have. Default: ${DEFAULT-VALUE}.",
            defaultValue = "512")
    int heap;

    @Option(
            names = "--record",
            paramLabel = "FOLDER",
            description =
                    "Look closer: writes a recording of Java Flight Recorder for each work, and the statements that cost"
                            + " the database most. Takes time itself.")
    @Nullable
    Path record;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this.")
    boolean help;

    /** How long a peer gets warm at least. */
    Duration warmUp() {
        return Duration.ofSeconds(warm != null ? warm : quick ? 10 : 30);
    }

    Duration warmUpAtMost() {
        return warmUp().multipliedBy(quick ? 1 : 6);
    }

    Stock stock() {
        int few = customers != null ? customers : quick ? 100 : 1_000;
        return Stock.measured(few, 10, 10 * few);
    }

    int warmCustomers() {
        return quick ? 30 : 100;
    }

    int rounds(Part part) {
        return quick && part.delayMillis() > 0 ? 1 : rounds;
    }
}
