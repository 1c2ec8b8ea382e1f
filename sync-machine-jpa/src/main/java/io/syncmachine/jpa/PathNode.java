package io.syncmachine.jpa;

import io.syncmachine.ChangedProperties;
import io.syncmachine.ReadPolicy;
import io.syncmachine.spi.DerivedPaths.Edge;
import jakarta.persistence.metamodel.Metamodel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where a part of some paths leads: entities, what is read of them, and how they hang on those before. Built once, then read only. */
final class PathNode {

    final String path;
    final MappedEntity<?, ?> entity;
    final @Nullable PathNode before;
    final @Nullable Tie tie;
    private final Map<String, ReadPolicy> properties = new HashMap<>();
    private final Map<String, PathNode> after = new LinkedHashMap<>();
    private ReadPolicy policy = ReadPolicy.IGNORED;

    /**
     * How an entity hangs on the one before.
     *
     * @param joins the way there, by embeddables in collections where there are some
     * @param foreignKey the expression, with a place for the alias before, by which the entity before holds this one's id; null if it does
     *     not, or not as a column
     * @param back this entity's property, or what its change has instead of one, that tells the id of the one before
     * @param comesAndGoes whether that is a collection, of whose old references those count as well that came
     */
    record Tie(
            List<Join> joins,
            @Nullable String foreignKey,
            @Nullable String back,
            boolean comesAndGoes) {}

    /**
     * One step.
     *
     * @param treatedAs the subclass that has the attribute; null if the class itself has it
     * @param path of the attribute
     */
    record Join(@Nullable String treatedAs, String path) {
        String from(String alias) {
            return (treatedAs == null ? alias : "treat(" + alias + " as " + treatedAs + ")") + "." + path;
        }
    }

    private PathNode(String path, MappedEntity<?, ?> entity, @Nullable PathNode before, @Nullable Tie tie) {
        this.path = path;
        this.entity = entity;
        this.before = before;
        this.tie = tie;
    }

    /** The subject. */
    static PathNode subject(MappedEntity<?, ?> entity) {
        return new PathNode("", entity, null, null);
    }

    /** The one after it, made if there is none yet. */
    PathNode after(String step, MappedEntity<?, ?> entity, Tie tie) {
        return after.computeIfAbsent(
                step, key -> new PathNode(path.isEmpty() ? step : path + "." + step, entity, this, tie));
    }

    /** A path leads here: that entities come and go counts. */
    void reached(ReadPolicy reading) {
        policy = policy.or(reading);
    }

    void read(String property, ReadPolicy reading) {
        properties.merge(property, reading, ReadPolicy::or);
    }

    /** All that come after it and itself. */
    List<PathNode> all() {
        List<PathNode> all = new ArrayList<>();
        all.add(this);
        after.values().forEach(node -> all.addAll(node.all()));
        return all;
    }

    /** From the subject, which is left out, to this one. */
    List<PathNode> chain() {
        if (before == null) {
            return List.of();
        }
        List<PathNode> chain = new ArrayList<>(before.chain());
        chain.add(this);
        return chain;
    }

    boolean isIgnored() {
        return policy == ReadPolicy.IGNORED;
    }

    Edge edge(Metamodel metamodel) {
        Map<String, ReadPolicy> counting = new HashMap<>(properties);
        counting.values().removeIf(ReadPolicy.IGNORED::equals);
        return new Edge(path, entity.describe(metamodel), counting, policy);
    }

    /** The ids of those before that a change tells. */
    Set<String> toldBefore(ChangedProperties changed) {
        return tie == null || tie.back() == null ? Set.of() : changed.oldReferences(tie.back(), String.class);
    }

    /** Whether more may be concerned than those that the change tells. */
    boolean concernsItsSubjects(ChangedProperties changed) {
        if (changed.isAll()
                || tie == null
                || !tie.comesAndGoes()
                || toldBefore(changed).isEmpty()) {
            return true;
        }
        return changed.names().stream()
                .anyMatch(property -> !property.equals(tie.back()) && properties.containsKey(property));
    }
}
