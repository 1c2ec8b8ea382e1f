package io.syncmachine.simulation;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/** A range of seeds, spread over the processors: each seed's world is its own, and shares nothing with others. */
final class Seeds {

    private static final int SHOULD_HAPPEN = 1000;
    private static final int IN_SEEDS = 5000;

    private final long from;
    private final long count;
    private final Sabotage sabotage;
    private final boolean first;
    private final Map<Long, String> violations = new TreeMap<>();
    private final Map<Fault, Long> faults = new EnumMap<>(Fault.class);
    private final Map<String, Long> crashes = new TreeMap<>();

    /** What came of it: violations by seed, how often what went wrong, and how often a node died where. */
    record Result(Map<Long, String> violations, Map<Fault, Long> faults, Map<String, Long> crashes) {

        /** Faults that happened too rarely for the seeds to mean much. */
        Map<Fault, Long> rare(long seeds) {
            Map<Fault, Long> rare = new EnumMap<>(Fault.class);
            for (Fault fault : Fault.values()) {
                long happened = faults.getOrDefault(fault, 0L);
                if (happened * IN_SEEDS < SHOULD_HAPPEN * seeds) {
                    rare.put(fault, happened);
                }
            }
            return rare;
        }

        String table() {
            StringBuilder table = new StringBuilder();
            for (Fault fault : Fault.values()) {
                table.append(String.format("%-36s %,10d%n", fault, faults.getOrDefault(fault, 0L)));
            }
            crashes.forEach((where, count) -> table.append(String.format("  died %-34s %,7d%n", where, count)));
            return table.toString();
        }
    }

    /**
     * A range.
     *
     * @param sabotage a planted bug, or null
     * @param first whether to stop at the first violation
     */
    Seeds(long from, long count, Sabotage sabotage, boolean first) {
        this.from = from;
        this.count = count;
        this.sabotage = sabotage;
        this.first = first;
    }

    Result run() {
        AtomicLong next = new AtomicLong(from);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
            Thread thread = new Thread(() -> runSome(next), "seeds-" + i);
            thread.start();
            threads.add(thread);
        }
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        return new Result(violations, faults, crashes);
    }

    private void runSome(AtomicLong next) {
        try (Carriers carriers = new Carriers()) {
            for (long seed = next.getAndIncrement(); seed < from + count && !enough(); seed = next.getAndIncrement()) {
                run(seed, carriers);
            }
        }
    }

    private synchronized boolean enough() {
        return first && !violations.isEmpty();
    }

    private void run(long seed, Carriers carriers) {
        String violation;
        World world = new World(seed, sabotage, false, carriers);
        try (world) {
            violation = world.run();
        } catch (RuntimeException e) {
            violation = "the simulation failed: " + e + (e.getCause() == null ? "" : ", " + e.getCause());
        }
        note(seed, violation, world.faults);
    }

    private synchronized void note(long seed, String violation, Faults what) {
        if (violation != null) {
            violations.put(seed, violation);
        }
        what.counts().forEach((fault, times) -> faults.merge(fault, times, Long::sum));
        what.crashes().forEach((where, times) -> crashes.merge(where, times, Long::sum));
    }
}
