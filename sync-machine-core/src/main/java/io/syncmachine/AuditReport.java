package io.syncmachine;

import io.syncmachine.Explanation.Difference;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/** What an {@link Audit} found. Holds parts of documents: show it only to those who may read them. Immutable. */
public final class AuditReport {

    /** What was found of a subject. */
    public enum Finding {
        /** The API holds what the database says, as far as was looked. */
        AGREES,
        /** It should be at the API, and is not. */
        MISSING,
        /** The API holds another document. */
        DIFFERS,
        /** It is at the API, and should not be. */
        EXTRA,
        /** Not at the API, and it should not be. */
        ABSENT,
        /** It would be sent, but waits for its turn already, or is being sent. */
        PENDING,
        /** It would be sent, but was given up: it is a dead letter. */
        GIVEN_UP,
        /** Something may have been sent whose answer is not known; its next run resolves that. */
        IN_DOUBT,
        /** A newer builder has published it, and only that can tell. */
        NEWER_BUILDER,
        /** It cannot be built, or the API cannot be read. */
        FAILED;

        /** Whether the API is wrong and nothing is under way that would change that. */
        public boolean isDrift() {
            return this == MISSING || this == DIFFERS || this == EXTRA;
        }
    }

    /**
     * A subject that drifted, or failed.
     *
     * @param tenant whose subject
     * @param id its encoded id
     * @param finding what was found
     * @param readFromApi whether that was read from the API, or else is known from the record of what was acknowledged
     * @param differences from what the API holds to what it should hold; none where either is not known
     * @param reason why it failed; empty if it did not
     */
    public record Example(
            String tenant,
            String id,
            Finding finding,
            boolean readFromApi,
            List<Difference> differences,
            String reason) {}

    private final String machine;
    private final Map<Finding, Long> counts;
    private final List<Example> examples;
    private final long healed;

    /** Made by the engine. */
    public AuditReport(String machine, Map<Finding, Long> counts, List<Example> examples, long healed) {
        this.machine = machine;
        this.counts = Map.copyOf(counts);
        this.examples = List.copyOf(examples);
        this.healed = healed;
    }

    /** The machine's name. */
    public String machine() {
        return machine;
    }

    /** How many subjects there are of each finding; none of which there is none. */
    public Map<Finding, Long> counts() {
        return counts;
    }

    /** How many subjects there are of a finding. */
    public long count(Finding finding) {
        return counts.getOrDefault(finding, 0L);
    }

    /** How many subjects were looked at. */
    public long subjects() {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    /** How many subjects the API is wrong about. */
    public long drifted() {
        return count(Finding.MISSING) + count(Finding.DIFFERS) + count(Finding.EXTRA);
    }

    /** The first twenty that drifted, or failed. */
    public List<Example> examples() {
        return examples;
    }

    /** How many were enqueued to be mended. */
    public long healed() {
        return healed;
    }

    /** All of it as text, without documents. */
    @Override
    public String toString() {
        StringJoiner text = new StringJoiner("\n");
        text.add("machine " + machine + ", " + subjects() + " subjects, " + drifted() + " drifted, " + healed
                + " are being mended");
        StringJoiner found = new StringJoiner(", ");
        for (Finding finding : Finding.values()) {
            if (count(finding) > 0) {
                found.add(finding.name().toLowerCase(Locale.ROOT).replace('_', ' ') + " " + count(finding));
            }
        }
        text.add(found.toString());
        examples.forEach(example -> text.add("  " + example.id() + ": "
                + example.finding().name().toLowerCase(Locale.ROOT)
                + (example.readFromApi() ? " at the API" : "")
                + (example.reason().isEmpty() ? "" : ", " + example.reason())));
        return text.toString();
    }
}
