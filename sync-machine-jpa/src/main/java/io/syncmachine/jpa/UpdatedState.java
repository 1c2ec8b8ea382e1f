package io.syncmachine.jpa;

import io.syncmachine.ChangedProperties;
import jakarta.persistence.PersistenceUnitUtil;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.hibernate.bytecode.enhance.spi.LazyPropertyInitializer;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.generator.Generator;
import org.hibernate.metamodel.mapping.AttributeMapping;
import org.hibernate.metamodel.mapping.EntityAssociationMapping;
import org.hibernate.metamodel.mapping.EntityVersionMapping;
import org.hibernate.metamodel.mapping.NonAggregatedIdentifierMapping;
import org.hibernate.persister.entity.EntityPersister;
import org.hibernate.type.CompositeType;
import org.hibernate.type.EntityType;
import org.hibernate.type.Type;
import org.jspecify.annotations.Nullable;

/**
 * Compares what was written of an entity with what was there before: which properties differ, parts of embeddables included, and which
 * entities the references that differ pointed to. Used by one thread.
 */
final class UpdatedState {

    private final EntityPersister persister;
    private final @Nullable SharedSessionContractImplementor session;
    private final Map<String, MappedEntity<?, ?>> mapped;
    private final PersistenceUnitUtil identifiers;
    private final Set<String> names = new LinkedHashSet<>();
    private final Map<String, String> oldReferences = new LinkedHashMap<>();

    /**
     * Makes one.
     *
     * @param mapped all entities by class name
     * @param identifiers tells the ids of references, without loading what they point to
     */
    UpdatedState(
            EntityPersister persister,
            @Nullable SharedSessionContractImplementor session,
            Map<String, MappedEntity<?, ?>> mapped,
            PersistenceUnitUtil identifiers) {
        this.persister = persister;
        this.session = session;
        this.mapped = mapped;
        this.identifiers = identifiers;
    }

    /**
     * An update.
     *
     * @param dirty the properties that Hibernate found to differ; without them all count
     * @param before the old values, where they are known
     */
    UpdatedState update(int @Nullable [] dirty, Object @Nullable [] before, Object[] now) {
        Type[] types = persister.getPropertyTypes();
        String[] properties = persister.getPropertyNames();
        if (dirty == null || before == null) {
            for (int i = 0; i < properties.length; i++) {
                written(properties[i], types[i]);
            }
            return this;
        }
        for (int i : dirty) {
            differs(properties[i], types[i], before[i], now[i]);
        }
        for (int i : writtenBesides(properties)) {
            if (types[i].isDirty(before[i], now[i], session)) {
                differs(properties[i], types[i], before[i], now[i]);
            }
        }
        return this;
    }

    /** Versions, timestamps and the like: Hibernate or the database writes them, without finding them dirty. */
    private List<Integer> writtenBesides(String[] properties) {
        EntityVersionMapping version = persister.getVersionMapping();
        String versionName =
                version == null ? null : version.getVersionAttribute().getAttributeName();
        List<Integer> result = new ArrayList<>();
        for (int i = 0; i < properties.length; i++) {
            if (properties[i].equals(versionName) || isGeneratedOnUpdate(properties[i])) {
                result.add(i);
            }
        }
        return result;
    }

    private boolean isGeneratedOnUpdate(String property) {
        AttributeMapping attribute = persister.findAttributeMapping(property);
        Generator generator = attribute == null ? null : attribute.getGenerator();
        return generator != null && generator.generatesOnUpdate();
    }

    /** A deletion: every reference counts. */
    UpdatedState delete(Object[] before) {
        Type[] types = persister.getPropertyTypes();
        for (int i = 0; i < before.length; i++) {
            differs(persister.getPropertyNames()[i], types[i], before[i], null);
        }
        return this;
    }

    /** The references that are parts of its id, and no properties besides. */
    UpdatedState deleteId(Object entity) {
        if (persister.getIdentifierMapping() instanceof NonAggregatedIdentifierMapping id) {
            id.getVirtualIdEmbeddable().forEachAttributeMapping(part -> {
                if (part instanceof EntityAssociationMapping reference) {
                    Object before = reference instanceof AttributeMapping attribute
                            ? attribute.getPropertyAccess().getGetter().get(entity)
                            : null;
                    if (before != null) {
                        String target =
                                reference.getAssociatedEntityMappingType().getEntityName();
                        pointedTo(part.getAttributeName(), target, before);
                    }
                }
            });
        }
        return this;
    }

    private void written(String path, Type type) {
        names.add(path);
        if (type.isComponentType()) {
            CompositeType parts = (CompositeType) type;
            for (int i = 0; i < parts.getPropertyNames().length; i++) {
                written(path + '.' + parts.getPropertyNames()[i], parts.getSubtypes()[i]);
            }
        }
    }

    private void differs(String path, Type type, @Nullable Object before, @Nullable Object now) {
        names.add(path);
        if ((before == null && now == null) || before == LazyPropertyInitializer.UNFETCHED_PROPERTY) {
            return;
        }
        if (type.isComponentType()) {
            partsDiffer(path, (CompositeType) type, before, now);
        } else if (before != null && type instanceof EntityType reference) {
            pointedTo(path, reference.getAssociatedEntityName(), before);
        }
    }

    private void partsDiffer(String path, CompositeType type, @Nullable Object before, @Nullable Object now) {
        Type[] types = type.getSubtypes();
        @Nullable Object[] partsBefore = parts(type, before);
        @Nullable Object[] partsNow = parts(type, now);
        for (int i = 0; i < types.length; i++) {
            if (before == null || now == null || types[i].isDirty(partsBefore[i], partsNow[i], session)) {
                differs(path + '.' + type.getPropertyNames()[i], types[i], partsBefore[i], partsNow[i]);
            }
        }
    }

    private static @Nullable Object[] parts(CompositeType type, @Nullable Object component) {
        return component == null ? new Object[type.getSubtypes().length] : type.getPropertyValues(component);
    }

    private void pointedTo(String path, String entityName, Object before) {
        MappedEntity<?, ?> target = mapped.get(entityName);
        Object id = identifiers.getIdentifier(before);
        if (target != null && id != null) {
            oldReferences.put(path, target.encode(id));
        }
    }

    /** The properties that differ; a part of an embeddable is {@code embeddable.part}, besides the embeddable itself. */
    Set<String> names() {
        return names;
    }

    /** The references added to what changed. */
    ChangedProperties withOldReferences(ChangedProperties changed) {
        ChangedProperties result = changed;
        for (Map.Entry<String, String> reference : oldReferences.entrySet()) {
            result = result.withOldReference(reference.getKey(), reference.getValue());
        }
        return result;
    }
}
