package io.syncmachine;

import io.syncmachine.spi.Change;
import io.syncmachine.spi.DerivedPaths;
import io.syncmachine.spi.DerivedPaths.Count;
import io.syncmachine.spi.DerivedPaths.Edge;
import io.syncmachine.spi.DerivedPaths.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What is derived from the paths that a machine declares, for people to read: {@link #toString} has it on several lines. Safe for use by
 * several threads.
 */
public final class PathsExplanation {

    private final String machine;
    private final String subject;
    private final Map<String, ReadPolicy> paths;
    private final @Nullable DerivedPaths<?> derived;
    private final Map<Edge, Count> counts;

    /** Of a machine that declares no paths if nothing is derived. */
    public PathsExplanation(
            String machine, String subject, Map<String, ReadPolicy> paths, @Nullable DerivedPaths<?> derived) {
        this(machine, subject, paths, derived, Map.of());
    }

    private PathsExplanation(
            String machine,
            String subject,
            Map<String, ReadPolicy> paths,
            @Nullable DerivedPaths<?> derived,
            Map<Edge, Count> counts) {
        this.machine = machine;
        this.subject = subject;
        this.paths = paths;
        this.derived = derived;
        this.counts = counts;
    }

    /** The edges that the paths go along, the subject's own first; none if no paths are declared. */
    public List<Edge> edges() {
        return derived == null ? List.of() : derived.edges();
    }

    /** The statements by which the subjects are found that a change of an entity concerns; none for the subject's own edge. */
    public List<Statement> statements(Edge edge) {
        return derived == null || edge.isSubject() ? List.of() : derived.statements(edge);
    }

    /**
     * The same with how many entities each edge has now, and how many subjects a change of one of them concerns at most. Reads whole
     * tables, in one aggregate query per edge and another per entity: not meant for a busy hour.
     *
     * @throws IllegalStateException if they cannot be counted
     */
    public PathsExplanation withRowCounts() {
        return withRowCounts(Change.DEFAULT_TENANT);
    }

    /** The same for a tenant's. */
    public PathsExplanation withRowCounts(String tenant) {
        Map<Edge, Count> counted = new LinkedHashMap<>();
        if (derived != null) {
            for (Edge edge : derived.edges()) {
                if (!edge.isSubject()) {
                    counted.put(edge, derived.count(tenant, edge));
                }
            }
        }
        return new PathsExplanation(machine, subject, paths, derived, Collections.unmodifiableMap(counted));
    }

    /** How many entities an edge has; empty without {@linkplain #withRowCounts row counts} and for the subject's own edge. */
    public Optional<Count> count(Edge edge) {
        return Optional.ofNullable(counts.get(edge));
    }

    /**
     * The largest number of subjects that one change concerns, or a little more; empty without {@linkplain #withRowCounts row counts} or
     * where only the subject itself is read.
     */
    public Optional<Long> largestFanOut() {
        return counts.values().stream().map(Count::mostSubjects).max(Comparator.naturalOrder());
    }

    @Override
    public String toString() {
        List<String> lines = new ArrayList<>();
        if (derived == null) {
            return "machine '" + machine + "' declares no paths";
        }
        lines.add("machine '" + machine + "' reads of each " + subject + ": " + String.join(", ", paths.keySet()));
        edges().forEach(edge -> add(edge, lines));
        String ignored = paths.entrySet().stream()
                .filter(path -> path.getValue() == ReadPolicy.IGNORED)
                .map(Map.Entry::getKey)
                .collect(Collectors.joining(", "));
        if (!ignored.isEmpty()) {
            lines.add("ignored: " + ignored);
        }
        largestFanOut().ifPresent(most -> lines.add("largest fan-out: one change concerns at most " + subjects(most)));
        return String.join("\n", lines);
    }

    private void add(Edge edge, List<String> lines) {
        lines.add((edge.isSubject()
                        ? edge.entity().name()
                        : edge.path() + ": " + edge.entity().name())
                + (edge.policy() == ReadPolicy.PACED ? ", paced" : ""));
        lines.add("  changes of " + properties(edge) + "created, deleted");
        for (Statement statement : statements(edge)) {
            lines.add("  " + statement.use() + ":");
            lines.add("    " + statement.text());
        }
        count(edge).ifPresent(count -> lines.add("  " + describe(count)));
    }

    private static String properties(Edge edge) {
        return edge.sortedProperties().entrySet().stream()
                .map(property -> property.getKey()
                        + (property.getValue() == ReadPolicy.PACED && edge.policy() == ReadPolicy.NOW
                                ? " (paced), "
                                : ", "))
                .collect(Collectors.joining());
    }

    private static String describe(Count count) {
        return count.rows() + (count.rows() == 1 ? " row" : " rows") + ", of which one concerns at most "
                + subjects(count.mostSubjects())
                + (count.busiest() == null ? "" : " (" + count.busiest() + ")");
    }

    private static String subjects(long count) {
        return count + (count == 1 ? " subject" : " subjects");
    }
}
