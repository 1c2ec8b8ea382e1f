package io.syncmachine.jpa;

import io.syncmachine.ReadPolicy;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.jdbc.JdbcStore;
import io.syncmachine.jdbc.TransactionalOutbox;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.DerivedPaths;
import io.syncmachine.spi.DerivedPaths.Edge;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntityReference;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.Reads;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.TableMapping;
import jakarta.persistence.EntityGraph;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.EntityTransaction;
import jakarta.persistence.PersistenceException;
import jakarta.persistence.PersistenceUnitUtil;
import jakarta.persistence.TypedQuery;
import jakarta.persistence.metamodel.EntityType;
import jakarta.persistence.metamodel.Metamodel;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.hibernate.CacheMode;
import org.hibernate.FlushMode;
import org.hibernate.Hibernate;
import org.hibernate.Session;
import org.hibernate.StatelessSession;
import org.hibernate.engine.jdbc.connections.spi.JdbcConnectionAccess;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.metamodel.MappingMetamodel;
import org.hibernate.metamodel.mapping.EntityIdentifierMapping;
import org.hibernate.metamodel.mapping.MappingType;
import org.hibernate.metamodel.mapping.NonAggregatedIdentifierMapping;
import org.hibernate.persister.collection.mutation.CollectionMutationTarget;
import org.hibernate.persister.entity.EntityPersister;
import org.hibernate.proxy.HibernateProxy;
import org.hibernate.proxy.LazyInitializer;
import org.hibernate.resource.transaction.spi.TransactionCoordinatorBuilder;
import org.hibernate.stat.Statistics;
import org.jspecify.annotations.Nullable;

/**
 * Entities mapped with JPA, on Hibernate ORM. The entity manager factory is used as before; nothing else in the application changes.
 *
 * <p>Changes are seen by listeners inside Hibernate: those that concern a machine are gathered per session, and written with one
 * insert before the transaction commits, on the session's own connection. A rollback leaves nothing. Sessions may be stateless; such a
 * one tells all properties as changed when it updates, and knows no old references. Without a transaction a change is written just
 * after it is made, and a crash in between loses it.
 *
 * <p>Not seen are statements that pass by Hibernate's entities (bulk JPQL and Criteria updates and deletes, and native SQL, of which a
 * warning tells unless they are {@linkplain #strict refused}; cascades of the database), a version that is forced up by a lock, and an association whose inverse side is listened to, but not changed. Tell them with {@link
 * io.syncmachine.SyncEngine#in engine.in(…).changed(…)}.
 *
 * <p>Properties are named as they are mapped; those of an embeddable also by their path, as {@code address.city}.
 *
 * <p>Entities are read in sessions of this source's own, each in a transaction that is not marked read-only. The second-level cache is
 * neither read nor written, not for associations, collections and queries either. Needs a persistence unit with resource-local
 * transactions. One of these serves one engine; any number of engines may be on one persistence unit, each with its own. Safe for use
 * by several threads.
 */
public final class JpaEntities implements EntitySource, TableMapping.Source {

    private final EntityManagerFactory factory;
    private final Tenancy tenancy;
    private final Map<Class<?>, MappedEntity<?, ?>> mapped = new HashMap<>();
    private final Set<Class<?>> withoutIdClass = new HashSet<>();
    private final Map<Class<?>, String> queries = new ConcurrentHashMap<>();
    private final Map<Class<?>, EntityGraph<?>> graphs = new ConcurrentHashMap<>();
    private final Set<Class<?>> coveredElsewhere = new HashSet<>();
    private boolean strict;
    private BulkStatements.@Nullable Watch watch;
    private final TracedReferences traced = new TracedReferences();
    private final Map<Class<?>, Set<String>> asText = new ConcurrentHashMap<>();
    private volatile Supplier<Set<String>> triggered = Set::of;
    private volatile @Nullable ChangeCapture capture;

    private JpaEntities(EntityManagerFactory factory, @Nullable Function<Object, String> tenants) {
        this.factory = factory;
        SessionFactoryImplementor sessions = factory.unwrap(SessionFactoryImplementor.class);
        this.tenancy = new Tenancy(factory, tenants);
        MappingMetamodel mappings = sessions.getMappingMetamodel();
        for (EntityType<?> entity : factory.getMetamodel().getEntities()) {
            if (entity.getJavaType() != null) {
                map(entity, mappings.getEntityDescriptor(entity.getJavaType()));
            }
        }
    }

    /** Leaves out an entity whose id is several attributes without a class: there is no object that could stand for its id. */
    private void map(EntityType<?> entity, EntityPersister persister) {
        Class<?> idType = idType(persister.getIdentifierMapping());
        if (!idType.isAssignableFrom(entity.getJavaType())) {
            mapped.put(entity.getJavaType(), MappedEntity.of(entity, idType));
        } else {
            withoutIdClass.add(entity.getJavaType());
        }
    }

    private static Class<?> idType(EntityIdentifierMapping id) {
        MappingType type =
                id instanceof NonAggregatedIdentifierMapping several && several.getIdClassEmbeddable() != null
                        ? several.getIdClassEmbeddable()
                        : id.getMappedType();
        return type.getMappedJavaType().getJavaTypeClass();
    }

    /**
     * All entities of a persistence unit.
     *
     * @throws IllegalArgumentException if the factory is not Hibernate's, or its transactions are JTA's
     */
    public static JpaEntities of(EntityManagerFactory factory) {
        return make(factory, null);
    }

    /**
     * All entities of a persistence unit whose sessions know of no tenants; a function tells to which tenant an entity belongs, for
     * ever. Where tenants are Hibernate's ({@code @TenantId}, or a schema or database per tenant), no function is needed.
     *
     * @param tenants given an entity, which may be detached; quick, never null
     * @throws IllegalArgumentException if the factory is not Hibernate's
     */
    public static JpaEntities of(EntityManagerFactory factory, Function<Object, String> tenants) {
        return make(factory, tenants);
    }

    private static JpaEntities make(EntityManagerFactory factory, @Nullable Function<Object, String> tenants) {
        try {
            refuseJta(factory.unwrap(SessionFactoryImplementor.class));
        } catch (PersistenceException e) {
            throw new IllegalArgumentException(
                    "the entity manager factory must be Hibernate's, but is "
                            + factory.getClass().getName(),
                    e);
        }
        return new JpaEntities(factory, tenants);
    }

    private static void refuseJta(SessionFactoryImplementor factory) {
        TransactionCoordinatorBuilder transactions =
                factory.getServiceRegistry().getService(TransactionCoordinatorBuilder.class);
        if (transactions != null && transactions.isJta()) {
            throw new IllegalArgumentException("the persistence unit "
                    + factory.getProperties().get("hibernate.persistenceUnitName")
                    + " must have resource-local transactions, but its transactions are JTA's; declare it with"
                    + " transaction-type=\"RESOURCE_LOCAL\" and a non-JTA data source");
        }
    }

    /**
     * Reads entities of a class with a query of yours, such as one that fetches what <em>build</em> needs.
     *
     * @param query JPQL with the one parameter {@code :ids}, answering the entities with these ids
     * @throws IllegalArgumentException if the parameter is missing
     */
    public <E> JpaEntities loading(Class<E> type, String query) {
        if (!query.contains(":ids")) {
            throw new IllegalArgumentException(
                    "query must have the parameter :ids, but is '" + query + "' (for " + type.getName() + ")");
        }
        queries.put(type, query);
        return this;
    }

    /** Reads entities of a class with a fetch plan: what the graph names comes with the same query. */
    public <E> JpaEntities fetching(Class<E> type, EntityGraph<E> graph) {
        graphs.put(type, graph);
        return this;
    }

    /**
     * Refuses statements that change tables of listened entities and pass by the entities, so that their changes are not seen: bulk JPQL
     * and Criteria updates and deletes, and native SQL, of any session of this persistence unit. They fail before they are sent. Default: a
     * warning is logged once for each text of a statement. What is sent by JDBC itself is not looked at, nor is what {@linkplain
     * #besideTriggers triggers} tell of.
     */
    public JpaEntities strict() {
        strict = true;
        return this;
    }

    /**
     * Says that such statements on the tables of these entities, and of those below them, are neither told of nor refused: triggers see their changes, or the
     * application tells them by {@link io.syncmachine.Events#changed(Class, Collection)}.
     *
     * @throws IllegalArgumentException if one is no entity
     */
    public JpaEntities coveredElsewhere(Class<?>... types) {
        for (Class<?> type : types) {
            coveredElsewhere.add(entity(type).type());
        }
        return this;
    }

    /**
     * Has triggers compare values of these properties as text, for their columns' types know no equality, like PostgreSQL's json, or a loose
     * one, like citext. Of no concern to anything else.
     *
     * @param type the entity, subclasses included
     */
    public JpaEntities comparingAsText(Class<?> type, String... properties) {
        asText.computeIfAbsent(type, key -> ConcurrentHashMap.newKeySet()).addAll(List.of(properties));
        return this;
    }

    /**
     * Leaves changes to triggers in the database, which see those as well that pass by Hibernate: of what they tell, nothing is written
     * twice. Asked when the engine starts; the types that are not named then are captured as ever, such as those whose triggers are missing
     * or older than this node's declarations. Where a machine's finder is needed for what is deleted, it is still asked in the transaction.
     *
     * @param types the declared names of the types all of whose changes triggers tell, as {@code PostgresTriggers.capturedTypes} does
     */
    public JpaEntities besideTriggers(Supplier<Set<String>> types) {
        this.triggered = types;
        return this;
    }

    /** {@inheritDoc} They are those of Hibernate's mapping. */
    @Override
    public List<TableMapping> tables(Class<?> type) {
        MappedEntity<?, ?> entity = entity(type);
        IdRules.check(entity, factory.getMetamodel());
        return new EntityTables(
                        factory.unwrap(SessionFactoryImplementor.class), mapped, asText, tenancy.attribute(type))
                .of(entity);
    }

    @Override
    public <E> EntityDescription<E, ?> describe(Class<E> type) {
        MappedEntity<E, ?> entity = entity(type);
        IdRules.check(entity, factory.getMetamodel());
        return entity.describe(factory.getMetamodel());
    }

    /**
     * {@inheritDoc}
     *
     * <p>The mapping may be any: embeddables, inheritance, collections of elements, maps, associations of every kind in one direction or
     * both, owned or not, references to the same class, composite ids. Not derived are associations to entities of any kind ({@code
     * @Any}), what the database computes ({@code @Formula}), and what has an SQL restriction.
     */
    @Override
    public <S> DerivedPaths<?> derive(Class<S> subject, Map<String, ReadPolicy> paths) {
        return derive(entity(subject), paths);
    }

    private <S, ID> DerivedPaths<ID> derive(MappedEntity<S, ID> subject, Map<String, ReadPolicy> paths) {
        Metamodel metamodel = factory.getMetamodel();
        MappingMetamodel mappings =
                factory.unwrap(SessionFactoryImplementor.class).getMappingMetamodel();
        PathNode root = new PathDerivation(metamodel, mappings, type -> entity(type.getJavaType()), traced, subject)
                .derive(paths);
        Map<Edge, PathNode> nodes = new LinkedHashMap<>();
        for (PathNode node : root.all()) {
            if (node == root || !node.isIgnored()) {
                describe(node.entity.type()); // an id that cannot travel is refused
                nodes.put(node.edge(metamodel), node);
            }
        }
        return new MappedPaths<>(
                new PathSessions(factory, tenancy, this::answer),
                subject,
                IdParts.of(metamodel, subject.type()),
                nodes);
    }

    @SuppressWarnings("unchecked") // the map holds each class's own description
    private <E> MappedEntity<E, ?> entity(Class<E> type) {
        MappedEntity<?, ?> entity = mapped.get(type);
        if (entity == null) {
            throw new IllegalArgumentException(reasonAgainst(type));
        }
        return (MappedEntity<E, ?>) entity;
    }

    private String reasonAgainst(Class<?> type) {
        if (withoutIdClass.contains(type)) {
            return type.getName()
                    + " has an id of several attributes, for which no object stands; declare an @IdClass, or an"
                    + " @EmbeddedId";
        }
        Set<String> below = new TreeSet<>();
        mapped.values().stream()
                .filter(entity -> type.isAssignableFrom(entity.type()))
                .forEach(entity -> below.add(entity.name()));
        return type.getName() + " is not an entity of this persistence unit, which has "
                + new TreeMap<>(byName()).keySet()
                + (below.isEmpty() ? "" : "; name the entities below it instead: " + below);
    }

    private Map<String, MappedEntity<?, ?>> byName() {
        Map<String, MappedEntity<?, ?>> byName = new HashMap<>();
        mapped.values().forEach(entity -> byName.put(entity.name(), entity));
        return byName;
    }

    @Override
    public synchronized void capture(ChangeListener listener, Store store) {
        if (!(store.outbox() instanceof TransactionalOutbox outbox)) {
            throw new IllegalArgumentException(
                    "changes of JPA entities are captured in their own transactions: use a JdbcStore"
                            + " on the same database instead of "
                            + store.getClass().getName());
        }
        if (capture != null) {
            throw new IllegalStateException("this JpaEntities is in use by an engine already; make another");
        }
        if (store instanceof JdbcStore database && hasOneDatabase()) {
            database.requireSameDatabase(this::lend);
        }
        Map<String, MappedEntity<?, ?>> byClass = new HashMap<>();
        mapped.values().forEach(entity -> byClass.put(entity.type().getName(), entity));
        Map<String, MappedEntity<?, ?>> listened = new HashMap<>(byClass);
        listened.values().removeIf(entity -> !listener.listensTo(entity.name()));
        Set<String> byTriggers = Set.copyOf(triggered.get());
        capture = new ChangeCapture(
                listener,
                outbox,
                Map.copyOf(listened),
                Map.copyOf(byClass),
                byTriggers,
                factory.getPersistenceUnitUtil(),
                tenancy,
                traced);
        hibernateListener().add(capture);
        watchStatements(listened.values().stream()
                .filter(entity -> !byTriggers.contains(entity.name()))
                .toList());
    }

    private void watchStatements(Collection<MappedEntity<?, ?>> listened) {
        Optional<BulkStatements> statements = BulkStatements.of(factory.unwrap(SessionFactoryImplementor.class));
        if (statements.isEmpty() && strict) {
            throw new IllegalStateException(
                    "strict() cannot be kept: this persistence unit does not let its statements be seen; was it"
                            + " made by another class loader, or with session factory options of its own?");
        }
        BulkStatements.Watch watching = new BulkStatements.Watch(entitiesByTable(listened), strict);
        statements.ifPresent(seen -> seen.add(watching));
        watch = watching;
    }

    /** Also the tables of collections that are listened entities' own. */
    private Map<String, Set<String>> entitiesByTable(Collection<MappedEntity<?, ?>> listened) {
        MappingMetamodel mappings =
                factory.unwrap(SessionFactoryImplementor.class).getMappingMetamodel();
        Map<String, Set<String>> entities = new HashMap<>();
        for (MappedEntity<?, ?> entity : listened) {
            if (coveredElsewhere.stream().noneMatch(covered -> covered.isAssignableFrom(entity.type()))) {
                for (Object table : mappings.getEntityDescriptor(entity.type()).getPropertySpaces()) {
                    add(entities, table, entity.name());
                }
                mappings.forEachCollectionDescriptor(collection -> {
                    if (!collection.isOneToMany()
                            && collection instanceof CollectionMutationTarget target
                            && collection
                                    .getOwnerEntityPersister()
                                    .getMappedClass()
                                    .equals(entity.type())) {
                        add(entities, target.getCollectionTableMapping().getTableName(), entity.name());
                    }
                });
            }
        }
        return entities;
    }

    private static void add(Map<String, Set<String>> entities, Object table, String name) {
        entities.computeIfAbsent(BulkStatements.plain(table.toString()), unknown -> new TreeSet<>())
                .add(name);
    }

    /** Where each tenant has connections of its own there is no one database to compare. */
    private boolean hasOneDatabase() {
        return !factory.unwrap(SessionFactoryImplementor.class)
                .getSessionFactoryOptions()
                .isMultiTenancyEnabled();
    }

    private void lend(JdbcStore.Borrower borrower) throws SQLException {
        JdbcConnectionAccess connections = factory.unwrap(SessionFactoryImplementor.class)
                .getJdbcServices()
                .getBootstrapJdbcConnectionAccess();
        Connection connection = connections.obtainConnection();
        try {
            borrower.use(connection);
        } finally {
            connections.releaseConnection(connection);
        }
    }

    @Override
    public EntityReference refer(@Nullable Object transaction, Object entity) {
        MappedEntity<?, ?> type = entity(classOf(entity));
        Object id = factory.getPersistenceUnitUtil().getIdentifier(entity);
        if (id == null) {
            throw new IllegalArgumentException("the " + type.name() + " has no id yet; persist it first");
        }
        String tenant = tenancy.of(session(transaction), type.type(), entity);
        return new EntityReference(tenant, type.name(), type.encode(id));
    }

    @Override
    public String tenant(@Nullable Object transaction) {
        return tenancy.of(session(transaction));
    }

    private static @Nullable SharedSessionContractImplementor session(@Nullable Object transaction) {
        if (transaction instanceof SharedSessionContractImplementor session) {
            return session;
        }
        return transaction instanceof EntityManager manager
                ? manager.unwrap(SharedSessionContractImplementor.class)
                : null;
    }

    /** A reference that is not loaded is left so, unless its class has subclasses. */
    private Class<?> classOf(Object entity) {
        LazyInitializer reference = HibernateProxy.extractLazyInitializer(entity);
        if (reference == null || !reference.isUninitialized()) {
            return Hibernate.getClass(entity);
        }
        Class<?> declared = reference.getPersistentClass();
        if (mapped.keySet().stream().noneMatch(type -> type != declared && declared.isAssignableFrom(type))) {
            return declared;
        }
        try {
            return Hibernate.getClass(entity);
        } catch (PersistenceException e) {
            throw new IllegalArgumentException(
                    "a reference to " + declared.getName() + " with the id " + reference.getInternalIdentifier()
                            + " may be one of its subclasses, and cannot be loaded to tell; give the loaded entity, or its class and"
                            + " id",
                    e);
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>It knows an {@link EntityManager} or {@link StatelessSession} of its persistence unit, whose changes these are written with,
     * in the same statement; and a {@link Connection} to the same database. After the commit of a connection, of which nobody tells, the changes wait for the
     * next poll.
     */
    @Override
    public void append(@Nullable Object transaction, Collection<Change> changes) {
        ChangeCapture capturing = capture;
        if (capturing == null) {
            throw new IllegalStateException("no engine captures these entities");
        }
        if (transaction == null) {
            capturing.append(changes);
        } else if (transaction instanceof SharedSessionContractImplementor session) {
            capturing.append(session, changes);
        } else if (transaction instanceof EntityManager manager) {
            capturing.append(manager.unwrap(SharedSessionContractImplementor.class), changes);
        } else if (transaction instanceof Connection connection) {
            capturing.append(connection, changes);
        } else {
            throw new IllegalArgumentException("the transaction must be an EntityManager, a StatelessSession or a"
                    + " Connection, but is a "
                    + transaction.getClass().getName());
        }
    }

    @Override
    public <E, ID, R> @Nullable R read(
            String tenant, Class<E> type, Collection<ID> ids, CheckedFunction<? super Map<ID, E>, ? extends R> action)
            throws Exception {
        return reading(tenant, manager -> {
            Map<ID, E> found = load(manager, type, ids);
            found.values().removeIf(entity -> !tenancy.isOf(tenant, entity));
            return action.apply(found);
        });
    }

    /** Runs an action in a transaction that is rolled back. */
    private <R> @Nullable R reading(String tenant, CheckedFunction<EntityManager, ? extends R> action)
            throws Exception {
        try (EntityManager manager = tenancy.open(tenant)) {
            Session session = manager.unwrap(Session.class);
            session.setDefaultReadOnly(true);
            session.setHibernateFlushMode(FlushMode.MANUAL);
            session.setCacheMode(CacheMode.IGNORE);
            EntityTransaction transaction = manager.getTransaction();
            transaction.begin();
            try {
                return action.apply(manager);
            } finally {
                transaction.rollback();
            }
        }
    }

    /**
     * {@inheritDoc} In the order of the database. Where tenants are told by a function, the entities are loaded to find the tenant's.
     *
     * @throws UnsupportedOperationException if the id has parts that are several columns themselves
     */
    @Override
    public <E, ID> List<ID> ids(String tenant, Class<E> type, @Nullable ID after, int limit) throws Exception {
        IdPages<E, ID> pages = IdPages.of(factory, this.<E, ID>entityOf(type));
        List<ID> ids = reading(tenant, manager -> {
            List<ID> page = pages.after(manager, after, limit);
            if (!tenancy.isByFunction()) {
                return page;
            }
            List<ID> own = new ArrayList<>();
            while (!page.isEmpty() && own.size() < limit) {
                Map<ID, E> found = load(manager, type, page);
                page.stream()
                        .filter(id -> found.containsKey(id) && tenancy.isOf(tenant, found.get(id)))
                        .forEach(own::add);
                manager.clear();
                page = page.size() < limit ? List.of() : pages.after(manager, page.get(page.size() - 1), limit);
            }
            return own.size() > limit ? own.subList(0, limit) : own;
        });
        return ids == null ? List.of() : ids;
    }

    @SuppressWarnings("unchecked") // the caller's ids are of that class
    private <E, ID> MappedEntity<E, ID> entityOf(Class<E> type) {
        return (MappedEntity<E, ID>) entity(type);
    }

    @Override
    public <E, ID> long count(String tenant, Class<E> type) throws Exception {
        if (tenancy.isByFunction()) {
            return EntitySource.super.<E, ID>count(tenant, type);
        }
        String query = "select count(*) from " + entity(type).name();
        Long count = reading(
                tenant, manager -> manager.createQuery(query, Long.class).getSingleResult());
        return count == null ? 0 : count;
    }

    /** {@inheritDoc} Queries of all sessions of the persistence unit count; its statistics are switched on meanwhile. */
    @Override
    public <E, ID> Reads probe(
            String tenant, Class<E> type, Collection<ID> ids, CheckedFunction<? super E, String> outcome)
            throws Exception {
        Statistics statistics = factory.unwrap(SessionFactoryImplementor.class).getStatistics();
        boolean enabled = statistics.isStatisticsEnabled();
        statistics.setStatisticsEnabled(true);
        try (EntityManager manager = tenancy.open(tenant)) {
            Session session = manager.unwrap(Session.class);
            session.setDefaultReadOnly(true);
            session.setHibernateFlushMode(FlushMode.MANUAL);
            session.setCacheMode(CacheMode.IGNORE);
            EntityTransaction transaction = manager.getTransaction();
            transaction.begin();
            try {
                Map<ID, E> found = load(manager, type, ids);
                found.values().removeIf(entity -> !tenancy.isOf(tenant, entity));
                if (!found.keySet().containsAll(ids)) {
                    throw new IllegalStateException(
                            "of the " + entity(type).name() + " " + ids + " there are only " + found.keySet());
                }
                Map<String, Long> before = counts(statistics);
                Reads reads = new ReadProbe<E>(
                                entity -> new VariableCopy<>(
                                        factory.getMetamodel(),
                                        manager.unwrap(SharedSessionContractImplementor.class),
                                        entity),
                                outcome)
                        .probe(found);
                Map<String, Long> after = counts(statistics);
                after.entrySet().removeIf(query -> query.getValue().equals(before.get(query.getKey())));
                return new Reads(reads.attributes(), reads.notSeen(), List.copyOf(after.keySet()));
            } finally {
                transaction.rollback();
            }
        } finally {
            statistics.setStatisticsEnabled(enabled);
        }
    }

    private static Map<String, Long> counts(Statistics statistics) {
        Map<String, Long> counts = new TreeMap<>();
        for (String query : statistics.getQueries()) {
            counts.put(query, statistics.getQueryStatistics(query).getExecutionCount());
        }
        return counts;
    }

    /** {@inheritDoc} The action gets an {@link EntityManager}. */
    @Override
    public <E, ID> void write(String tenant, Class<E> type, ID id, Writing<? super E> action) throws Exception {
        try (EntityManager manager = tenancy.open(tenant)) {
            manager.unwrap(Session.class).setCacheMode(CacheMode.IGNORE);
            EntityTransaction transaction = manager.getTransaction();
            transaction.begin();
            try {
                E entity = manager.find(type, id);
                action.run(entity == null || tenancy.isOf(tenant, entity) ? entity : null, manager);
                transaction.commit();
            } finally {
                if (transaction.isActive()) {
                    transaction.rollback();
                }
            }
        }
    }

    /** What a query of the application's, or a graph, leaves out, is asked for without it: it must not be taken for deleted. */
    private <E, ID> Map<ID, E> load(EntityManager manager, Class<E> type, Collection<ID> ids) {
        String plain = "select e from " + entity(type).name() + " e where id(e) in (:ids)";
        Map<ID, E> found = new HashMap<>();
        find(manager, type, queries.getOrDefault(type, plain), graphs.get(type), ids, found);
        if (queries.containsKey(type) || graphs.containsKey(type)) {
            Set<ID> missing = new LinkedHashSet<>(ids);
            missing.removeAll(found.keySet());
            find(manager, type, plain, null, missing, found);
        }
        return found;
    }

    @SuppressWarnings("unchecked") // the ids come from entities of that class
    private <E, ID> void find(
            EntityManager manager,
            Class<E> type,
            String query,
            @Nullable EntityGraph<?> graph,
            Collection<ID> ids,
            Map<ID, E> found) {
        if (ids.isEmpty()) {
            return;
        }
        TypedQuery<E> byIds = manager.createQuery(query, type).setParameter("ids", padded(ids));
        if (graph != null) {
            byIds.setHint("jakarta.persistence.fetchgraph", graph);
        }
        PersistenceUnitUtil util = factory.getPersistenceUnitUtil();
        Set<ID> asked = new HashSet<>(ids);
        for (E entity : answer(manager, byIds)) {
            ID id = (ID) util.getIdentifier(entity);
            if (!asked.contains(id)) {
                throw new IllegalStateException(entity(type).name() + " was asked for by id and came with an id, " + id
                        + ", that equals none of those asked for: ids need equals and hashCode, and one form per id");
            }
            found.put(id, entity);
        }
    }

    private <E> List<E> answer(EntityManager manager, TypedQuery<E> query) {
        ChangeCapture capturing = capture;
        return capturing == null
                ? query.getResultList()
                : manager.unwrap(Session.class).doReturningWork(connection -> capturing.replanning(connection, query));
    }

    /** The ids with the last one repeated, up to a power of two: so there are few different statements. */
    static <ID> List<ID> padded(Collection<ID> ids) {
        List<ID> result = new ArrayList<>(ids);
        ID last = result.get(result.size() - 1);
        int size = Integer.highestOneBit(result.size());
        int target = size == result.size() ? size : size * 2;
        while (result.size() < target) {
            result.add(last);
        }
        return result;
    }

    private HibernateListener hibernateListener() {
        return HibernateListener.of(factory.unwrap(SessionFactoryImplementor.class));
    }

    @Override
    public synchronized void close() {
        if (capture != null) {
            if (factory.isOpen()) {
                hibernateListener().remove(capture);
                BulkStatements.Watch watching = watch;
                if (watching != null) {
                    BulkStatements.of(factory.unwrap(SessionFactoryImplementor.class))
                            .ifPresent(seen -> seen.remove(watching));
                }
            }
            capture = null;
        }
    }
}
