package io.syncmachine.internal;

import io.syncmachine.ReadSet;
import io.syncmachine.function.CheckedPredicate;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.MachineDefinition;
import io.syncmachine.spi.Reads;
import io.syncmachine.spi.Reads.Attribute;
import io.syncmachine.spi.Reads.Tie;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Compares what documents read with what their machine declares. */
record ReadCoverage<S, ID, D>(Machine<S, ID, D> machine, EntitySource source) {

    ReadSet check(String tenant, Collection<ID> ids) throws Exception {
        Reads reads = source.probe(tenant, machine.definition.subject(), ids, this::outcome);
        List<Attribute> uncovered = reads.attributes().stream()
                .filter(attribute -> !isCovered(attribute))
                .toList();
        return new ReadSet(
                machine.name(), paths(reads.attributes()), paths(uncovered), paths(reads.notSeen()), reads.queries());
    }

    private static List<String> paths(List<Attribute> attributes) {
        return attributes.stream().map(Attribute::path).distinct().sorted().toList();
    }

    /** What becomes of a subject: its document, or nothing. */
    private String outcome(S subject) throws Exception {
        MachineDefinition<S, ID, D> definition = machine.definition;
        if (!lets(definition.chosen(), subject) || !lets(definition.publishable(), subject)) {
            return "";
        }
        return Engine.JSON.write(Objects.requireNonNull(definition.builder().apply(subject)));
    }

    private static <S> boolean lets(@Nullable CheckedPredicate<? super S> predicate, S subject) throws Exception {
        return predicate == null || predicate.test(subject);
    }

    private boolean isCovered(Attribute attribute) {
        return machine.definition.reads().keySet().stream().anyMatch(path -> covers(path, attribute))
                || isListenedTo(attribute.type(), attribute.property())
                || attribute.tie().filter(this::isListenedTo).isPresent();
    }

    /** A path reads what it goes along; and one that ends at an embeddable reads all of it. */
    private static boolean covers(String declared, Attribute attribute) {
        String path = attribute.path();
        boolean isPartOfIt = path.startsWith(declared + '.')
                && path.length() - declared.length() <= attribute.property().length();
        return isPartOfIt || declared.equals(path) || declared.startsWith(path + '.');
    }

    private boolean isListenedTo(Tie tie) {
        return tie.types().stream().allMatch(type -> isListenedTo(type, tie.property()));
    }

    private boolean isListenedTo(String type, String property) {
        Machine.BoundListener<?, ID> bound = machine.listener(type);
        if (bound == null) {
            return false;
        }
        Set<String> listened = bound.listener().properties();
        return listened.isEmpty()
                || listened.stream()
                        .anyMatch(name -> name.equals(property)
                                || name.startsWith(property + '.')
                                || property.startsWith(name + '.'));
    }
}
