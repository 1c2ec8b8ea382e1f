package io.syncmachine.jdbc;

import io.syncmachine.function.CheckedBiFunction;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntityReference;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.IdCodec;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.TableMapping;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Entities of an application that uses no JPA but plain JDBC, jOOQ, MyBatis, Jdbi or the like: any classes, records above all, that
 * the application reads by functions of its own.
 *
 * <pre>{@code
 * JdbcEntities entities = JdbcEntities.builder(dataSource)
 *     .entity(Order.class, Long.class, Order::id, Orders::load)
 *     .entity(Customer.class, Long.class, Customer::id, Customers::load)
 *     .build();
 * }</pre>
 *
 * <p><b>Changes are told by the application</b>, in the transaction that makes them; this source sees none by itself. What is told is
 * committed or rolled back together with the change, with one insert statement that waits for nobody:
 *
 * <pre>{@code
 * try (Connection connection = dataSource.getConnection()) {
 *     connection.setAutoCommit(false);
 *     …
 *     engine.in(connection).changed(Order.class, List.of(7L));
 *     connection.commit();
 * }
 * }</pre>
 *
 * <p>One call serves creations, updates and deletions: the worker looks at what is committed, and a subject that is not found counts
 * as deleted. No property filter applies; a document that comes out equal is not sent. There is one thing to know: <em>a finder is
 * called with the committed entity</em>. When an entity that is no subject is deleted, or a reference is moved to another subject,
 * nothing committed leads to the former subjects any more; tell these themselves, as in {@code
 * engine.in(connection).changed(Order.class, ids)}.
 *
 * <p>Entities are read in a transaction at READ COMMITTED or better that is rolled back, on a connection of the data source, which
 * must lead to the primary database. {@link #connection()} is that connection, for finders. Safe for use by several threads, and so
 * must be the functions that it is given.
 */
public final class JdbcEntities implements EntitySource, TableMapping.Source {

    private static final ThreadLocal<@Nullable Lent> CURRENT = new ThreadLocal<>();

    private final DataSource dataSource;
    private final Map<Class<?>, JdbcEntity<?, ?>> entities;
    private final Function<Object, String> tenants;
    private final boolean tenantsTold;
    private volatile @Nullable Boolean isolationTooLow;
    private volatile @Nullable Capture capture;

    /** A connection that is lent on this thread, and whether what is done on it is committed. */
    private record Lent(Connection connection, boolean writes) {}

    /**
     * Where changes are written to.
     *
     * @param outbox where
     * @param sameDatabase null for a store of an unknown kind
     * @param place where the outbox is, if that can be told
     * @param knownUrls of connections that are known to lead there
     */
    private record Capture(
            TransactionalOutbox outbox,
            @Nullable SameDatabase sameDatabase,
            @Nullable String place,
            Set<String> knownUrls) {}

    private JdbcEntities(Builder builder) {
        this.dataSource = builder.dataSource;
        this.entities = Map.copyOf(builder.entities);
        this.tenants = builder.tenants;
        this.tenantsTold = builder.tenantsTold;
    }

    /**
     * Begins a declaration.
     *
     * @param dataSource where entities are read: the primary database, with connections that are not marked read-only
     */
    public static Builder builder(DataSource dataSource) {
        return new Builder(dataSource);
    }

    /**
     * The connection of the transaction in which a finder, <em>publishWhen</em>, <em>build</em> or a handler is being called, on the
     * thread that calls it. Closing it, ending its transaction and changing its settings do nothing, so it can be given to libraries
     * that do such things. It is taken back afterwards, and rolled back, but for a handler's, which is committed.
     *
     * <pre>{@code
     * .listenTo(Customer.class, customer -> Orders.idsOf(JdbcEntities.connection(), customer.id()))
     * }</pre>
     *
     * @throws IllegalStateException if no entities are being read on this thread
     */
    public static Connection connection() {
        Lent lent = CURRENT.get();
        if (lent == null) {
            throw new IllegalStateException(
                    "no JdbcEntities are being read on this thread: JdbcEntities.connection() is for"
                            + " finders, publishWhen, build and handlers");
        }
        return lent.connection();
    }

    @Override
    public <E> EntityDescription<E, ?> describe(Class<E> type) {
        return entity(type).describe();
    }

    @SuppressWarnings("unchecked") // the map holds each class's own declaration
    private <E> JdbcEntity<E, ?> entity(Class<E> type) {
        JdbcEntity<?, ?> entity = entities.get(type);
        if (entity == null) {
            throw unknown(type);
        }
        return (JdbcEntity<E, ?>) entity;
    }

    private IllegalArgumentException unknown(Class<?> type) {
        return new IllegalArgumentException(
                type.getName() + " is not declared as an entity; declared are " + names(entities.values()));
    }

    /** {@inheritDoc} They are those that were declared. */
    @Override
    public List<TableMapping> tables(Class<?> entity) {
        JdbcEntity<?, ?> declared = entity(entity);
        JdbcTable table = declared.table();
        if (table == null) {
            throw new IllegalArgumentException(
                    "the table of " + declared.name() + " is not declared; say entity(…, it -> it.table(\"…\"))");
        }
        if (tenantsTold && table.tenantColumn() == null) {
            throw new IllegalArgumentException("a function tells the tenants of " + declared.name()
                    + ", which no database knows; name the column with table(…, it -> it.tenantColumn(\"…\"))");
        }
        return List.of(table.mapping(declared, target -> entity(target).idType()));
    }

    private static Set<String> names(Collection<JdbcEntity<?, ?>> entities) {
        return entities.stream().map(JdbcEntity::name).collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if changes cannot be written to this kind of store in transactions
     * @throws IllegalStateException if an engine uses this source already, or the store is in another database
     */
    @Override
    public synchronized void capture(ChangeListener listener, Store store) {
        if (!(store.outbox() instanceof TransactionalOutbox outbox)) {
            throw new IllegalArgumentException(
                    "changes of JDBC entities are written in their own transactions: use a JdbcStore"
                            + " on the same database instead of "
                            + store.getClass().getName());
        }
        if (capture != null) {
            throw new IllegalStateException("this JdbcEntities is in use by an engine already; make another");
        }
        Set<String> knownUrls = ConcurrentHashMap.newKeySet();
        SameDatabase sameDatabase = store instanceof JdbcStore database ? database.sameDatabase() : null;
        String place = sameDatabase == null ? null : sameDatabase.require(borrower -> lend(borrower, knownUrls));
        capture = new Capture(outbox, sameDatabase, place, knownUrls);
    }

    private void lend(JdbcStore.Borrower borrower, Set<String> urls) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            borrower.use(connection);
            String url = connection.getMetaData().getURL();
            if (url != null) {
                urls.add(url);
            }
        }
    }

    /** {@inheritDoc} An object of a class that is not declared counts as its nearest declared superclass or interface. */
    @Override
    public EntityReference refer(@Nullable Object transaction, Object entity) {
        List<JdbcEntity<?, ?>> fitting = entities.values().stream()
                .filter(candidate -> candidate.type().isInstance(entity))
                .toList();
        if (fitting.isEmpty()) {
            throw unknown(entity.getClass());
        }
        JdbcEntity<?, ?> nearest = fitting.stream()
                .filter(candidate ->
                        fitting.stream().allMatch(other -> other.type().isAssignableFrom(candidate.type())))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(entity.getClass()
                                .getName() + " may be any of " + names(fitting) + "; declare it as an entity itself"));
        return new EntityReference(tenantOf(entity), nearest.name(), nearest.encodedIdOf(entity));
    }

    /**
     * {@inheritDoc}
     *
     * <p>It knows a {@link Connection} without auto-commit to the store's database, be it one of a pool or wrapped. Nobody tells of its
     * commit; so the changes wait for the next poll, up to five seconds, unless {@link #committed()} is called.
     */
    @Override
    public void append(@Nullable Object transaction, Collection<Change> changes) {
        Capture capturing = capture;
        if (capturing == null) {
            throw new IllegalStateException("no engine captures these entities");
        }
        if (transaction == null) {
            capturing.outbox().append(changes);
        } else if (transaction instanceof Connection connection) {
            append(capturing, connection, changes);
        } else {
            throw new IllegalArgumentException("the transaction must be a Connection, but is a "
                    + transaction.getClass().getName());
        }
    }

    private static void append(Capture capturing, Connection connection, Collection<Change> changes) {
        Lent lent = CURRENT.get();
        if (lent != null && !lent.writes() && connection.equals(lent.connection())) {
            throw new IllegalStateException("the connection of a read is rolled back, and what is told on it with it:"
                    + " use one of your own, or tell it without a transaction");
        }
        try {
            if (connection.getAutoCommit()) {
                throw new IllegalStateException(
                        "the connection is in auto-commit mode: there is no transaction to join;"
                                + " call setAutoCommit(false) before the changes that belong together");
            }
            checkUrl(capturing, connection);
            capturing.outbox().append(connection, changes);
        } catch (SQLException e) {
            throw new JdbcStoreException(e);
        }
    }

    /** A look at the database at the first connection with another URL: it may be another name of the same. */
    private static void checkUrl(Capture capturing, Connection connection) throws SQLException {
        SameDatabase sameDatabase = capturing.sameDatabase();
        String url = sameDatabase == null ? null : connection.getMetaData().getURL();
        if (sameDatabase != null && url != null && !capturing.knownUrls().contains(url)) {
            sameDatabase.requireAtAGlance(capturing.place(), connection);
            capturing.knownUrls().add(url);
        }
    }

    /**
     * Says that a transaction was committed in which changes were told, so that they are looked at now and not at the next poll.
     * Never needed, quick, and never throws; does nothing while no engine runs.
     */
    public void committed() {
        Capture capturing = capture;
        if (capturing != null) {
            capturing.outbox().committed();
        }
    }

    @Override
    public <E, ID, R> @Nullable R read(
            String tenant, Class<E> type, Collection<ID> ids, CheckedFunction<? super Map<ID, E>, ? extends R> action)
            throws Exception {
        Lent outer = CURRENT.get();
        try (Connection own = dataSource.getConnection();
                LentTransaction transaction = new LentTransaction(own, isIsolationTooLow(own))) {
            CURRENT.set(new Lent(transaction.connection(), false));
            return action.apply(load(tenant, type, ids, transaction));
        } finally {
            CURRENT.set(outer);
        }
    }

    /**
     * {@inheritDoc} The action gets a {@link Connection}, the same as {@link #connection()}. What it changes with it is not seen: it
     * tells that by itself, with this connection.
     */
    @Override
    public <E, ID> void write(String tenant, Class<E> type, ID id, Writing<? super E> action) throws Exception {
        Lent outer = CURRENT.get();
        try (Connection own = dataSource.getConnection();
                LentTransaction transaction = new LentTransaction(own, isIsolationTooLow(own))) {
            CURRENT.set(new Lent(transaction.connection(), true));
            action.run(load(tenant, type, List.of(id), transaction).get(id), transaction.connection());
            transaction.commit();
        } finally {
            CURRENT.set(outer);
        }
        committed();
    }

    @SuppressWarnings("unchecked") // the ids come from entities of that class
    private <E, ID> Map<ID, E> load(String tenant, Class<E> type, Collection<ID> ids, LentTransaction transaction)
            throws Exception {
        Capture capturing = capture;
        try (TransactionalOutbox.Replanning replanning =
                capturing == null ? () -> {} : capturing.outbox().replanning(transaction.connection())) {
            Map<ID, E> found = ((JdbcEntity<E, ID>) entity(type)).load(transaction.connection(), ids);
            found.values().removeIf(entity -> !tenantOf(entity).equals(tenant));
            return found;
        }
    }

    private String tenantOf(Object entity) {
        return tenants.apply(entity);
    }

    /**
     * {@inheritDoc} Told by the function that was {@linkplain EntitySettings#pages declared}. Where tenants are told by a function, the
     * entities are loaded to find the tenant's.
     *
     * @throws UnsupportedOperationException if no function was declared
     */
    @Override
    @SuppressWarnings("unchecked") // the ids are of entities of that class
    public <E, ID> List<ID> ids(String tenant, Class<E> type, @Nullable ID after, int limit) throws Exception {
        JdbcEntity<E, ID> entity = (JdbcEntity<E, ID>) entity(type);
        if (!tenantsTold && !tenant.equals(Change.DEFAULT_TENANT)) {
            return List.of();
        }
        Lent outer = CURRENT.get();
        try (Connection own = dataSource.getConnection();
                LentTransaction transaction = new LentTransaction(own, isIsolationTooLow(own))) {
            CURRENT.set(new Lent(transaction.connection(), false));
            List<ID> page = entity.page(transaction.connection(), after, limit);
            if (!tenantsTold) {
                return page;
            }
            List<ID> ids = new ArrayList<>();
            while (!page.isEmpty() && ids.size() < limit) {
                Map<ID, E> found = load(tenant, type, page, transaction);
                page.stream().filter(found::containsKey).forEach(ids::add);
                page = page.size() < limit
                        ? List.of()
                        : entity.page(transaction.connection(), page.get(page.size() - 1), limit);
            }
            return ids.size() > limit ? List.copyOf(ids.subList(0, limit)) : ids;
        } finally {
            CURRENT.set(outer);
        }
    }

    private boolean isIsolationTooLow(Connection connection) throws SQLException {
        Boolean known = isolationTooLow;
        if (known == null) {
            known = LentTransaction.isTooLow(connection);
            isolationTooLow = known;
        }
        return known;
    }

    @Override
    public synchronized void close() {
        capture = null;
    }

    /** The declaration of the entities. Not safe for use by several threads. */
    public static final class Builder {

        private final DataSource dataSource;
        private final Map<Class<?>, JdbcEntity<?, ?>> entities = new LinkedHashMap<>();
        private Function<Object, String> tenants = entity -> Change.DEFAULT_TENANT;
        private boolean tenantsTold;

        private Builder(DataSource dataSource) {
            this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
        }

        /**
         * Declares an entity class under its simple name, with its record components, or else its fields, as properties.
         *
         * @param idType the class of its id, a wrapper class for primitive ids: String, Long, Integer, Short, UUID, or one that Jackson
         *     can write and read by its fields, such as a record of several values
         * @param id from an entity to its id
         * @param loader from ids to the entities that exist, in any order; one that it leaves out counts as deleted. Called with a
         *     connection that is for reading ({@link JdbcEntities#connection()} is the same one), and with different ids, at least one and
         *     at most a few hundred.
         * @throws IllegalArgumentException if the class is declared already, or its name is taken or malformed
         */
        public <E, ID> Builder entity(
                Class<E> type,
                Class<ID> idType,
                Function<? super E, ? extends ID> id,
                CheckedBiFunction<? super Connection, ? super List<ID>, ? extends Collection<? extends E>> loader) {
            return entity(type, idType, id, loader, settings -> {});
        }

        /**
         * The same with another name, properties or id codec: {@code entity(…, order -> order.name("order").properties("status"))}.
         *
         * @throws IllegalArgumentException if the class is declared already, or its name is taken or malformed
         */
        public <E, ID> Builder entity(
                Class<E> type,
                Class<ID> idType,
                Function<? super E, ? extends ID> id,
                CheckedBiFunction<? super Connection, ? super List<ID>, ? extends Collection<? extends E>> loader,
                Consumer<? super EntitySettings<ID>> settings) {
            EntitySettings<ID> chosen = new EntitySettings<>(type, idType);
            settings.accept(chosen);
            return add(new JdbcEntity<>(
                    type, chosen.name, chosen.properties, idType, chosen.ids, id, loader, chosen.pages, chosen.table));
        }

        private Builder add(JdbcEntity<?, ?> entity) {
            EntitySettings.requireName(entity.type(), entity.name());
            if (entities.containsKey(entity.type())) {
                throw new IllegalArgumentException(entity.type().getName() + " is declared twice");
            }
            if (entities.values().stream().anyMatch(known -> known.name().equals(entity.name()))) {
                throw new IllegalArgumentException("two entities are named '" + entity.name() + "'; give "
                        + entity.type().getName() + " another name, as in entity(…, it -> it.name(\"other\"))");
            }
            entities.put(entity.type(), entity);
            return this;
        }

        /**
         * Says to which tenant an entity belongs, for ever; default is one tenant for all. Each tenant sees only its own entities. Where
         * changes are told by ids, {@link io.syncmachine.Events#ofTenant} says whose they are.
         *
         * @param tenants quick, never null
         */
        public Builder tenants(Function<Object, String> tenants) {
            this.tenants = tenants;
            this.tenantsTold = true;
            return this;
        }

        /**
         * The source; connects to nothing yet.
         *
         * @throws IllegalStateException if no entity is declared
         */
        public JdbcEntities build() {
            if (entities.isEmpty()) {
                throw new IllegalStateException("no entity is declared; call entity(…)");
            }
            return new JdbcEntities(this);
        }
    }

    /**
     * Goes through the ids of all entities of a class, in pages. Safe for use by several threads.
     *
     * <pre>{@code
     * (connection, after, limit) -> query(connection, "select id from orders where id > ? order by id limit ?", after == null ? 0 : after, limit)
     * }</pre>
     */
    @FunctionalInterface
    public interface IdPages<ID> {

        /**
         * A page, in an order that never changes.
         *
         * @param connection for reading; {@link JdbcEntities#connection()} is the same one
         * @param after those that come after this id, which need not exist any more; null for the first
         * @param limit at most so many; fewer only where there are no more
         * @throws Exception if they cannot be read
         */
        List<ID> after(Connection connection, @Nullable ID after, int limit) throws Exception;
    }

    /** What can be said of an entity besides. Not safe for use by several threads. */
    public static final class EntitySettings<ID> {

        private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,100}");

        private String name;
        private Set<String> properties;
        private IdCodec<ID> ids;
        private @Nullable IdPages<ID> pages;
        private @Nullable JdbcTable table;

        private EntitySettings(Class<?> type, Class<ID> idType) {
            this.name = type.getSimpleName();
            this.properties = JdbcEntity.propertiesOf(type);
            this.ids = JdbcEntity.codec(idType);
        }

        /**
         * By which its changes are stored, at most 100 letters, digits, dots, dashes and underscores; default the simple name of the
         * class. Jobs of an entity whose name changes wait for the old name.
         */
        public EntitySettings<ID> name(String name) {
            this.name = name;
            return this;
        }

        /** The names that machines may listen to; default the components of a record, or the fields of another class. */
        public EntitySettings<ID> properties(String... properties) {
            this.properties = Set.of(properties);
            return this;
        }

        /**
         * How to go through the ids of all entities of the class, for a {@linkplain io.syncmachine.SyncEngine#resync resync} and an audit of
         * all of them; default none.
         */
        public EntitySettings<ID> pages(IdPages<ID> pages) {
            this.pages = Objects.requireNonNull(pages, "pages");
            return this;
        }

        /** How its ids are written as text; default as they are, or as JSON if they have several values. */
        public EntitySettings<ID> ids(IdCodec<ID> ids) {
            this.ids = ids;
            return this;
        }

        /**
         * In which table it is, for triggers that tell its changes; nothing else looks at it. Its key is the column {@code id}, or those
         * of an id of several values; the columns of other properties are called like them, but {@code unit_price} for {@code unitPrice}.
         *
         * @param name as the database knows it
         */
        public EntitySettings<ID> table(String name) {
            return table(name, table -> {});
        }

        /** The same where that is not all that there is to say: {@code it.table("items", table -> table.column("price", "unit_price"))}. */
        public EntitySettings<ID> table(String name, Consumer<? super TableSettings> settings) {
            TableSettings chosen = new TableSettings(name);
            settings.accept(chosen);
            this.table = chosen.table();
            return this;
        }

        private static void requireName(Class<?> type, String name) {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("the name of " + type.getName()
                        + " must be 1 to 100 letters, digits, dots, dashes or underscores, but is '" + name + "'");
            }
        }
    }

    /** What can be said of an entity's table. Names are those of the database's catalogue, without quotes. Not safe for use by several threads. */
    public static final class TableSettings {

        private final String name;
        private final Map<String, List<String>> columns = new LinkedHashMap<>();
        private final Map<String, Class<?>> references = new LinkedHashMap<>();
        private final Set<String> asText = new TreeSet<>();
        private @Nullable String schema;
        private List<String> key = List.of();
        private @Nullable String tenantColumn;

        private TableSettings(String name) {
            this.name = name;
        }

        /** Its schema; default the one that the triggers are made for. */
        public TableSettings schema(String schema) {
            this.schema = schema;
            return this;
        }

        /** The columns of its key; of an id of several values in the order of its components. */
        public TableSettings key(String... columns) {
            this.key = List.of(columns);
            return this;
        }

        /** In which columns a property is; in none if none is named. */
        public TableSettings column(String property, String... columns) {
            this.columns.put(property, List.of(columns));
            return this;
        }

        /**
         * That a property is the id of another entity. What it was before travels with a change of it and with the entity's deletion.
         *
         * @param property which
         * @param target of the entity, which is declared, too
         */
        public TableSettings reference(String property, Class<?> target) {
            this.references.put(property, target);
            return this;
        }

        /** That values of these properties are compared as text: their types know no equality, like json, or a loose one, like citext. */
        public TableSettings asText(String... properties) {
            this.asText.addAll(List.of(properties));
            return this;
        }

        /** The column that tells the tenant, as the function that was given to {@link Builder#tenants} tells it. */
        public TableSettings tenantColumn(String column) {
            this.tenantColumn = column;
            return this;
        }

        private JdbcTable table() {
            return new JdbcTable(
                    schema, name, key, Map.copyOf(columns), Map.copyOf(references), Set.copyOf(asText), tenantColumn);
        }
    }
}
