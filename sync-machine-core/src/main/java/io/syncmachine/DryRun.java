package io.syncmachine;

import io.syncmachine.Explanation.Action;
import io.syncmachine.Explanation.Difference;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * What would be sent now, and how long it would take at least: see {@link SyncEngine#dryRun(SyncMachine, Iterable)}. Holds documents: show it
 * only to those who may read them. Immutable.
 */
public final class DryRun {

    private final String machine;
    private final Map<Action, Long> counts;
    private final List<Sample> samples;
    private final List<Failure> failures;
    private final Optional<String> closed;
    private final Estimate toSend;
    private final Estimate ifAllDiffer;

    /**
     * A subject that would be sent.
     *
     * @param tenant whose subject
     * @param id its encoded id
     * @param action what would be done
     * @param json the document that would be sent; empty in a delete
     * @param differences from the document that was acknowledged last; none where that is not kept
     */
    public record Sample(
            String tenant, String id, Action action, Optional<String> json, List<Difference> differences) {}

    /**
     * A subject whose run would fail.
     *
     * @param tenant whose subject
     * @param id its encoded id
     * @param reason why
     */
    public record Failure(String tenant, String id, String reason) {}

    /**
     * How long some documents take at least from now on, if nothing else is sent to the destination meanwhile. A lower bound, never an
     * average: what was called just before counts in windows, too, and is not known here; each call takes its time; some fail and are made
     * again; a batch may not be full; and the log of calls grants some up to a 128th of a window later than the window demands.
     *
     * @param documents how many
     * @param calls that they take, each batch being full
     * @param pause how long the destination is left alone from now, for it asked for that or its circuit breaker is open
     * @param spread from the first call to the last, as the windows of its {@link Limits} and their guards demand: of one of
     *     n calls, all windows but the last one are waited for. Of several windows that which demands most
     * @param inFlight calls in flight at most: on all nodes, if the limits say so, else on one
     */
    public record Estimate(long documents, long calls, Duration pause, Duration spread, int inFlight) {

        /** Made by the engine. */
        public static Estimate of(long documents, Policy policy, int batchSize, Duration pause) {
            long calls = documents / batchSize + (documents % batchSize == 0 ? 0 : 1);
            Duration spread = Duration.ZERO;
            for (Limits.Window window : policy.limits().windows()) {
                Duration demanded =
                        window.length().plus(window.guard()).multipliedBy(Math.max(calls - 1, 0) / window.calls());
                spread = demanded.compareTo(spread) > 0 ? demanded : spread;
            }
            int inFlight = policy.limits().inFlight() > 0 ? policy.limits().inFlight() : policy.inFlight();
            return new Estimate(documents, calls, pause, spread, inFlight);
        }

        /** Until the last call can begin; zero if there is none. */
        public Duration atLeast() {
            return calls == 0 ? Duration.ZERO : pause.plus(spread);
        }

        /** Until the last call has ended, if each takes this long: then those in flight count, too. */
        public Duration atLeast(Duration call) {
            if (calls == 0) {
                return Duration.ZERO;
            }
            Duration rounds = call.multipliedBy((calls - 1) / inFlight);
            return pause.plus(rounds.compareTo(spread) > 0 ? rounds : spread).plus(call);
        }
    }

    /** Made by the engine. */
    public DryRun(
            String machine,
            Map<Action, Long> counts,
            List<Sample> samples,
            List<Failure> failures,
            Optional<String> closed,
            Policy policy,
            int batchSize,
            Duration pause) {
        this.machine = machine;
        this.counts = Map.copyOf(counts);
        this.samples = List.copyOf(samples);
        this.failures = List.copyOf(failures);
        this.closed = closed;
        long sent = created() + updated() + deleted();
        this.toSend = Estimate.of(sent, policy, batchSize, pause);
        this.ifAllDiffer = Estimate.of(sent + unchanged(), policy, batchSize, pause);
    }

    /** Whether something is sent by an action. */
    public static boolean isSent(Action action) {
        return switch (action) {
            case CREATE, UPDATE, DELETE, REPEAT_CREATE -> true;
            case NOTHING_UNCHANGED, NOTHING_NOT_PUBLISHABLE, NOTHING_NEWER_BUILDER, FAIL -> false;
        };
    }

    /** The machine's name. */
    public String machine() {
        return machine;
    }

    /** How many subjects each action would be of; none of which there is none. */
    public Map<Action, Long> counts() {
        return counts;
    }

    private long count(Action action) {
        return counts.getOrDefault(action, 0L);
    }

    /** How many subjects were looked at. */
    public long subjects() {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    /** How many would be created; also unanswered creates that would be sent again. */
    public long created() {
        return count(Action.CREATE) + count(Action.REPEAT_CREATE);
    }

    /** How many would be updated; also those in doubt whose document is equal. */
    public long updated() {
        return count(Action.UPDATE);
    }

    /** How many would be deleted. */
    public long deleted() {
        return count(Action.DELETE);
    }

    /** How many would not be sent, for the document is the one that was acknowledged last. */
    public long unchanged() {
        return count(Action.NOTHING_UNCHANGED);
    }

    /** How many may not be at the destination, or are gone, and are not there. */
    public long notPublishable() {
        return count(Action.NOTHING_NOT_PUBLISHABLE);
    }

    /** How many would fail. */
    public long failed() {
        return count(Action.FAIL);
    }

    /** The first twenty of those that would be sent. */
    public List<Sample> samples() {
        return samples;
    }

    /** The first ten of those that would fail. */
    public List<Failure> failures() {
        return failures;
    }

    /** Why the machine publishes nothing here, however long one waits; empty if it does. */
    public Optional<String> closed() {
        return closed;
    }

    /** What would be sent now. */
    public Estimate toSend() {
        return toSend;
    }

    /** What would be sent if no document were unchanged, as after a change that all of them show. */
    public Estimate ifAllDiffer() {
        return ifAllDiffer;
    }

    /** All of it as text, without documents. */
    @Override
    public String toString() {
        StringJoiner text = new StringJoiner("\n");
        text.add("machine " + machine + ", " + subjects() + " subjects");
        closed.ifPresent(reason -> text.add("publishes nothing here: " + reason));
        text.add("create " + created() + ", update " + updated() + ", delete " + deleted());
        text.add("unchanged " + unchanged() + ", not publishable " + notPublishable() + ", fail " + failed());
        failures.forEach(failure -> text.add("  " + failure.id() + ": " + failure.reason()));
        text.add(toSend.calls() + " calls, at least " + toSend.atLeast() + "; if all differ, " + ifAllDiffer.calls()
                + " calls, at least " + ifAllDiffer.atLeast());
        return text.toString();
    }
}
