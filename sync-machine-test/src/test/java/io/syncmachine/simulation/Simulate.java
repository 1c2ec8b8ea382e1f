package io.syncmachine.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.Locale;
import java.util.Map;
import org.slf4j.LoggerFactory;

/** Runs as many seeds as one likes, see {@code scripts/simulate}. */
final class Simulate {

    private static final String USAGE = """
            scripts/simulate [--seeds N] [--from SEED] [--log] [--sabotage NAME|all]

              --seeds N        how many seeds; default 5000
              --from SEED      the first; default 1
              --log            prints what happens, one event per line
              --sabotage NAME  plants a bug, and stops at the first seed that catches it; all: each in turn
            """;

    private long seeds = 5000;
    private long from = 1;
    private boolean logs;
    private String sabotage;

    private Simulate() {}

    public static void main(String[] arguments) {
        Simulate simulate = new Simulate();
        if (!simulate.understands(arguments)) {
            System.err.print(USAGE);
            System.exit(2);
        }
        silence();
        System.exit(simulate.run() ? 0 : 1);
    }

    /** What nodes complain of is what is done to them. */
    static void silence() {
        ((Logger) LoggerFactory.getLogger("io.syncmachine")).setLevel(Level.OFF);
    }

    private boolean understands(String[] arguments) {
        try {
            for (int i = 0; i < arguments.length; i++) {
                switch (arguments[i]) {
                    case "--seeds" -> seeds = Long.parseLong(arguments[++i]);
                    case "--from" -> from = Long.parseLong(arguments[++i]);
                    case "--log" -> logs = true;
                    case "--sabotage" -> sabotage = arguments[++i];
                    default -> {
                        return false;
                    }
                }
            }
            return seeds > 0;
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            return false;
        }
    }

    private boolean run() {
        if (sabotage == null) {
            return logs ? runWithLog() : runMany();
        }
        boolean all = true;
        for (Sabotage one : Sabotage.values()) {
            if (sabotage.equals("all") || sabotage.equals(one.name())) {
                all &= isCaught(one);
            }
        }
        return all;
    }

    private boolean runWithLog() {
        try (Carriers carriers = new Carriers()) {
            boolean good = true;
            for (long seed = from; seed < from + seeds; seed++) {
                try (World world = new World(seed, null, true, carriers)) {
                    good &= world.run() == null;
                    System.out.print(world.log());
                }
            }
            return good;
        }
    }

    private boolean runMany() {
        long start = System.nanoTime();
        Seeds.Result result = new Seeds(from, seeds, null, false).run();
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.print(result.table());
        result.violations().forEach((seed, violation) -> System.out.println(failing(seed, violation)));
        System.out.printf(
                Locale.ROOT,
                "%d seeds from %d in %.1f s: %s%n",
                seeds,
                from,
                seconds,
                result.violations().isEmpty()
                        ? "no violation"
                        : result.violations().size() + " violations");
        result.rare(seeds)
                .forEach((fault, count) -> System.out.println(
                        fault + " happened only " + count + " times; it should 1,000 times in 5,000 seeds"));
        return result.violations().isEmpty()
                && (seeds < 1000 || result.rare(seeds).isEmpty());
    }

    private boolean isCaught(Sabotage one) {
        Map<Long, String> violations = new Seeds(from, seeds, one, true).run().violations();
        System.out.println(one + ": "
                + violations.entrySet().stream()
                        .map(first -> "caught by the " + (first.getKey() - from + 1) + ". seed: " + first.getValue())
                        .findFirst()
                        .orElse("NOT CAUGHT by " + seeds + " seeds"));
        return !violations.isEmpty();
    }

    /** What is said of a failing seed. */
    static String failing(long seed, String violation) {
        return "seed " + seed + ": " + violation + "\n  replay it with: scripts/simulate --seeds 1 --from " + seed
                + " --log";
    }
}
