package io.syncmachine.jpa;

import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.TypedQuery;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.metamodel.mapping.AttributeMapping;
import org.hibernate.metamodel.mapping.BasicValuedMapping;
import org.hibernate.metamodel.mapping.CompositeIdentifierMapping;
import org.hibernate.metamodel.mapping.EmbeddableMappingType;
import org.hibernate.metamodel.mapping.EntityIdentifierMapping;
import org.hibernate.metamodel.mapping.NonAggregatedIdentifierMapping;
import org.jspecify.annotations.Nullable;

/**
 * Goes through the ids of an entity in the order of the database: by its one column, or by those of its parts, one after the other.
 *
 * @param entity the entity
 * @param parts the paths of the id's parts in a query; none where it is one value
 * @param embeddable takes an id apart; null where it is one value
 */
record IdPages<E, ID>(
        MappedEntity<E, ID> entity,
        List<String> parts,
        @Nullable EmbeddableMappingType embeddable) {

    static <E, ID> IdPages<E, ID> of(EntityManagerFactory factory, MappedEntity<E, ID> entity) {
        EntityIdentifierMapping id = factory.unwrap(SessionFactoryImplementor.class)
                .getMappingMetamodel()
                .getEntityDescriptor(entity.type())
                .getIdentifierMapping();
        if (!(id instanceof CompositeIdentifierMapping composite)) {
            return new IdPages<>(entity, List.of(), null);
        }
        EmbeddableMappingType ofEntity = composite.getPartMappingType();
        EmbeddableMappingType embeddable = ofEntity;
        String prefix = "e." + id.getAttributeName() + '.';
        if (id instanceof NonAggregatedIdentifierMapping several) {
            EmbeddableMappingType idClass = several.getIdClassEmbeddable();
            embeddable = idClass == null ? embeddable : idClass;
            prefix = "e.";
        }
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < embeddable.getNumberOfAttributeMappings(); i++) {
            AttributeMapping part = embeddable.getAttributeMapping(i);
            if (!(part instanceof BasicValuedMapping)) {
                throw new UnsupportedOperationException("the ids of all " + entity.name()
                        + " cannot be gone through in order, for their part '" + part.getAttributeName()
                        + "' is no single value; name those that are meant");
            }
            String path = prefix + part.getAttributeName();
            boolean isReference = !(ofEntity.getAttributeMapping(i) instanceof BasicValuedMapping);
            parts.add(isReference ? "id(" + path + ")" : path);
        }
        return new IdPages<>(entity, parts, embeddable);
    }

    /** Those that come after one, or the first ones. */
    List<ID> after(EntityManager manager, @Nullable ID after, int limit) {
        List<String> order = parts.isEmpty() ? List.of("id(e)") : parts;
        String condition = after == null ? "" : " where " + follows(order);
        TypedQuery<ID> query = manager.createQuery(
                        "select id(e) from " + entity.name() + " e" + condition + " order by "
                                + String.join(", ", order),
                        entity.idType())
                .setMaxResults(limit);
        if (after != null) {
            Object[] values = embeddable == null ? new Object[] {after} : embeddable.getValues(after);
            for (int i = 0; i < values.length; i++) {
                query.setParameter("p" + i, values[i]);
            }
        }
        return query.getResultList();
    }

    /** a is greater, or a is equal and b greater, and so on. */
    private static String follows(List<String> order) {
        StringJoiner any = new StringJoiner(" or ");
        for (int last = 0; last < order.size(); last++) {
            StringJoiner all = new StringJoiner(" and ", "(", ")");
            for (int i = 0; i < last; i++) {
                all.add(order.get(i) + " = :p" + i);
            }
            all.add(order.get(last) + " > :p" + last);
            any.add(all.toString());
        }
        return any.toString();
    }
}
