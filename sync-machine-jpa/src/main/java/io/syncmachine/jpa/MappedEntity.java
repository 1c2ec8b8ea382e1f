package io.syncmachine.jpa;

import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.IdCodec;
import io.syncmachine.spi.JsonIdCodec;
import jakarta.persistence.metamodel.Attribute;
import jakarta.persistence.metamodel.EmbeddableType;
import jakarta.persistence.metamodel.EntityType;
import jakarta.persistence.metamodel.ManagedType;
import jakarta.persistence.metamodel.Metamodel;
import jakarta.persistence.metamodel.SingularAttribute;
import java.lang.invoke.MethodType;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What the mapping says of an entity.
 *
 * @param type its class
 * @param name its JPA name, by which its changes are stored
 * @param idType the class of its id
 * @param ids turns its ids into text
 */
record MappedEntity<E, ID>(Class<E> type, String name, Class<ID> idType, IdCodec<ID> ids) {

    /** The entity with its id's class, which may be primitive. */
    static <E> MappedEntity<E, ?> of(EntityType<E> entity, Class<?> idType) {
        return wrapped(entity, MethodType.methodType(idType).wrap().returnType());
    }

    private static <E, ID> MappedEntity<E, ID> wrapped(EntityType<E> entity, Class<ID> idType) {
        return new MappedEntity<>(entity.getJavaType(), entity.getName(), idType, codec(idType));
    }

    private static <ID> IdCodec<ID> codec(Class<ID> idType) {
        try {
            return IdCodec.of(idType);
        } catch (IllegalArgumentException e) {
            return new JsonIdCodec<>(idType);
        }
    }

    /** Together with its subclasses. */
    EntityDescription<E, ID> describe(Metamodel metamodel) {
        Set<EntityType<?>> family = metamodel.getEntities().stream()
                .filter(entity -> entity.getJavaType() != null && type.isAssignableFrom(entity.getJavaType()))
                .collect(Collectors.toSet());
        Set<String> names = family.stream().map(EntityType::getName).collect(Collectors.toCollection(TreeSet::new));
        Set<String> properties = new TreeSet<>();
        family.forEach(entity -> addProperties(entity, "", properties));
        return new EntityDescription<>(type, name, names, properties, idType, ids);
    }

    /** A part of an embeddable, other than of an id, is a property too: {@code address.city}. */
    private static void addProperties(ManagedType<?> owner, String prefix, Set<String> properties) {
        for (Attribute<?, ?> attribute : owner.getAttributes()) {
            properties.add(prefix + attribute.getName());
            if (attribute instanceof SingularAttribute<?, ?> single
                    && !single.isId()
                    && single.getType() instanceof EmbeddableType<?> embeddable) {
                addProperties(embeddable, prefix + attribute.getName() + '.', properties);
            }
        }
    }

    String encode(Object id) {
        return ids.encode(idType.cast(id));
    }
}
