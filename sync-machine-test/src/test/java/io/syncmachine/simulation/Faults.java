package io.syncmachine.simulation;

import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Says when something goes wrong, and counts it. */
final class Faults {

    private final Plan plan;
    private final Random random;
    private final Map<Fault, Long> counts = new EnumMap<>(Fault.class);
    private final Map<String, Long> crashes = new TreeMap<>();
    private boolean ended;

    Faults(Plan plan, Random random) {
        this.plan = plan;
        this.random = random;
    }

    /** Whether it happens now; then it is counted. */
    boolean strikes(Fault fault) {
        return strikes(fault, 1);
    }

    /**
     * The same.
     *
     * @param weight how much more likely than usual
     */
    boolean strikes(Fault fault, double weight) {
        double rate = plan.rate(fault);
        if (ended || rate == 0 || random.nextDouble() >= rate * weight) {
            return false;
        }
        happened(fault);
        return true;
    }

    /** Whether it can happen in this seed. */
    boolean mayStrike(Fault fault) {
        return !ended && plan.rate(fault) > 0;
    }

    void happened(Fault fault) {
        counts.merge(fault, 1L, Long::sum);
    }

    void crashed(String where) {
        crashes.merge(where, 1L, Long::sum);
    }

    /** From now on all is well. */
    void end() {
        ended = true;
    }

    boolean ended() {
        return ended;
    }

    Map<Fault, Long> counts() {
        return counts;
    }

    /** How often a node died where. */
    Map<String, Long> crashes() {
        return crashes;
    }
}
