package io.syncmachine.mongo;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.DeleteOneModel;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.UpdateOneModel;
import com.mongodb.client.model.UpdateOptions;
import com.mongodb.client.model.Updates;
import com.mongodb.client.model.WriteModel;
import io.syncmachine.PublicationKind;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;

/**
 * Payload records in a collection, a document each.
 *
 * <p>An opening sets a fresh epoch where the record's is lower, in one write, and reads the record only then. From that write on, whoever opened the
 * record before can write nothing to it; so what is read <em>with the own epoch</em> is what was known when it was opened, and is known to the
 * majority, as the epoch is. A record that is read with a lower epoch comes from a server that was deposed and does not know it yet:
 * it is read again. Where the record's epoch is greater already, a greater one is taken and the write repeated: who opens later has the greater epoch.
 *
 * <p>{@code intended} holds the epochs whose runs noted an intent and have not closed the record: it is in doubt while there is one, and who closes it
 * takes out no other than its own.
 */
final class MongoPayloads implements PayloadStore {

    private static final UpdateOptions MAKING = new UpdateOptions().upsert(true);

    private final Server server;
    private final MongoCollection<Document> records;

    MongoPayloads(Server server) {
        this.server = server;
        this.records = server.collection("payload");
    }

    private static String id(SubjectKey key) {
        return Server.join(key.tenant(), key.machine(), key.id());
    }

    private static SubjectKey key(Document stored) {
        return new SubjectKey(stored.getString("tenant"), stored.getString("machine"), stored.getString("subject"));
    }

    @Override
    public List<Opening> open(List<SubjectKey> keys) {
        if (keys.isEmpty()) {
            return List.of();
        }
        return Server.call(() -> {
            Map<SubjectKey, Long> epochs = setEpochs(keys, false);
            Map<String, Document> read = read(epochs);
            long now = server.clock().now();
            List<Opening> openings = new ArrayList<>(keys.size());
            for (SubjectKey key : keys) {
                Document stored = read.get(id(key));
                Instant until = stored == null ? null : ServerClock.instantOrNull(stored, "callUntil");
                openings.add(new Opening(
                        key,
                        epochs.getOrDefault(key, 0L),
                        known(stored),
                        until == null ? Duration.ZERO : ServerClock.duration(until.toEpochMilli() - now)));
            }
            return openings;
        });
    }

    @Override
    public void doubt(Collection<SubjectKey> keys) {
        if (!keys.isEmpty()) {
            Server.call(() -> setEpochs(keys, true));
        }
    }

    /** Gives each record, made if there is none, a fresh epoch that is greater than the one it has. */
    private Map<SubjectKey, Long> setEpochs(Collection<SubjectKey> keys, boolean doubt) {
        Map<SubjectKey, Long> epochs = new HashMap<>();
        List<SubjectKey> left = new ArrayList<>(new LinkedHashSet<>(keys));
        for (int tries = 0; !left.isEmpty(); tries++) {
            if (tries == MongoJobs.TRIES) {
                throw new IllegalStateException("records are opened by others again and again: " + left);
            }
            if (tries > 0) {
                MongoJobs.pause(tries);
            }
            long epoch = server.take(left.size());
            Instant now = Instant.ofEpochMilli(server.clock().now());
            List<WriteModel<Document>> writes = new ArrayList<>();
            for (SubjectKey key : left) {
                epochs.put(key, epoch);
                writes.add(setEpoch(key, epoch++, doubt, now));
            }
            Set<Integer> greater = Server.write(records, writes).duplicates();
            left = greater.stream().map(left::get).toList();
        }
        return epochs;
    }

    private static WriteModel<Document> setEpoch(SubjectKey key, long epoch, boolean doubt, Instant now) {
        List<Bson> updates = new ArrayList<>(List.of(
                Updates.set("epoch", epoch),
                Updates.set("usedAt", now),
                Updates.setOnInsert("tenant", key.tenant()),
                Updates.setOnInsert("machine", key.machine()),
                Updates.setOnInsert("subject", key.id()),
                Updates.setOnInsert("state", State.NEVER.name()),
                Updates.setOnInsert("intended", List.of()),
                Updates.setOnInsert("version", 0)));
        updates.add(doubt ? Updates.set("doubt", true) : Updates.setOnInsert("doubt", false));
        return new UpdateOneModel<>(
                Filters.and(Filters.eq(id(key)), Filters.lt("epoch", epoch)), Updates.combine(updates), MAKING);
    }

    /** The records as they are after they were opened; those that were deleted since are left out. */
    private Map<String, Document> read(Map<SubjectKey, Long> epochs) {
        Map<String, Long> left = new HashMap<>();
        epochs.forEach((key, epoch) -> left.put(id(key), epoch));
        Map<String, Document> read = new HashMap<>();
        for (int tries = 0; ; tries++) {
            records.find(Filters.in("_id", left.keySet())).forEach(stored -> read.put(stored.getString("_id"), stored));
            left.entrySet().removeIf(entry -> {
                Document stored = read.get(entry.getKey());
                return stored == null || stored.getLong("epoch") >= entry.getValue();
            });
            if (left.isEmpty()) {
                return read;
            }
            if (tries == MongoJobs.TRIES) {
                throw new IllegalStateException(
                        "payload records are answered as they were before they were opened, by a server that is not the primary any more");
            }
            MongoJobs.pause(tries);
        }
    }

    private static PayloadRecord known(@Nullable Document stored) {
        if (stored == null) {
            return new PayloadRecord(State.NEVER, null, null, null, false, null, 0);
        }
        return new PayloadRecord(
                State.valueOf(stored.getString("state")),
                stored.getString("fingerprint"),
                stored.getString("body"),
                stored.getString("remoteId"),
                stored.getBoolean("doubt")
                        || !stored.getList("intended", Long.class).isEmpty(),
                intent(stored.get("intent", Document.class)),
                stored.getInteger("version"));
    }

    private static @Nullable PendingIntent intent(@Nullable Document stored) {
        return stored == null
                ? null
                : new PendingIntent(
                        PublicationKind.valueOf(stored.getString("kind")),
                        stored.getString("fingerprint"),
                        stored.getString("key"),
                        stored.getString("body"));
    }

    @Override
    public Set<Long> intent(Collection<Intent> intents) {
        return write(intents, Intent::key, Intent::epoch, (intent, now) -> {
            PendingIntent pending = intent.intent();
            Document stored = new Document("kind", pending.kind().name())
                    .append("fingerprint", pending.fingerprint())
                    .append("key", pending.idempotencyKey());
            if (pending.body() != null) {
                stored.append("body", pending.body());
            }
            return List.of(
                    Updates.set("intent", stored),
                    Updates.addToSet("intended", intent.epoch()),
                    Updates.set("callUntil", Instant.ofEpochMilli(now + ServerClock.millis(intent.deadline()))));
        });
    }

    @Override
    public Set<Long> record(Collection<Acknowledgement> acknowledgements) {
        return write(acknowledgements, Acknowledgement::key, Acknowledgement::epoch, (one, now) -> {
            Instant at = Instant.ofEpochMilli(now);
            return List.of(
                    Updates.set("state", one.state().name()),
                    setOrUnset("fingerprint", one.fingerprint()),
                    setOrUnset("body", one.body()),
                    setOrUnset("remoteId", one.remoteId()),
                    Updates.set("version", one.builderVersion()),
                    Updates.set("publishedAt", at),
                    Updates.set("usedAt", at),
                    Updates.set("doubt", false),
                    Updates.set("intended", List.of()),
                    Updates.unset("intent"),
                    Updates.unset("callUntil"));
        });
    }

    private static Bson setOrUnset(String field, @Nullable Object value) {
        return value == null ? Updates.unset(field) : Updates.set(field, value);
    }

    @Override
    public Set<Long> close(Collection<Closing> closings) {
        return write(closings, Closing::key, Closing::epoch, (closing, now) -> {
            List<Bson> updates = new ArrayList<>(List.of(Updates.set("usedAt", Instant.ofEpochMilli(now))));
            if (closing.inDoubt()) {
                updates.add(Updates.set("doubt", true));
                updates.add(Updates.set("intended", List.of()));
            } else {
                updates.add(Updates.pull("intended", closing.epoch()));
            }
            if (closing.forgetIntent()) {
                updates.add(Updates.unset("intent"));
            }
            Duration waitOut = closing.waitOut();
            if (waitOut != null) {
                updates.add(Updates.set("callUntil", Instant.ofEpochMilli(now + ServerClock.millis(waitOut))));
            }
            Integer version = closing.builderVersion();
            if (version != null) {
                updates.add(Updates.set("version", version));
            }
            return updates;
        });
    }

    /** Only where the fingerprint is still what was read; else something was acknowledged just then, and that counts as sent. */
    @Override
    public void sendAnyway(Collection<SubjectKey> keys, boolean anyway) {
        if (keys.isEmpty()) {
            return;
        }
        Server.call(() -> {
            List<WriteModel<Document>> writes = new ArrayList<>();
            records.find(Filters.and(
                            Filters.in(
                                    "_id", keys.stream().map(MongoPayloads::id).toList()),
                            Filters.eq("state", State.PRESENT.name())))
                    .forEach(stored -> {
                        String fingerprint = stored.getString("fingerprint");
                        if (fingerprint != null && fingerprint.startsWith(SEND_ANYWAY) != anyway) {
                            String marked =
                                    anyway ? SEND_ANYWAY + fingerprint : fingerprint.substring(SEND_ANYWAY.length());
                            writes.add(new UpdateOneModel<>(
                                    Filters.and(
                                            Filters.eq(stored.getString("_id")),
                                            Filters.eq("fingerprint", fingerprint)),
                                    Updates.set("fingerprint", marked)));
                        }
                    });
            return writes.isEmpty() ? 0L : (long) Server.write(records, writes).count();
        });
    }

    /** What is set in a record that a run still has. */
    private interface Change<T> {
        List<Bson> of(T item, long now);
    }

    /**
     * Writes to the records that the runs of a batch still have, and answers their epochs. Where not all of them do, it is those whose record has the epoch
     * afterwards: an epoch that is gone never comes back. One that was written and then overtaken counts as refused, which costs a repetition.
     */
    private <T> Set<Long> write(
            Collection<T> batch, Function<T, SubjectKey> key, Function<T, Long> epoch, Change<T> change) {
        if (batch.isEmpty()) {
            return Set.of();
        }
        return Server.call(() -> {
            long now = server.clock().now();
            Map<String, Long> epochs = new HashMap<>();
            List<WriteModel<Document>> writes = new ArrayList<>();
            for (T item : batch) {
                String id = id(key.apply(item));
                epochs.put(id, epoch.apply(item));
                writes.add(new UpdateOneModel<>(
                        Filters.and(Filters.eq(id), Filters.eq("epoch", epoch.apply(item))),
                        Updates.combine(change.of(item, now))));
            }
            if (Server.write(records, writes).count() == batch.size()) {
                return new HashSet<>(epochs.values());
            }
            Set<Long> held = new HashSet<>();
            records.find(Filters.in("_id", epochs.keySet()))
                    .projection(Projections.include("epoch"))
                    .forEach(stored -> held.add(stored.getLong("epoch")));
            held.retainAll(epochs.values());
            return held;
        });
    }

    @Override
    public Optional<PayloadRecord> find(SubjectKey key) {
        return Optional.ofNullable(find(List.of(key)).get(key));
    }

    @Override
    public Map<SubjectKey, PayloadRecord> find(Collection<SubjectKey> keys) {
        return Server.call(() -> {
            Map<SubjectKey, PayloadRecord> found = new HashMap<>();
            records.find(Filters.in("_id", keys.stream().map(MongoPayloads::id).toList()))
                    .forEach(stored -> found.put(key(stored), known(stored)));
            return found;
        });
    }

    @Override
    public List<SubjectKey> outdated(String machine, int version, @Nullable SubjectKey after, int limit) {
        return page(
                List.of(
                        Filters.eq("machine", machine),
                        Filters.eq("state", State.PRESENT.name()),
                        Filters.lt("version", version)),
                after,
                limit);
    }

    private List<SubjectKey> page(List<Bson> filters, @Nullable SubjectKey after, int limit) {
        return Server.call(() -> {
            List<Bson> all = new ArrayList<>(filters);
            all.add(after == null ? Filters.exists("_id") : Filters.gt("_id", id(after)));
            return records.find(Filters.and(all))
                    .projection(Projections.include("tenant", "machine", "subject"))
                    .sort(Sorts.ascending("_id"))
                    .limit(limit)
                    .map(MongoPayloads::key)
                    .into(new ArrayList<>());
        });
    }

    /** The body first; the intent only of a record that is not in doubt at that moment. */
    @Override
    public boolean erase(SubjectKey key) {
        return Server.call(() -> {
            boolean found = records.updateOne(Filters.eq(id(key)), Updates.unset("body"))
                            .getMatchedCount()
                    > 0;
            records.updateOne(
                    Filters.and(Filters.eq(id(key)), Filters.eq("doubt", false), Filters.size("intended", 0)),
                    Updates.unset("intent"));
            return found;
        });
    }

    @Override
    public @Nullable SubjectKey deleteTombstones(Duration unusedFor, @Nullable SubjectKey after, int limit) {
        List<SubjectKey> looked = page(List.of(), after, limit);
        Server.call(() -> {
            Instant used = Instant.ofEpochMilli(server.clock().now() - ServerClock.millis(unusedFor));
            List<WriteModel<Document>> deletes = new ArrayList<>();
            for (SubjectKey key : looked) {
                deletes.add(new DeleteOneModel<>(Filters.and(
                        Filters.eq(id(key)),
                        Filters.ne("state", State.PRESENT.name()),
                        Filters.eq("doubt", false),
                        Filters.size("intended", 0),
                        Filters.lt("usedAt", used))));
            }
            return Server.write(records, deletes);
        });
        return looked.size() < limit ? null : looked.get(looked.size() - 1);
    }
}
