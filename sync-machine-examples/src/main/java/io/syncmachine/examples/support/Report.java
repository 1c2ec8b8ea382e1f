package io.syncmachine.examples.support;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.syncmachine.examples.support.Trial.Phase;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The results of a trial: as a table for people, as one JSON object for programs. For one thread. */
public final class Report {

    private static final int WRONG_SHOWN = 10;

    private final List<Phase> phases = new ArrayList<>();
    private final Set<String> wrong = new TreeSet<>();
    private final List<Check> checks = new ArrayList<>();
    private long overlapping;
    private long parked;
    private boolean stalled;
    private @Nullable Double idleLatencyMillis;

    private record Check(String key, String description, long value, long most) {

        boolean isKept() {
            return value <= most;
        }
    }

    Report() {}

    /**
     * Adds what only one example measures.
     *
     * @param key its name in the JSON object
     * @param description for people to read
     * @param value what was measured
     * @param most how much it may be
     */
    public void check(String key, String description, long value, long most) {
        checks.add(new Check(key, description, value, most));
    }

    void add(Phase phase, Set<String> wrongSubjects) {
        phases.add(phase);
        wrong.addAll(wrongSubjects);
    }

    void stalled() {
        stalled = true;
    }

    void idleLatency(double millis) {
        idleLatencyMillis = millis;
    }

    void end(long overlapping, long parked) {
        this.overlapping = overlapping;
        this.parked = parked;
    }

    /** Whether every phase came to its end, nothing was wrong or overlapping in any, and nothing was more than it may be. */
    public boolean isGood() {
        return !stalled
                && wrong.isEmpty()
                && overlapping == 0
                && checks.stream().allMatch(Check::isKept);
    }

    /** Writes the table, and what it does not show. */
    public void print(PrintStream out) {
        out.println();
        out.println("  phase               changes    needed     calls unchanged  wrong  seconds   calls/s");
        for (Phase phase : phases) {
            out.println(row(phase, phase.seconds() > 0 ? phase.calls() / phase.seconds() : 0));
        }
        Phase total = new Phase(
                "total",
                sum(Phase::changes),
                sum(Phase::needed),
                sum(Phase::calls),
                sum(Phase::unchanged),
                wrong.size(),
                seconds(),
                true);
        out.println(row(total, callsPerSecond()));
        out.println();
        out.printf(Locale.ENGLISH, "  overlapping calls of one subject: %,d%n", overlapping);
        if (idleLatencyMillis != null) {
            out.printf(Locale.ENGLISH, "  from commit to call when idle:    %.1f ms (median)%n", idleLatencyMillis);
        }
        for (Check check : checks) {
            out.printf(
                    Locale.ENGLISH,
                    "  %-33s %,d of at most %,d%s%n",
                    check.description() + ":",
                    check.value(),
                    check.most(),
                    check.isKept() ? "" : " – too many");
        }
        if (parked > 0) {
            out.printf(Locale.ENGLISH, "  given up (dead letters):          %,d%n", parked);
        }
        if (!wrong.isEmpty()) {
            List<String> some = wrong.stream().limit(WRONG_SHOWN).toList();
            out.println("  wrong: " + String.join(", ", some) + (wrong.size() > some.size() ? ", …" : ""));
        }
    }

    private static String row(Phase phase, double speed) {
        return String.format(
                Locale.ENGLISH,
                "  %-17s %,9d %,9d %,9d %,9d %,6d %8s %9s",
                phase.name(),
                phase.changes(),
                phase.needed(),
                phase.calls(),
                phase.unchanged(),
                phase.wrong(),
                phase.seconds() > 0 ? String.format(Locale.ENGLISH, "%.2f", phase.seconds()) : "–",
                speed > 0 ? String.format(Locale.ENGLISH, "%,.0f", speed) : "–");
    }

    /** The results as one JSON object on one line. */
    public String json(String example) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("example", example);
        fields.put("changes", sum(Phase::changes));
        fields.put("needed", sum(Phase::needed));
        fields.put("calls", sum(Phase::calls));
        fields.put("unchanged", sum(Phase::unchanged));
        fields.put("wrong", wrong.size());
        fields.put("overlapping", overlapping);
        fields.put("seconds", rounded(seconds(), 3));
        fields.put("callsPerSecond", rounded(callsPerSecond(), 1));
        fields.put("idleLatencyMedianMs", idleLatencyMillis == null ? null : rounded(idleLatencyMillis, 2));
        fields.put("deadLetters", parked);
        fields.put("settled", !stalled);
        checks.forEach(check -> fields.put(check.key(), check.value()));
        try {
            return new ObjectMapper().writeValueAsString(fields);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private long sum(ToLongFunction<Phase> column) {
        return phases.stream().mapToLong(column).sum();
    }

    private double seconds() {
        return phases.stream().filter(Phase::timed).mapToDouble(Phase::seconds).sum();
    }

    private double callsPerSecond() {
        long calls =
                phases.stream().filter(Phase::timed).mapToLong(Phase::calls).sum();
        return seconds() > 0 ? calls / seconds() : 0;
    }

    private static BigDecimal rounded(double value, int digits) {
        return BigDecimal.valueOf(value).setScale(digits, RoundingMode.HALF_UP);
    }
}
