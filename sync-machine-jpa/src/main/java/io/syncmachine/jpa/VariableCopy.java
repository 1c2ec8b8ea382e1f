package io.syncmachine.jpa;

import io.syncmachine.spi.Reads.Attribute;
import io.syncmachine.spi.Reads.Tie;
import jakarta.persistence.metamodel.EmbeddableType;
import jakarta.persistence.metamodel.EntityType;
import jakarta.persistence.metamodel.ManagedType;
import jakarta.persistence.metamodel.Metamodel;
import jakarta.persistence.metamodel.PluralAttribute;
import jakarta.persistence.metamodel.SingularAttribute;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.hibernate.Hibernate;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.metamodel.mapping.EntityAssociationMapping;
import org.hibernate.metamodel.mapping.ForeignKeyDescriptor;
import org.hibernate.metamodel.mapping.ModelPart;
import org.hibernate.metamodel.mapping.PluralAttributeMapping;
import org.hibernate.persister.entity.EntityPersister;
import org.jspecify.annotations.Nullable;

/**
 * A copy of an entity and of all that is loaded behind it, whose attributes can be varied without anybody else's noticing. What is not
 * loaded is left as it is, and may load itself. What leads back to an entity on the way leads to its copy.
 */
final class VariableCopy<E> {

    private final Metamodel metamodel;
    private final SharedSessionContractImplementor session;
    private final List<Slot> slots = new ArrayList<>();
    private final E root;

    /** An attribute of an object of the copy. */
    static final class Slot {

        private final Attribute attribute;
        private final boolean association;
        private final boolean filled;
        private final @Nullable Object value;
        private final List<@Nullable Object> alternatives;
        private final Consumer<@Nullable Object> setter;
        private @Nullable Object current;

        Slot(
                Attribute attribute,
                boolean association,
                boolean filled,
                @Nullable Object value,
                List<@Nullable Object> alternatives,
                Consumer<@Nullable Object> setter) {
            this.attribute = attribute;
            this.association = association;
            this.filled = filled;
            this.value = value;
            this.alternatives = alternatives;
            this.setter = setter;
            this.current = value;
        }

        Attribute attribute() {
            return attribute;
        }

        boolean isAssociation() {
            return association;
        }

        /** Whether an association leads to something. */
        boolean isFilled() {
            return filled;
        }

        /** As it was copied. */
        @Nullable
        Object value() {
            return value;
        }

        @Nullable
        Object current() {
            return current;
        }

        List<@Nullable Object> alternatives() {
            return alternatives;
        }

        void set(@Nullable Object changed) {
            current = changed;
            setter.accept(changed);
        }

        void restore() {
            set(value);
        }
    }

    /** Where an attribute's value is. */
    private record Place(Supplier<@Nullable Object> get, Consumer<@Nullable Object> set) {}

    /** What is being copied: which entity, on which path, and those on the way to it. */
    private record Way(
            String path,
            String type,
            String prefix,
            EntityPersister persister,
            IdentityHashMap<Object, Object> ancestors) {

        Attribute attribute(String name, @Nullable Tie tie) {
            return new Attribute(path + name, type, prefix + name, tie);
        }

        Way in(String name) {
            return new Way(path + name + '.', type, prefix + name + '.', persister, ancestors);
        }
    }

    @SuppressWarnings("unchecked") // the copy is of the same class
    VariableCopy(Metamodel metamodel, SharedSessionContractImplementor session, E entity) {
        this.metamodel = metamodel;
        this.session = session;
        this.root = (E) copy(entity, "", new IdentityHashMap<>());
    }

    E root() {
        return root;
    }

    List<Slot> slots() {
        return slots;
    }

    private Object copy(Object reference, String path, IdentityHashMap<Object, Object> ancestors) {
        Object entity = Hibernate.unproxy(reference);
        Object known = ancestors.get(entity);
        if (known != null) {
            return known;
        }
        EntityPersister persister = session.getEntityPersister(null, entity);
        Object copy = persister.instantiate(persister.getIdentifier(entity, session), session);
        Fields.copy(entity, copy);
        IdentityHashMap<Object, Object> way = new IdentityHashMap<>(ancestors);
        way.put(entity, copy);
        EntityType<?> type = metamodel.entity(Hibernate.getClass(entity));
        Way here = new Way(path, type.getName(), "", persister, way);
        List<String> properties = List.of(persister.getPropertyNames());
        for (jakarta.persistence.metamodel.Attribute<?, ?> attribute : type.getAttributes()) {
            int index = properties.indexOf(attribute.getName());
            if (index >= 0) {
                Place place = new Place(
                        () -> persister.getValue(copy, index), value -> persister.setValue(copy, index, value));
                visit(attribute, here, place, true);
            } else if (attribute.isAssociation()) { // a part of the id, which never changes
                visit(attribute, here, Fields.place(copy, attribute, Place::new), false);
            }
        }
        return copy;
    }

    private void visit(jakarta.persistence.metamodel.Attribute<?, ?> attribute, Way way, Place place, boolean mayVary) {
        Object value = place.get().get();
        if (attribute instanceof PluralAttribute<?, ?, ?> plural) {
            visitElements(plural, way, place, value);
        } else if (attribute instanceof SingularAttribute<?, ?> single
                && single.getType() instanceof EntityType<?> target) {
            visitReference(attribute, target, way, place, value, mayVary);
        } else if (attribute instanceof SingularAttribute<?, ?> single
                && single.getType() instanceof EmbeddableType<?> embeddable
                && value != null) {
            visitParts(embeddable, way.in(attribute.getName()), place, value, true);
        } else if (mayVary) {
            List<@Nullable Object> alternatives = Variations.of(attribute.getJavaType(), value);
            if (value == null
                    && attribute instanceof SingularAttribute<?, ?> single
                    && single.getType() instanceof EmbeddableType<?> embeddable) {
                alternatives = blank(embeddable.getJavaType());
            }
            slots.add(new Slot(
                    way.attribute(attribute.getName(), null), false, value != null, value, alternatives, place.set()));
        }
    }

    private void visitReference(
            jakarta.persistence.metamodel.Attribute<?, ?> attribute,
            EntityType<?> target,
            Way way,
            Place place,
            @Nullable Object value,
            boolean mayVary) {
        String name = attribute.getName();
        Object varied = value;
        if (value != null && Hibernate.isInitialized(value)) {
            varied = copy(value, way.path() + name + '.', way.ancestors());
            place.set().accept(varied);
        }
        if (mayVary) {
            List<@Nullable Object> alternatives = value == null ? blankEntity(target) : Collections.singletonList(null);
            slots.add(new Slot(
                    way.attribute(name, tie(way, name)), true, value != null, varied, alternatives, place.set()));
        }
    }

    /** Parts of an embeddable; in a collection's element only those that lead to entities, for such a collection changes as a whole. */
    private void visitParts(EmbeddableType<?> embeddable, Way way, Place place, Object value, boolean mayVary) {
        Object[] current = {Fields.copyOf(value)};
        place.set().accept(current[0]);
        for (jakarta.persistence.metamodel.Attribute<?, ?> part : embeddable.getAttributes()) {
            if (mayVary || part.isAssociation()) {
                Place inside = new Place(() -> Fields.get(current[0], part), changed -> {
                    current[0] = Fields.with(current[0], part, changed);
                    place.set().accept(current[0]);
                });
                visit(part, way, inside, mayVary);
            }
        }
    }

    private void visitElements(PluralAttribute<?, ?, ?> attribute, Way way, Place place, @Nullable Object value) {
        String name = attribute.getName();
        boolean ofEntities = attribute.getElementType() instanceof EntityType<?>;
        Attribute described = way.attribute(name, ofEntities ? tie(way, name) : null);
        if (value == null || !Hibernate.isInitialized(value)) {
            Object none = attribute.getCollectionType() == PluralAttribute.CollectionType.MAP
                    ? new LinkedHashMap<>()
                    : emptyCollection(attribute);
            slots.add(new Slot(
                    described, ofEntities, value != null, value, Collections.singletonList(none), place.set()));
            return;
        }
        Object copied = value instanceof Map<?, ?> map
                ? copyMap(map, attribute, way)
                : copyCollection((Collection<?>) value, attribute, way);
        place.set().accept(copied);
        boolean isEmpty = copied instanceof Map<?, ?> map ? map.isEmpty() : ((Collection<?>) copied).isEmpty();
        slots.add(new Slot(
                described, ofEntities, !isEmpty, copied, otherCollections(attribute, copied, isEmpty), place.set()));
    }

    private static Collection<Object> emptyCollection(PluralAttribute<?, ?, ?> attribute) {
        return attribute.getCollectionType() == PluralAttribute.CollectionType.SET
                ? (SortedSet.class.isAssignableFrom(attribute.getJavaType()) ? new TreeSet<>() : new LinkedHashSet<>())
                : new ArrayList<>();
    }

    private List<@Nullable Object> otherCollections(
            PluralAttribute<?, ?, ?> attribute, Object copied, boolean isEmpty) {
        if (copied instanceof Map<?, ?> map) {
            Map<Object, Object> other = map instanceof SortedMap<?, ?> ? new TreeMap<>() : new LinkedHashMap<>();
            if (isEmpty) {
                elements(attribute).forEach(element -> other.put("?", element));
            }
            return List.of(other);
        }
        Collection<Object> other = emptyCollection(attribute);
        if (isEmpty) {
            other.addAll(elements(attribute));
        }
        return List.of(other);
    }

    /** One element that may stand in a collection that has none. */
    private List<Object> elements(PluralAttribute<?, ?, ?> attribute) {
        List<@Nullable Object> candidates;
        if (attribute.getElementType() instanceof EntityType<?> target) {
            candidates = blankEntity(target);
        } else if (attribute.getElementType() instanceof EmbeddableType<?> embeddable) {
            candidates = blank(embeddable.getJavaType());
        } else {
            candidates = Variations.of(attribute.getElementType().getJavaType(), null);
        }
        List<Object> one = new ArrayList<>();
        candidates.stream().limit(1).forEach(one::add);
        return one;
    }

    private Object copyMap(Map<?, ?> map, PluralAttribute<?, ?, ?> attribute, Way way) {
        Map<Object, Object> copied = map instanceof SortedMap<?, ?> ? new TreeMap<>() : new LinkedHashMap<>();
        map.forEach((key, element) -> copyElement(element, attribute, way, changed -> copied.put(key, changed)));
        return copied;
    }

    private Object copyCollection(Collection<?> elements, PluralAttribute<?, ?, ?> attribute, Way way) {
        Collection<Object> copied = emptyCollection(attribute);
        if (copied instanceof List<Object> list) {
            for (Object element : elements) {
                int index = list.size();
                list.add(element);
                copyElement(element, attribute, way, changed -> list.set(index, changed));
            }
        } else {
            for (Object element : elements) {
                Object[] current = {null};
                copyElement(element, attribute, way, changed -> {
                    copied.remove(current[0]);
                    current[0] = changed;
                    copied.add(changed);
                });
            }
        }
        return copied;
    }

    private void copyElement(
            @Nullable Object element, PluralAttribute<?, ?, ?> attribute, Way way, Consumer<@Nullable Object> set) {
        String name = attribute.getName();
        if (element != null && attribute.getElementType() instanceof EntityType<?>) {
            set.accept(copy(element, way.path() + name + '.', way.ancestors()));
        } else if (element != null && attribute.getElementType() instanceof EmbeddableType<?> embeddable) {
            visitParts(embeddable, way.in(name), new Place(() -> element, set), element, false);
        } else {
            set.accept(element);
        }
    }

    /** New entities of the class or of the first of its subclasses that can be made: with some values, and with none. */
    private List<@Nullable Object> blankEntity(EntityType<?> target) {
        for (EntityType<?> entity : metamodel.getEntities()) {
            Class<?> type = entity.getJavaType();
            Object some = type != null && target.getJavaType().isAssignableFrom(type) ? Fields.make(type) : null;
            if (some != null) {
                entity.getSingularAttributes().forEach(attribute -> fill(some, attribute));
                List<@Nullable Object> made = new ArrayList<>();
                made.add(some);
                made.add(Fields.make(type));
                return made;
            }
        }
        return List.of();
    }

    private static void fill(Object owner, SingularAttribute<?, ?> attribute) {
        List<@Nullable Object> values = Variations.of(attribute.getJavaType(), null);
        if (!values.isEmpty()) {
            Fields.with(owner, attribute, values.get(0));
        }
    }

    /** A new embeddable. */
    private static List<@Nullable Object> blank(Class<?> type) {
        Object made = Fields.make(type);
        return made == null ? List.of() : Collections.singletonList(made);
    }

    /** The reference from the other side, where the association is mapped there. */
    private @Nullable Tie tie(Way way, String name) {
        ModelPart part = way.persister().findByPath(way.prefix() + name);
        if (part instanceof PluralAttributeMapping collection) {
            String back = collection.getCollectionDescriptor().getMappedByProperty();
            ManagedType<?> elements = back == null ? null : target(way, name);
            return back == null || elements == null ? null : new Tie(names(elements), back);
        }
        if (part instanceof EntityAssociationMapping reference
                && reference.getSideNature() == ForeignKeyDescriptor.Nature.TARGET) {
            ManagedType<?> target = target(way, name);
            String back = PathDerivation.mappedBy(attribute(way, name), part);
            return target == null || back == null ? null : new Tie(names(target), back);
        }
        return null;
    }

    private jakarta.persistence.metamodel.@Nullable Attribute<?, ?> attribute(Way way, String name) {
        ManagedType<?> type = metamodel.entity(way.persister().getMappedClass());
        String[] steps = (way.prefix() + name).split("\\.", -1);
        for (String step : steps) {
            jakarta.persistence.metamodel.Attribute<?, ?> attribute = type.getAttribute(step);
            if (attribute instanceof SingularAttribute<?, ?> single
                    && single.getType() instanceof EmbeddableType<?> embeddable) {
                type = embeddable;
            } else {
                return attribute;
            }
        }
        return null;
    }

    private @Nullable ManagedType<?> target(Way way, String name) {
        jakarta.persistence.metamodel.Attribute<?, ?> attribute = attribute(way, name);
        if (attribute instanceof PluralAttribute<?, ?, ?> plural) {
            return plural.getElementType() instanceof ManagedType<?> elements ? elements : null;
        }
        return attribute instanceof SingularAttribute<?, ?> single && single.getType() instanceof ManagedType<?> target
                ? target
                : null;
    }

    private Set<String> names(ManagedType<?> type) {
        Set<String> names = new TreeSet<>();
        for (EntityType<?> entity : metamodel.getEntities()) {
            if (entity.getJavaType() != null && type.getJavaType().isAssignableFrom(entity.getJavaType())) {
                names.add(entity.getName());
            }
        }
        return names;
    }
}
