package io.syncmachine.jpa;

import jakarta.persistence.PersistenceUnitUtil;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.hibernate.collection.spi.PersistentCollection;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.metamodel.mapping.EntityValuedModelPart;
import org.hibernate.persister.collection.CollectionPersister;
import org.jspecify.annotations.Nullable;

/** A collection of entities that is about to be written: the ids of what it held, and of what it will hold. */
final class ChangingCollection {

    private final SharedSessionContractImplementor session;
    private final PersistentCollection<?> collection;
    private final CollectionPersister persister;
    private final Object ownerId;
    private final Came came;
    private final PersistenceUnitUtil identifiers;

    /** What of it comes with this write. */
    enum Came {
        /** It was not there before. */
        ALL,
        /** It is changed. */
        SOME,
        /** It goes. */
        NONE
    }

    ChangingCollection(
            SharedSessionContractImplementor session,
            PersistentCollection<?> collection,
            String role,
            Object ownerId,
            Came came,
            PersistenceUnitUtil identifiers) {
        this.session = session;
        this.collection = collection;
        this.persister = session.getFactory().getMappingMetamodel().getCollectionDescriptor(role);
        this.ownerId = ownerId;
        this.came = came;
        this.identifiers = identifiers;
    }

    /** The name of the entities that it holds. */
    String elementName() {
        return persister.getAttributeMapping().getElementDescriptor() instanceof EntityValuedModelPart element
                ? element.getEntityMappingType().getEntityName()
                : "";
    }

    /** The elements that are in it either before or after, and not both. */
    Set<Object> cameAndWent() {
        Set<Object> before = before();
        Set<Object> after = after();
        Set<Object> result = new LinkedHashSet<>(before);
        result.removeAll(after);
        after.removeAll(before);
        result.addAll(after);
        return result;
    }

    /** The elements that are in it only afterwards. */
    List<Object> came() {
        Set<Object> after = after();
        if (came == Came.SOME) {
            after.removeAll(before());
        }
        return new ArrayList<>(after);
    }

    private Set<Object> before() {
        if (came == Came.ALL) {
            return new LinkedHashSet<>();
        }
        return collection.wasInitialized() ? ids(elements(collection.getStoredSnapshot())) : stored();
    }

    private Set<Object> after() {
        List<@Nullable Object> elements = new ArrayList<>();
        if (came != Came.NONE && collection.wasInitialized()) {
            Iterator<?> entries = collection.entries(persister);
            while (entries.hasNext()) {
                elements.add(collection.getElement(entries.next()));
            }
        }
        return ids(elements);
    }

    /** Hibernate keeps sets and maps as maps, and all others as lists or arrays. */
    private static Collection<?> elements(@Nullable Object snapshot) {
        if (snapshot instanceof Map<?, ?> map) {
            return map.values();
        }
        return snapshot instanceof Collection<?> elements ? elements : List.of();
    }

    private Set<Object> ids(Collection<?> elements) {
        Set<Object> ids = new LinkedHashSet<>();
        elements.stream()
                .filter(Objects::nonNull)
                .map(identifiers::getIdentifier)
                .filter(Objects::nonNull)
                .forEach(ids::add);
        return ids;
    }

    /** Of a collection that was never loaded, and goes with its owner. */
    private Set<Object> stored() {
        String role = persister.getRole();
        String owner = persister.getOwnerEntityPersister().getEntityName();
        String property = role.substring(owner.length() + 1);
        String query = "select id(o), id(e) from " + owner + " o join o." + property + " e where id(o) in (:elements)";
        Set<Object> ids = new LinkedHashSet<>();
        TracedReferences.ask(session, query, List.of(ownerId)).forEach(row -> ids.add(row[1]));
        return ids;
    }
}
