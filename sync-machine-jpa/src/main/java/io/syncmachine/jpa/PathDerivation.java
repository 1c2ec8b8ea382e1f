package io.syncmachine.jpa;

import io.syncmachine.ReadPolicy;
import io.syncmachine.jpa.PathNode.Join;
import io.syncmachine.jpa.PathNode.Tie;
import jakarta.persistence.OneToOne;
import jakarta.persistence.metamodel.Attribute;
import jakarta.persistence.metamodel.EmbeddableType;
import jakarta.persistence.metamodel.EntityType;
import jakarta.persistence.metamodel.ManagedType;
import jakarta.persistence.metamodel.Metamodel;
import jakarta.persistence.metamodel.PluralAttribute;
import jakarta.persistence.metamodel.SingularAttribute;
import jakarta.persistence.metamodel.Type;
import java.lang.reflect.AnnotatedElement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.hibernate.metamodel.MappingMetamodel;
import org.hibernate.metamodel.mapping.EntityAssociationMapping;
import org.hibernate.metamodel.mapping.ForeignKeyDescriptor;
import org.hibernate.metamodel.mapping.ModelPart;
import org.hibernate.metamodel.mapping.PluralAttributeMapping;
import org.hibernate.metamodel.mapping.SelectableMapping;
import org.hibernate.metamodel.mapping.internal.ToOneAttributeMapping;
import org.hibernate.persister.collection.CollectionPersister;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/** Follows paths through the mapping. For one subject. */
final class PathDerivation {

    private final Metamodel metamodel;
    private final MappingMetamodel mappings;
    private final Function<EntityType<?>, MappedEntity<?, ?>> mapped;
    private final TracedReferences traced;
    private final PathNode subject;

    /** How far a path has been followed: the entity, and where in it. */
    private record Position(
            PathNode node,
            ManagedType<?> type,
            String prefix,
            @Nullable String collection,
            List<Join> joins) {

        static Position at(PathNode node, ManagedType<?> type) {
            return new Position(node, type, "", null, List.of());
        }

        /** In an embeddable that the entity, or what is here, holds. */
        Position in(EmbeddableType<?> part, String name) {
            return new Position(node, part, prefix + name + '.', collection, joins);
        }

        /** In the embeddables of a collection. */
        Position inElements(EmbeddableType<?> part, String name, @Nullable String treatedAs) {
            return new Position(node, part, "", prefix + name, List.of(new Join(treatedAs, prefix + name)));
        }

        /** As which property of the entity a change of an attribute is captured. */
        String property(String name) {
            return collection == null ? prefix + name : collection;
        }

        /** The attribute as a step from the entity. */
        String step(String name) {
            return (collection == null ? "" : collection + '.') + prefix + name;
        }

        List<Join> to(String name, @Nullable String treatedAs) {
            List<Join> way = new ArrayList<>(joins);
            way.add(new Join(treatedAs, prefix + name));
            return way;
        }
    }

    /** One declared path. */
    private final class Path {

        private final String text;
        private final String[] names;
        private final ReadPolicy policy;

        Path(String text, ReadPolicy policy) {
            this.text = text;
            this.names = text.split("\\.");
            this.policy = policy;
        }

        void follow() {
            subject.reached(policy);
            follow(Position.at(subject, metamodel.entity(subject.entity.type())), 0);
        }

        private void follow(Position position, int i) {
            Attribute<?, ?> own = attribute(position.type(), names[i]);
            if (own != null) {
                follow(position, own, null, i);
                return;
            }
            List<EntityType<?>> below = below(position.type(), names[i]);
            if (below.isEmpty()) {
                throw cannot(
                        i,
                        name(position.type()) + " has no property '" + names[i] + "'; it has only "
                                + attributes(position.type()),
                        false);
            }
            for (EntityType<?> subclass : below) {
                follow(position, subclass.getAttribute(names[i]), subclass, i);
            }
        }

        private boolean isLast(int i) {
            return i == names.length - 1;
        }

        private void follow(Position position, Attribute<?, ?> attribute, @Nullable EntityType<?> subclass, int i) {
            ModelPart part = part(position, attribute, subclass);
            if (attribute instanceof PluralAttribute<?, ?, ?> plural) {
                followElements(position, plural, part, subclass, i);
            } else if (attribute instanceof SingularAttribute<?, ?> single
                    && single.getType() instanceof EntityType<?> target) {
                followReference(position, single, target, part, subclass, i);
            } else if (attribute instanceof SingularAttribute<?, ?> single
                    && single.getType() instanceof EmbeddableType<?> embeddable
                    && !isLast(i)) {
                follow(position.in(embeddable, attribute.getName()), i + 1);
            } else if (attribute.isAssociation()) {
                throw cannot(i, "may refer to entities of any kind", true);
            } else {
                readValue(position, attribute, part, i);
            }
        }

        private void readValue(Position position, Attribute<?, ?> attribute, @Nullable ModelPart part, int i) {
            if (!isLast(i)) {
                throw cannot(
                        i + 1,
                        "'" + names[i] + "' is a value of "
                                + attribute.getJavaType().getSimpleName(),
                        false);
            }
            if (part instanceof SelectableMapping column && column.isFormula()) {
                throw cannot(
                        i,
                        "is computed by the database, which tells of no change; declare what it is computed of",
                        true);
            }
            if (!(attribute instanceof SingularAttribute<?, ?> single && single.isId())) { // an id never changes
                position.node().read(position.property(attribute.getName()), policy);
            }
        }

        private void followReference(
                Position position,
                SingularAttribute<?, ?> attribute,
                EntityType<?> target,
                @Nullable ModelPart part,
                @Nullable EntityType<?> subclass,
                int i) {
            String name = attribute.getName();
            refuseRestricted(target, i);
            List<Join> joins =
                    position.to(name, subclass == null || position.collection() != null ? null : subclass.getName());
            boolean isInverse = part instanceof EntityAssociationMapping reference
                    && reference.getSideNature() == ForeignKeyDescriptor.Nature.TARGET;
            if (isInverse) {
                String back = mappedBy(attribute, part);
                if (back == null) {
                    throw cannot(i, "does not say by which property of " + target.getName() + " it is mapped", true);
                }
                PathNode node = after(position, name, subclass, target, new Tie(joins, null, back, false));
                node.read(back, policy);
                goOn(node, target, i);
                return;
            }
            if (!attribute.isId()) {
                position.node().read(position.property(name), policy);
            }
            if (!isLast(i)) {
                boolean isColumn = subclass == null
                        && position.collection() == null
                        && part instanceof EntityAssociationMapping reference
                        && reference.isReferenceToPrimaryKey()
                        && !(part instanceof ToOneAttributeMapping toOne && toOne.hasJoinTable());
                String foreignKey = isColumn ? position.prefix() + name : null;
                goOn(after(position, name, subclass, target, new Tie(joins, foreignKey, null, false)), target, i);
            }
        }

        private void followElements(
                Position position,
                PluralAttribute<?, ?, ?> attribute,
                @Nullable ModelPart part,
                @Nullable EntityType<?> subclass,
                int i) {
            if (!(part instanceof PluralAttributeMapping collection)) {
                throw cannot(i, "is a collection within a collection", true);
            }
            if (collection.hasWhereRestrictions()) {
                throw cannot(
                        i,
                        "has an SQL restriction, and of what leaves it by a change nobody could tell where it was",
                        true);
            }
            String name = attribute.getName();
            String treatedAs = subclass == null ? null : subclass.getName();
            Type<?> elements = attribute.getElementType();
            if (elements instanceof EntityType<?> target) {
                refuseRestricted(target, i);
                followEntities(position, name, target, collection, subclass, i);
            } else if (isLast(i)) {
                position.node().read(position.property(name), policy);
            } else if (elements instanceof EmbeddableType<?> embeddable) {
                position.node().read(position.property(name), policy);
                follow(position.inElements(embeddable, name, treatedAs), i + 1);
            } else if (elements.getPersistenceType() == Type.PersistenceType.BASIC) {
                throw cannot(
                        i + 1,
                        "'" + name + "' is a collection of "
                                + elements.getJavaType().getSimpleName(),
                        false);
            } else {
                throw cannot(i, "may hold entities of any kind", true);
            }
        }

        private void followEntities(
                Position position,
                String name,
                EntityType<?> target,
                PluralAttributeMapping collection,
                @Nullable EntityType<?> subclass,
                int i) {
            CollectionPersister persister = collection.getCollectionDescriptor();
            List<Join> joins = position.to(name, subclass == null ? null : subclass.getName());
            String back = persister.getMappedByProperty();
            if (back != null) {
                ModelPart owning =
                        mappings.getEntityDescriptor(target.getJavaType()).findByPath(back);
                boolean comesAndGoes = owning instanceof PluralAttributeMapping;
                if (owning instanceof PluralAttributeMapping other && policy != ReadPolicy.IGNORED) {
                    traced.addCollection(other.getCollectionDescriptor().getRole());
                }
                PathNode node = after(position, name, subclass, target, new Tie(joins, null, back, comesAndGoes));
                node.read(back, policy);
                goOn(node, target, i);
                return;
            }
            if (persister.isInverse()) {
                throw cannot(
                        i,
                        "is inverse, and does not say by which property of " + target.getName() + " it is mapped",
                        true);
            }
            position.node().read(position.property(name), policy);
            if (persister.isOneToMany()) { // the column is in the other table, where no property tells it
                MappedEntity<?, ?> owner = position.node().entity;
                String told = traced.addColumn(
                        owner, position.prefix() + name, subclass, target.getJavaType(), persister.getRole());
                goOn(after(position, name, subclass, target, new Tie(joins, null, told, false)), target, i);
            } else if (!isLast(i)) {
                goOn(after(position, name, subclass, target, new Tie(joins, null, null, false)), target, i);
            }
        }

        private void goOn(PathNode node, EntityType<?> target, int i) {
            node.reached(policy);
            if (!isLast(i)) {
                follow(Position.at(node, target), i + 1);
            }
        }

        private PathNode after(
                Position position, String name, @Nullable EntityType<?> subclass, EntityType<?> target, Tie tie) {
            String step = position.step(name) + (subclass == null ? "" : " of " + subclass.getName());
            return position.node().after(step, mapped.apply(target), tie);
        }

        private void refuseRestricted(EntityType<?> target, int i) {
            EntityPersister persister = mappings.getEntityDescriptor(target.getJavaType());
            if (persister.hasWhereRestrictions()) {
                throw cannot(
                        i,
                        "leads to " + target.getName()
                                + ", which has an SQL restriction, and of what leaves it by a change nobody could tell where it was",
                        true);
            }
        }

        private IllegalArgumentException cannot(int i, String reason, boolean aboutTheHop) {
            String hop = String.join(".", List.of(names).subList(0, i + 1));
            return new IllegalArgumentException("reads(\"" + text + "\") cannot be derived at '" + hop + "': "
                    + (aboutTheHop ? "it " : "") + reason
                    + (aboutTheHop
                            ? ". Listen to the entity instead, with a function to the ids of the "
                                    + subject.entity.type().getSimpleName()
                                    + " that show it: listenTo(…); or, if its changes need not count, say reads(ReadPolicy.IGNORED, …)"
                            : ""));
        }
    }

    PathDerivation(
            Metamodel metamodel,
            MappingMetamodel mappings,
            Function<EntityType<?>, MappedEntity<?, ?>> mapped,
            TracedReferences traced,
            MappedEntity<?, ?> subject) {
        this.metamodel = metamodel;
        this.mappings = mappings;
        this.mapped = mapped;
        this.traced = traced;
        this.subject = PathNode.subject(subject);
    }

    /**
     * Follows the paths.
     *
     * @return the subject, with all that comes after it
     * @throws IllegalArgumentException if one of them cannot be followed
     */
    PathNode derive(Map<String, ReadPolicy> paths) {
        paths.forEach((path, policy) -> new Path(path, policy).follow());
        return subject;
    }

    private static @Nullable Attribute<?, ?> attribute(ManagedType<?> type, String name) {
        return type.getAttributes().stream()
                .filter(attribute -> attribute.getName().equals(name))
                .findFirst()
                .orElse(null);
    }

    /** The subclasses that declare a property which the class does not have. */
    private List<EntityType<?>> below(ManagedType<?> type, String name) {
        List<EntityType<?>> found = new ArrayList<>();
        for (EntityType<?> entity : metamodel.getEntities()) {
            Class<?> java = entity.getJavaType();
            if (type instanceof EntityType<?>
                    && java != null
                    && java != type.getJavaType()
                    && type.getJavaType().isAssignableFrom(java)
                    && attribute(entity, name) != null) {
                found.add(entity);
            }
        }
        return found.stream()
                .filter(entity -> found.stream()
                        .noneMatch(
                                other -> other != entity && other.getJavaType().isAssignableFrom(entity.getJavaType())))
                .sorted(Comparator.comparing(EntityType::getName))
                .toList();
    }

    private static String name(ManagedType<?> type) {
        return type instanceof EntityType<?> entity
                ? entity.getName()
                : type.getJavaType().getSimpleName();
    }

    private static Set<String> attributes(ManagedType<?> type) {
        Set<String> names = new TreeSet<>();
        type.getAttributes().forEach(attribute -> names.add(attribute.getName()));
        return names;
    }

    /** What Hibernate knows of an attribute; null for parts of ids and of collections' elements. */
    private @Nullable ModelPart part(Position position, Attribute<?, ?> attribute, @Nullable EntityType<?> subclass) {
        if (position.collection() != null) {
            return null;
        }
        Class<?> entity = subclass == null ? position.node().entity.type() : subclass.getJavaType();
        return mappings.getEntityDescriptor(entity).findByPath(position.prefix() + attribute.getName());
    }

    /** By which property of the other class a one-to-one association is mapped there. */
    static @Nullable String mappedBy(@Nullable Attribute<?, ?> attribute, @Nullable ModelPart part) {
        if (attribute != null && attribute.getJavaMember() instanceof AnnotatedElement member) {
            OneToOne annotation = member.getAnnotation(OneToOne.class);
            if (annotation != null && !annotation.mappedBy().isEmpty()) {
                return annotation.mappedBy();
            }
        }
        return part instanceof ToOneAttributeMapping toOne ? toOne.getReferencedPropertyName() : null;
    }
}
