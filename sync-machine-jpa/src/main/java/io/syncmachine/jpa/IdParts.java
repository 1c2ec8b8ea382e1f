package io.syncmachine.jpa;

import jakarta.persistence.metamodel.EmbeddableType;
import jakarta.persistence.metamodel.EntityType;
import jakarta.persistence.metamodel.ManagedType;
import jakarta.persistence.metamodel.Metamodel;
import jakarta.persistence.metamodel.SingularAttribute;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The columns of an id, as paths: what ids are ordered by. */
final class IdParts {

    private IdParts() {}

    /** Of an entity with the alias s. */
    static List<String> of(Metamodel metamodel, Class<?> type) {
        List<String> parts = new ArrayList<>();
        add(metamodel.entity(type), "s.", parts);
        return parts;
    }

    private static void add(EntityType<?> entity, String prefix, List<String> parts) {
        sorted(entity).filter(SingularAttribute::isId).forEach(id -> add(id, prefix, parts));
    }

    private static void add(SingularAttribute<?, ?> attribute, String prefix, List<String> parts) {
        String path = prefix + attribute.getName();
        if (attribute.getType() instanceof EmbeddableType<?> embeddable) {
            sorted(embeddable).forEach(part -> add(part, path + '.', parts));
        } else if (attribute.getType() instanceof EntityType<?> entity) {
            add(entity, path + '.', parts);
        } else {
            parts.add(path);
        }
    }

    private static java.util.stream.Stream<? extends SingularAttribute<?, ?>> sorted(ManagedType<?> type) {
        return type.getSingularAttributes().stream().sorted(Comparator.comparing(SingularAttribute::getName));
    }
}
