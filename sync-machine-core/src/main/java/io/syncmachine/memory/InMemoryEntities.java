package io.syncmachine.memory;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.memory.EntityType.Row;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntityReference;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.IdCodec;
import io.syncmachine.spi.Store;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Entities kept in memory, for tests and for applications without a database.
 *
 * <pre>{@code
 * InMemoryEntities entities = InMemoryEntities.create()
 *     .type(Order.class, Long.class, Order::id)
 *     .type(Customer.class, Long.class, Customer::id);
 * entities.save(new Order(1L, "open"));
 * entities.transaction(changes -> changes.save(new Order(1L, "sent")).delete(Customer.class, 7L));
 * }</pre>
 *
 * <p>A type's declared name is its simple class name, its properties are its fields, inherited ones included and static and
 * transient ones left out. Saved objects are snapshots: do not change them afterwards, save another one instead; records serve
 * best. Old values of references are not captured.
 *
 * <p>Register the types first; from then on, safe for use by several threads.
 */
public final class InMemoryEntities implements EntitySource {

    private static final Logger log = LoggerFactory.getLogger(InMemoryEntities.class);

    private final Map<Class<?>, EntityType<?, ?>> types = new LinkedHashMap<>();
    private Function<Object, String> tenants = entity -> Change.DEFAULT_TENANT;
    private @Nullable Capture capture;

    /** Which entity. */
    private record Reference(EntityType<?, ?> type, Object id) {}

    private InMemoryEntities() {}

    /** No types and no entities. */
    public static InMemoryEntities create() {
        return new InMemoryEntities();
    }

    /**
     * Registers a class.
     *
     * @param idType String, Long, Integer, Short or UUID
     * @throws IllegalArgumentException if its name is taken, its fields cannot be read, or the id type is another
     */
    public synchronized <E, ID> InMemoryEntities type(
            Class<E> type, Class<ID> idType, Function<? super E, ? extends ID> id) {
        if (names().contains(type.getSimpleName())) {
            throw new IllegalArgumentException("a type named " + type.getSimpleName() + " is registered already");
        }
        types.put(type, new EntityType<>(type, idType, id));
        return this;
    }

    /**
     * Says to which tenant an entity belongs, for ever; default is one tenant for all. Each tenant sees only its own entities; ids
     * are still unique across tenants.
     */
    public synchronized InMemoryEntities tenants(Function<Object, String> tenants) {
        this.tenants = tenants;
        return this;
    }

    /** Adds entities, or replaces those with the same ids, all in one transaction. See {@link Transaction#save}. */
    public void save(Object... entities) {
        transaction(changes -> changes.save(entities));
    }

    /** Deletes entities, all in one transaction. See {@link Transaction#delete}. */
    public void delete(Class<?> type, Object... ids) {
        transaction(changes -> changes.delete(type, ids));
    }

    /**
     * Makes several changes at once: readers see all of them or none, and they are captured together.
     *
     * @param changes called once; what it throws is thrown, and nothing was changed
     */
    public void transaction(Consumer<Transaction> changes) {
        Transaction transaction = new Transaction();
        changes.accept(transaction);
        commit(transaction.changes, transaction.told);
    }

    /** The committed entity of this class, if there is one. */
    public synchronized <E> Optional<E> find(Class<E> type, Object id) {
        for (EntityType<?, ?> known : mapped(type)) {
            Row<?> row = known.find(id);
            if (row != null) {
                return Optional.of(type.cast(row.entity()));
            }
        }
        return Optional.empty();
    }

    /** All committed entities of this class, in no order. */
    public synchronized <E> List<E> all(Class<E> type) {
        List<E> all = new ArrayList<>();
        mapped(type).forEach(known -> known.all().forEach(entity -> all.add(type.cast(entity))));
        return all;
    }

    /** Changes that are made at once. For one thread. */
    public final class Transaction {

        private final Map<Reference, Optional<Object>> changes = new LinkedHashMap<>();
        private final List<Change> told = new ArrayList<>();

        private Transaction() {}

        /**
         * Adds entities, or replaces those with the same ids.
         *
         * @throws IllegalArgumentException if a class is not registered or an id is null
         */
        public Transaction save(Object... entities) {
            for (Object entity : entities) {
                EntityType<?, ?> type = typeOf(entity.getClass());
                changes.put(new Reference(type, type.idOf(entity)), Optional.of(entity));
            }
            return this;
        }

        /**
         * Deletes entities; those that do not exist are passed over.
         *
         * @throws IllegalArgumentException if the class is not registered or an id is of the wrong type
         */
        public Transaction delete(Class<?> type, Object... ids) {
            EntityType<?, ?> known = typeOf(type);
            for (Object id : ids) {
                known.encode(id);
                changes.put(new Reference(known, id), Optional.empty());
            }
            return this;
        }
    }

    private synchronized void commit(Map<Reference, Optional<Object>> changes, List<Change> told) {
        if (capture != null) {
            capture.append(changes, told);
        }
        changes.forEach((reference, entity) -> entity.ifPresentOrElse(
                reference.type()::put, () -> reference.type().remove(reference.id())));
    }

    /** The registered type of a class or of its nearest superclass. */
    private synchronized EntityType<?, ?> typeOf(Class<?> type) {
        for (Class<?> c = type; c != null; c = c.getSuperclass()) {
            EntityType<?, ?> known = types.get(c);
            if (known != null) {
                return known;
            }
        }
        throw unknown(type);
    }

    /** The registered types of a class and its subclasses. */
    private List<EntityType<?, ?>> mapped(Class<?> type) {
        if (!types.containsKey(type)) {
            throw unknown(type);
        }
        return types.values().stream()
                .filter(known -> type.isAssignableFrom(known.type))
                .toList();
    }

    private IllegalArgumentException unknown(Class<?> type) {
        return new IllegalArgumentException(type.getName() + " is no entity; registered are " + names());
    }

    private Set<String> names() {
        Set<String> names = new TreeSet<>();
        types.values().forEach(type -> names.add(type.name()));
        return names;
    }

    @Override
    public synchronized <E> EntityDescription<E, ?> describe(Class<E> type) {
        Set<String> names = new TreeSet<>();
        Set<String> properties = new TreeSet<>();
        for (EntityType<?, ?> known : mapped(type)) {
            names.add(known.name());
            properties.addAll(known.properties());
        }
        return describe(type, typeOf(type), names, properties);
    }

    private static <E, ID> EntityDescription<E, ID> describe(
            Class<E> type, EntityType<?, ID> known, Set<String> names, Set<String> properties) {
        return new EntityDescription<>(type, known.name(), names, properties, known.idType, known.ids);
    }

    /**
     * Starts capturing, until it is closed; then another engine may.
     *
     * @throws IllegalStateException if it captures already
     */
    @Override
    public synchronized void capture(ChangeListener listener, Store store) {
        if (capture != null) {
            throw new IllegalStateException("changes are captured already");
        }
        capture = new Capture(listener, store, tenants);
    }

    @Override
    public EntityReference refer(@Nullable Object transaction, Object entity) {
        EntityType<?, ?> type = typeOf(entity.getClass());
        return new EntityReference(tenantOf(entity), type.name(), type.encode(type.idOf(entity)));
    }

    private synchronized String tenantOf(Object entity) {
        return tenants.apply(entity);
    }

    /** {@inheritDoc} It knows its own {@link Transaction}. */
    @Override
    public synchronized void append(@Nullable Object transaction, Collection<Change> changes) {
        if (capture == null) {
            throw new IllegalStateException("no engine captures these entities");
        }
        if (transaction == null) {
            capture.store().outbox().append(changes);
        } else if (transaction instanceof Transaction own) {
            own.told.addAll(changes);
        } else {
            throw new IllegalArgumentException("the transaction must be one of InMemoryEntities, but is a "
                    + transaction.getClass().getName());
        }
    }

    @Override
    public <E, ID, R> @Nullable R read(
            String tenant, Class<E> type, Collection<ID> ids, CheckedFunction<? super Map<ID, E>, ? extends R> action)
            throws Exception {
        Map<ID, E> found = new LinkedHashMap<>();
        synchronized (this) {
            for (ID id : ids) {
                find(tenant, type, id).ifPresent(entity -> found.put(id, entity));
            }
        }
        return action.apply(found);
    }

    /** {@inheritDoc} In the order of their encoded forms. */
    @Override
    @SuppressWarnings("unchecked") // the class's ids
    public synchronized <E, ID> List<ID> ids(String tenant, Class<E> type, @Nullable ID after, int limit) {
        IdCodec<ID> codec = (IdCodec<ID>) typeOf(type).ids;
        String last = after == null ? "" : codec.encode(after);
        return mapped(type).stream()
                .flatMap(known -> known.all().stream()
                        .filter(entity -> tenantOf(entity).equals(tenant))
                        .map(entity -> known.encode(known.idOf(entity))))
                .filter(id -> id.compareTo(last) > 0)
                .sorted()
                .limit(limit)
                .map(codec::decode)
                .toList();
    }

    private synchronized <E> Optional<E> find(String tenant, Class<E> type, Object id) {
        return find(type, id).filter(entity -> tenantOf(entity).equals(tenant));
    }

    /** {@inheritDoc} The action gets a {@link Transaction}, in whose changes it may save and delete. */
    @Override
    public <E, ID> void write(String tenant, Class<E> type, ID id, Writing<? super E> action) throws Exception {
        Transaction transaction = new Transaction();
        action.run(find(tenant, type, id).orElse(null), transaction);
        commit(transaction.changes, transaction.told);
    }

    @Override
    public synchronized void close() {
        capture = null;
    }

    /** Turns changes into what the outbox keeps. */
    private record Capture(ChangeListener listener, Store store, Function<Object, String> tenants) {

        void append(Map<Reference, Optional<Object>> changes, List<Change> told) {
            List<Change> captured = new ArrayList<>(told);
            changes.forEach((reference, entity) -> {
                if (listener.listensTo(reference.type().name())) {
                    capture(reference, entity, captured);
                }
            });
            if (!captured.isEmpty()) {
                store.outbox().append(captured);
            }
        }

        private void capture(Reference reference, Optional<Object> entity, List<Change> captured) {
            Row<?> before = reference.type().find(reference.id());
            if (before == null) {
                if (entity.isPresent()) {
                    add(reference, entity.get(), ChangeKind.CREATE, ChangedProperties.created(), captured);
                }
            } else if (entity.isPresent()) {
                Set<String> differences = reference.type().row(entity.get()).differences(before);
                if (!differences.isEmpty()) {
                    add(reference, entity.get(), ChangeKind.UPDATE, ChangedProperties.of(differences), captured);
                }
            } else {
                add(reference, before.entity(), ChangeKind.DELETE, ChangedProperties.all(), captured);
                captured.addAll(subjectsOfDeleted(reference, before.entity()));
            }
        }

        private void add(
                Reference reference, Object entity, ChangeKind kind, ChangedProperties changed, List<Change> captured) {
            Set<String> machines = listener.concerned(reference.type().name(), kind, changed.names());
            if (!machines.isEmpty()) {
                captured.add(new Change(
                        tenants.apply(entity),
                        reference.type().name(),
                        reference.type().encode(reference.id()),
                        kind,
                        changed,
                        machines,
                        listener.trace()));
            }
        }

        private List<Change> subjectsOfDeleted(Reference reference, Object entity) {
            String type = reference.type().name();
            String tenant = tenants.apply(entity);
            List<Change> subjects = new ArrayList<>();
            for (String machine : listener.findersOf(type)) {
                try {
                    subjects.addAll(listener.subjectsOf(
                            machine, tenant, type, ChangeKind.DELETE, entity, ChangedProperties.all()));
                } catch (Exception e) {
                    log.warn(
                            "machine {}: the subjects of the deleted {} {} cannot be found; it goes through all of them instead",
                            machine,
                            type,
                            reference.id(),
                            e);
                    subjects.add(Change.resync(tenant, Set.of(machine), listener.trace()));
                }
            }
            return subjects;
        }
    }
}
