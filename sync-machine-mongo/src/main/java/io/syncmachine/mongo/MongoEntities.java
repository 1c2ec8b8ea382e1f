package io.syncmachine.mongo;

import com.mongodb.MongoCommandException;
import com.mongodb.MongoException;
import com.mongodb.ReadConcern;
import com.mongodb.ReadPreference;
import com.mongodb.TransactionOptions;
import com.mongodb.WriteConcern;
import com.mongodb.client.AggregateIterable;
import com.mongodb.client.ChangeStreamIterable;
import com.mongodb.client.ClientSession;
import com.mongodb.client.FindIterable;
import com.mongodb.client.MongoChangeStreamCursor;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.changestream.ChangeStreamDocument;
import com.mongodb.client.model.changestream.FullDocument;
import com.mongodb.client.model.changestream.FullDocumentBeforeChange;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.mongo.FreshReads.Reading;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntityReference;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bson.BsonDocument;
import org.bson.BsonNull;
import org.bson.BsonValue;
import org.bson.Document;
import org.bson.codecs.Codec;
import org.bson.codecs.Decoder;
import org.bson.codecs.configuration.CodecConfigurationException;
import org.bson.codecs.configuration.CodecRegistry;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Documents of MongoDB as entities: classes of the application's, records above all, that its codecs read; or whatever a function makes of a
 * {@link Document}. What is embedded in a document is part of it.
 *
 * <pre>{@code
 * MongoEntities entities = MongoEntities.builder(client, client.getDatabase("shop"))
 *     .entity(Order.class, Long.class, "orders", Order::id)
 *     .entity(Customer.class, ObjectId.class, "customers", Customer::id)
 *     .build();
 * }</pre>
 *
 * <p><b>Changes are captured from change streams</b>, whoever makes them: a stream for each collection that is listened to, read by one node at a
 * time, from the moment on when the first engine started. The stream's position is saved after its changes are in the store's
 * outbox: a crash repeats changes and loses none. Where the server does not have them any more, all documents and all known subjects
 * are gone through, in the background.
 *
 * <p>A change tells the paths of its fields; one that replaces a document tells all, unless the collection records pre-images. <em>A deletion tells
 * the id and nothing else, unless the collection records pre-images</em>: the subjects of a deleted entity that is no subject itself are not found
 * then.
 *
 * <p>Entities are read from the primary, with what the majority has acknowledged by then. Safe for use by several threads, and so must
 * be the functions that it is given.
 */
public final class MongoEntities implements EntitySource {

    private static final Logger log = LoggerFactory.getLogger(MongoEntities.class);

    /** From here on, a server can record what documents were before a change: MongoDB 6.0. */
    private static final int WITH_PRE_IMAGES = 17;

    private static final long STREAM_WAITS_MILLIS = 500;
    private static final int COMMITS = 5;
    private static final BsonValue NONE = BsonNull.VALUE;
    private static final ThreadLocal<@Nullable Reading> CURRENT = new ThreadLocal<>();

    private final MongoClient client;
    private final MongoDatabase database;
    private final Map<Class<?>, MongoEntity<?, ?>> entities;
    private final MongoCollection<Document> positions;
    private final FreshReads reads;
    private final Function<Streams, Streams> streams;
    private volatile @Nullable Capturing capturing;

    /** What captures, and where to. */
    private record Capturing(Store store, List<Capture> captures) {}

    private MongoEntities(Builder builder, Function<Streams, Streams> streams) {
        this.client = builder.client;
        this.database = builder.database;
        this.entities = Map.copyOf(builder.entities);
        this.positions = Server.settled(database).getCollection(builder.prefix + "stream");
        this.reads = new FreshReads(client, database, positions);
        this.streams = streams;
    }

    /**
     * Begins a declaration.
     *
     * @param client stays open as long as the entities are used, and is never closed by them
     * @param database of that client, with the codecs by which documents become entities
     */
    public static Builder builder(MongoClient client, MongoDatabase database) {
        return new Builder(client, database);
    }

    /**
     * Finds other documents in a finder, in <em>publishWhen</em>, <em>build</em> or a handler, on the thread that calls it: as fresh as the entity that was
     * read, and nothing that may be rolled back; in a handler, within its transaction.
     *
     * <pre>{@code
     * .listenTo(Customer.class, SubjectIds.stream(customer -> Orders.idsOf(
     *         MongoEntities.find(orders, Filters.eq("customerId", customer.id())))))
     * }</pre>
     *
     * @param collection of the same client; with its codecs, whatever its read preference and read concern
     * @throws IllegalStateException if no entities are being read on this thread
     */
    public static <T> FindIterable<T> find(MongoCollection<T> collection, Bson filter) {
        return current().find(collection, filter);
    }

    /**
     * The same by an aggregation, which must not write.
     *
     * @throws IllegalStateException if no entities are being read on this thread
     */
    public static <T> AggregateIterable<T> aggregate(MongoCollection<T> collection, List<? extends Bson> pipeline) {
        return current().aggregate(collection, pipeline);
    }

    private static Reading current() {
        Reading reading = CURRENT.get();
        if (reading == null) {
            throw new IllegalStateException("no MongoEntities are being read on this thread: this is for"
                    + " finders, publishWhen, build and handlers");
        }
        return reading;
    }

    @Override
    public <E> EntityDescription<E, ?> describe(Class<E> type) {
        return entity(type).describe();
    }

    @SuppressWarnings("unchecked") // the map holds each class's own declaration
    private <E> MongoEntity<E, ?> entity(Class<E> type) {
        MongoEntity<?, ?> entity = entities.get(type);
        if (entity == null) {
            throw unknown(type);
        }
        return (MongoEntity<E, ?>) entity;
    }

    private IllegalArgumentException unknown(Class<?> type) {
        return new IllegalArgumentException(
                type.getName() + " is not declared as an entity; declared are " + names(entities.values()));
    }

    private static Set<String> names(Collection<MongoEntity<?, ?>> entities) {
        return entities.stream().map(MongoEntity::name).collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * {@inheritDoc}
     *
     * <p>Begins with all that is changed after this call; where an engine has captured before, with what was changed since. Not atomically with the
     * change, but in an order that loses none.
     *
     * @throws IllegalStateException if an engine uses this source already, or MongoDB is neither replica set nor sharded cluster
     */
    @Override
    public synchronized void capture(ChangeListener listener, Store store) {
        if (capturing != null) {
            throw new IllegalStateException("this MongoEntities is in use by an engine already; make another");
        }
        List<Capture> captures = new ArrayList<>();
        String holder = UUID.randomUUID().toString();
        try {
            Server.call(() -> {
                MongoStore.requireReplicaSet(database);
                boolean preImages = hasPreImages();
                for (MongoEntity<?, ?> entity : entities.values()) {
                    if (listener.listensTo(entity.name())) {
                        Capture capture = capture(entity, holder, preImages, listener, store);
                        capture.start();
                        captures.add(capture);
                    }
                }
                return captures;
            });
        } catch (RuntimeException e) {
            captures.forEach(Capture::close);
            throw e;
        }
        capturing = new Capturing(store, captures);
    }

    private boolean hasPreImages() {
        Number version = ServerClock.hello(database).get("maxWireVersion", Number.class);
        return version != null && version.intValue() >= WITH_PRE_IMAGES;
    }

    private Capture capture(
            MongoEntity<?, ?> entity, String holder, boolean preImages, ChangeListener listener, Store store) {
        MongoCollection<BsonDocument> documents = database.withReadPreference(ReadPreference.primary())
                .getCollection(entity.collection(), BsonDocument.class);
        String name = documents.getNamespace().getFullName();
        if (!listener.findersOf(entity.name()).isEmpty() && !(preImages && recordsPreImages(entity.collection()))) {
            log.info(
                    "{} records no pre-images: when one is deleted, its subjects are not found. If that matters, run"
                            + " db.runCommand({collMod: \"{}\", changeStreamPreAndPostImages: {enabled: true}}) on MongoDB 6.0 or newer",
                    name,
                    entity.collection());
        }
        return new Capture(
                name,
                holder,
                streams.apply(token -> open(documents, token, preImages)),
                new StreamState(positions, name),
                new ChangeEvents(entity, listener),
                new Rescan(entity, documents, reads, listener, store),
                store);
    }

    /** Or may, where that may not be asked. */
    private boolean recordsPreImages(String collection) {
        try {
            for (Document found : database.listCollections().filter(Filters.eq("name", collection))) {
                Document options = found.get("options", new Document());
                Document images = options.get("changeStreamPreAndPostImages", new Document());
                return images.getBoolean("enabled", false);
            }
            return false;
        } catch (MongoCommandException e) {
            log.debug("the options of {} cannot be told", collection, e);
            return true;
        }
    }

    private static MongoChangeStreamCursor<ChangeStreamDocument<BsonDocument>> open(
            MongoCollection<BsonDocument> documents, @Nullable BsonDocument token, boolean preImages) {
        ChangeStreamIterable<BsonDocument> stream =
                documents.watch(BsonDocument.class).maxAwaitTime(STREAM_WAITS_MILLIS, TimeUnit.MILLISECONDS);
        if (preImages) {
            stream.fullDocumentBeforeChange(FullDocumentBeforeChange.WHEN_AVAILABLE)
                    .fullDocument(FullDocument.WHEN_AVAILABLE);
        } else {
            stream.fullDocument(FullDocument.UPDATE_LOOKUP); // stand-ins tell the id of an update in no other way
        }
        if (token != null) {
            stream.resumeAfter(token);
        }
        return stream.cursor();
    }

    /** {@inheritDoc} An object of a class that is not declared counts as its nearest declared superclass or interface. */
    @Override
    public EntityReference refer(@Nullable Object transaction, Object entity) {
        List<MongoEntity<?, ?>> fitting = entities.values().stream()
                .filter(candidate -> candidate.type().isInstance(entity))
                .toList();
        if (fitting.isEmpty()) {
            throw unknown(entity.getClass());
        }
        MongoEntity<?, ?> nearest = fitting.stream()
                .filter(candidate ->
                        fitting.stream().allMatch(other -> other.type().isAssignableFrom(candidate.type())))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(entity.getClass()
                                .getName() + " may be any of " + names(fitting) + "; declare it as an entity itself"));
        return new EntityReference(Change.DEFAULT_TENANT, nearest.name(), nearest.encodedIdOf(entity));
    }

    /**
     * {@inheritDoc}
     *
     * <p>It knows a {@link ClientSession} with an active transaction, of the client of a {@link MongoStore}. Nobody tells of its commit; so
     * the changes wait for the next poll, up to five seconds, unless {@link #committed()} is called.
     */
    @Override
    public void append(@Nullable Object transaction, Collection<Change> changes) {
        Capturing now = capturing;
        if (now == null) {
            throw new IllegalStateException("no engine captures these entities");
        }
        if (transaction == null) {
            now.store().outbox().append(changes);
        } else if (transaction instanceof ClientSession session) {
            append(now.store(), session, changes);
        } else {
            throw new IllegalArgumentException("the transaction must be a ClientSession, but is a "
                    + transaction.getClass().getName());
        }
    }

    private static void append(Store store, ClientSession session, Collection<Change> changes) {
        if (!(store instanceof MongoStore own)) {
            throw new IllegalArgumentException(
                    "changes are told in a ClientSession where the store is a MongoStore, and not a "
                            + store.getClass().getName() + ": tell them without a transaction, after the commit");
        }
        if (!session.hasActiveTransaction()) {
            throw new IllegalStateException(
                    "the session has no active transaction: call startTransaction() before the changes that"
                            + " belong together, or tell them without a session");
        }
        own.mongoOutbox().append(session, changes);
    }

    /**
     * Says that a transaction was committed in which changes were told, so that they are looked at now and not at the next poll.
     * Never needed, quick, and never throws; does nothing while no engine runs.
     */
    public void committed() {
        Capturing now = capturing;
        if (now != null && now.store() instanceof MongoStore own) {
            own.mongoOutbox().committed();
        }
    }

    @Override
    public <E, ID, R> @Nullable R read(
            String tenant, Class<E> type, Collection<ID> ids, CheckedFunction<? super Map<ID, E>, ? extends R> action)
            throws Exception {
        Reading outer = CURRENT.get();
        try (Reading reading = Server.call(reads::begin)) {
            CURRENT.set(reading);
            return action.apply(Server.call(() -> load(tenant, type, ids, reading)));
        } finally {
            CURRENT.set(outer);
        }
    }

    @SuppressWarnings("unchecked") // the ids come from entities of that class
    private <E, ID> Map<ID, E> load(String tenant, Class<E> type, Collection<ID> ids, Reading reading) {
        MongoEntity<E, ID> entity = (MongoEntity<E, ID>) entity(type);
        Map<ID, E> found = new LinkedHashMap<>();
        if (!ids.isEmpty() && tenant.equals(Change.DEFAULT_TENANT)) {
            List<BsonValue> values =
                    new LinkedHashSet<>(ids).stream().map(entity.ids()::toBson).toList();
            reading.find(database.getCollection(entity.collection(), BsonDocument.class), Filters.in("_id", values))
                    .forEach(document ->
                            found.put(entity.ids().fromBson(document.get("_id", NONE)), entity.decode(document)));
        }
        return found;
    }

    /** {@inheritDoc} In the order of the server. */
    @Override
    @SuppressWarnings("unchecked") // the ids are of entities of that class
    public <E, ID> List<ID> ids(String tenant, Class<E> type, @Nullable ID after, int limit) throws Exception {
        MongoEntity<E, ID> entity = (MongoEntity<E, ID>) entity(type);
        if (!tenant.equals(Change.DEFAULT_TENANT)) {
            return List.of();
        }
        try (Reading reading = Server.call(reads::begin)) {
            return Server.call(() -> {
                List<ID> ids = new ArrayList<>();
                reading.find(
                                database.getCollection(entity.collection(), BsonDocument.class),
                                after == null
                                        ? Filters.exists("_id")
                                        : Filters.gt("_id", entity.ids().toBson(after)))
                        .projection(Projections.include("_id"))
                        .sort(Sorts.ascending("_id"))
                        .limit(limit)
                        .forEach(document -> ids.add(entity.ids().fromBson(document.get("_id", NONE))));
                return ids;
            });
        }
    }

    /**
     * {@inheritDoc} The action gets a {@link ClientSession}: what is to be committed with the transaction is written with it. What it changes is
     * captured like any other change.
     */
    @Override
    public <E, ID> void write(String tenant, Class<E> type, ID id, Writing<? super E> action) throws Exception {
        Reading outer = CURRENT.get();
        try (ClientSession session = Server.call(client::startSession)) {
            session.startTransaction(TransactionOptions.builder()
                    .readPreference(ReadPreference.primary())
                    .readConcern(ReadConcern.SNAPSHOT)
                    .writeConcern(WriteConcern.MAJORITY)
                    .build());
            Reading reading = new Reading(session);
            CURRENT.set(reading);
            try {
                action.run(
                        Server.call(() -> load(tenant, type, List.of(id), reading))
                                .get(id),
                        session);
            } catch (Throwable e) {
                abort(session, e);
                throw e;
            }
            Server.call(() -> commit(session));
        } finally {
            CURRENT.set(outer);
        }
        committed();
    }

    private static void abort(ClientSession session, Throwable why) {
        try {
            if (session.hasActiveTransaction()) {
                session.abortTransaction();
            }
        } catch (RuntimeException e) {
            why.addSuppressed(e); // the server ends it by itself
        }
    }

    /** A commit whose answer is not known is repeated: that does nothing if it was done. */
    private static boolean commit(ClientSession session) {
        for (int tries = 1; ; tries++) {
            try {
                session.commitTransaction();
                return true;
            } catch (MongoException e) {
                if (!e.hasErrorLabel(MongoException.UNKNOWN_TRANSACTION_COMMIT_RESULT_LABEL) || tries == COMMITS) {
                    throw e;
                }
            }
        }
    }

    /**
     * Waits until all that was changed before this call is in the outbox; for tests and tools.
     *
     * @param patience no longer than this
     * @return whether it is; false also if another node captures, or none
     * @throws InterruptedException if the thread is interrupted
     */
    public boolean awaitCaptured(Duration patience) throws InterruptedException {
        Capturing now = capturing;
        long end = System.nanoTime() + patience.toNanos();
        if (now == null) {
            return false;
        }
        for (Capture capture : now.captures()) {
            if (!capture.await(Duration.ofNanos(end - System.nanoTime()))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public synchronized void close() {
        Capturing now = capturing;
        capturing = null;
        if (now != null) {
            now.captures().forEach(Capture::close);
        }
    }

    /** The declaration of the entities. Not safe for use by several threads. */
    public static final class Builder {

        private static final Pattern PREFIX = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]{0,59}");

        private final MongoClient client;
        private final MongoDatabase database;
        private final Map<Class<?>, MongoEntity<?, ?>> entities = new LinkedHashMap<>();
        private String prefix = "sync_machine_";

        private Builder(MongoClient client, MongoDatabase database) {
            this.client = Objects.requireNonNull(client, "client");
            this.database = Objects.requireNonNull(database, "database");
        }

        /**
         * Declares a class whose objects are the documents of a collection, under its simple name, with its fields and those of embedded classes as
         * properties.
         *
         * @param idType the class of {@code _id}: String, Long, Integer, ObjectId, UUID, or any other that the database's codecs can
         *     write and read, such as a record for one of several fields
         * @param id from an entity to its id
         * @throws IllegalArgumentException if the class or collection is declared already, its name is taken or malformed, or the database has no
         *     codec for it or its id
         */
        public <E, ID> Builder entity(
                Class<E> type, Class<ID> idType, String collection, Function<? super E, ? extends ID> id) {
            return entity(type, idType, collection, id, settings -> {});
        }

        /**
         * The same with another name, properties, references or reader: {@code entity(…, order -> order.references("customerId"))}.
         *
         * @throws IllegalArgumentException if the class or collection is declared already, its name is taken or malformed, or the database has no
         *     codec for it or its id
         */
        public <E, ID> Builder entity(
                Class<E> type,
                Class<ID> idType,
                String collection,
                Function<? super E, ? extends ID> id,
                Consumer<? super EntitySettings<E>> settings) {
            CodecRegistry codecs = database.getCodecRegistry();
            EntitySettings<E> chosen = new EntitySettings<>(type);
            settings.accept(chosen);
            Codec<ID> idCodec = codec(codecs, idType);
            return add(new MongoEntity<>(
                    type,
                    chosen.name,
                    collection,
                    chosen.properties,
                    chosen.references,
                    new BsonIds<>(idType, idCodec),
                    BsonIds.text(idType, idCodec),
                    id,
                    decoder(codecs, type, chosen.reader)));
        }

        private static <E> Decoder<? extends E> decoder(
                CodecRegistry codecs, Class<E> type, @Nullable Function<? super Document, ? extends E> reader) {
            if (reader == null) {
                return codec(codecs, type);
            }
            Codec<Document> documents = codec(codecs, Document.class);
            return (bson, context) -> reader.apply(documents.decode(bson, context));
        }

        private static <T> Codec<T> codec(CodecRegistry codecs, Class<T> type) {
            try {
                return codecs.get(type);
            } catch (CodecConfigurationException e) {
                throw new IllegalArgumentException(
                        "the database has no codec for " + type.getName()
                                + ": give it one by withCodecRegistry(…), or say how it is made of a Document by entity(…, it -> it.from(…))",
                        e);
            }
        }

        private Builder add(MongoEntity<?, ?> entity) {
            EntitySettings.requireName(entity.type(), entity.name());
            if (entities.containsKey(entity.type())) {
                throw new IllegalArgumentException(entity.type().getName() + " is declared twice");
            }
            for (MongoEntity<?, ?> known : entities.values()) {
                if (known.name().equals(entity.name())) {
                    throw new IllegalArgumentException("two entities are named '" + entity.name() + "'; give "
                            + entity.type().getName() + " another name, as in entity(…, it -> it.name(\"other\"))");
                }
                if (known.collection().equals(entity.collection())) {
                    throw new IllegalArgumentException(
                            "the collection '" + entity.collection() + "' is declared twice, as " + known.name()
                                    + " and as " + entity.name() + "; declare it once");
                }
            }
            entities.put(entity.type(), entity);
            return this;
        }

        /**
         * What stands before the name of the collection in which the streams' positions are kept, in the entities' database; default {@code
         * sync_machine_}. Applications that share a database need one each.
         *
         * @throws IllegalArgumentException if it is not 1 to 60 letters, digits, dots, dashes and underscores that begin with a letter or underscore
         */
        public Builder prefix(String prefix) {
            if (!PREFIX.matcher(prefix).matches() || prefix.startsWith("system.")) {
                throw new IllegalArgumentException(
                        "prefix must be 1 to 60 letters, digits, dots, dashes or underscores,"
                                + " beginning with a letter or underscore and not with 'system.', but is '" + prefix
                                + "'");
            }
            this.prefix = prefix;
            return this;
        }

        /**
         * The source; connects to nothing yet.
         *
         * @throws IllegalStateException if no entity is declared
         */
        public MongoEntities build() {
            return build(streams -> streams);
        }

        /** The same, with something between it and its streams. */
        MongoEntities build(Function<Streams, Streams> streams) {
            if (entities.isEmpty()) {
                throw new IllegalStateException("no entity is declared; call entity(…)");
            }
            return new MongoEntities(this, streams);
        }
    }

    /** What can be said of an entity besides. Not safe for use by several threads. */
    public static final class EntitySettings<E> {

        private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,100}");

        private String name;
        private Set<String> properties;
        private Set<String> references = Set.of();
        private @Nullable Function<? super Document, ? extends E> reader;

        private EntitySettings(Class<E> type) {
            this.name = type.getSimpleName();
            this.properties = Paths.of(type);
        }

        /**
         * By which its changes are stored, at most 100 letters, digits, dots, dashes and underscores; default the simple name of the
         * class. Jobs of an entity whose name changes wait for the old name.
         */
        public EntitySettings<E> name(String name) {
            this.name = name;
            return this;
        }

        /**
         * The paths that machines may listen to, as they are in the document: {@code "status", "address", "address.city", "lines.quantity"}. Default the
         * fields of the class and of those embedded in it, none for a {@link Document}.
         */
        public EntitySettings<E> properties(String... properties) {
            this.properties = Set.of(properties);
            return this;
        }

        /**
         * Paths that hold ids of other entities; default none. Where pre-images are recorded, a finder is told which ones they held before, by
         * {@link io.syncmachine.ChangedProperties#oldReferences}: ObjectIds as String, and String, Long, Integer and UUID as they are; also those of an array.
         */
        public EntitySettings<E> references(String... paths) {
            this.references = Set.of(paths);
            return this;
        }

        /** How an entity is made of a document; default by the database's codec for its class. */
        public EntitySettings<E> from(Function<? super Document, ? extends E> reader) {
            this.reader = reader;
            return this;
        }

        private static void requireName(Class<?> type, String name) {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("the name of " + type.getName()
                        + " must be 1 to 100 letters, digits, dots, dashes or underscores, but is '" + name + "'");
            }
        }
    }
}
