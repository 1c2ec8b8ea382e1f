package io.syncmachine.mongo;

import com.mongodb.client.model.changestream.ChangeStreamDocument;
import com.mongodb.client.model.changestream.TruncatedArray;
import com.mongodb.client.model.changestream.UpdateDescription;
import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bson.BsonBinarySubType;
import org.bson.BsonDocument;
import org.bson.BsonValue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the events of a collection's change stream mean for those who listen. */
final class ChangeEvents {

    private static final Logger log = LoggerFactory.getLogger(ChangeEvents.class);

    private final MongoEntity<?, ?> entity;
    private final ChangeListener listener;

    ChangeEvents(MongoEntity<?, ?> entity, ChangeListener listener) {
        this.entity = entity;
        this.listener = listener;
    }

    /** Whether the stream ends with an event, and does not tell what becomes of the documents. */
    static boolean endsStream(ChangeStreamDocument<BsonDocument> event) {
        return switch (event.getOperationType()) {
            case DROP, DROP_DATABASE, RENAME, INVALIDATE -> true;
            default -> false;
        };
    }

    /** The changes that an event is, for the machines that it concerns; none if it concerns none. */
    List<Change> changes(ChangeStreamDocument<BsonDocument> event) {
        List<Change> changes = new ArrayList<>();
        switch (event.getOperationType()) {
            case INSERT -> add(changes, event, ChangeKind.CREATE, ChangedProperties.created(), Set.of());
            case UPDATE, REPLACE -> addUpdate(changes, event);
            case DELETE -> addDeletion(changes, event);
            default -> log.debug("an event of {} that is no change: {}", entity.collection(), event.getOperationType());
        }
        return changes;
    }

    private void addUpdate(List<Change> changes, ChangeStreamDocument<BsonDocument> event) {
        BsonDocument before = event.getFullDocumentBeforeChange();
        BsonDocument after = event.getFullDocument();
        UpdateDescription description = event.getUpdateDescription();
        if (description != null) {
            Set<String> names = names(description);
            ChangedProperties changed = withOldReferences(ChangedProperties.of(names), names, before, after);
            addUpdate(changes, event, changed, names);
        } else if (before != null && after != null) {
            Set<String> names = Paths.differences(before, after, entity.properties());
            ChangedProperties changed = withOldReferences(ChangedProperties.of(names), names, before, after);
            if (!changed.isNone()) {
                addUpdate(changes, event, changed, names);
            }
        } else {
            addUpdate(changes, event, ChangedProperties.all(), entity.properties());
        }
    }

    private void addUpdate(
            List<Change> changes,
            ChangeStreamDocument<BsonDocument> event,
            ChangedProperties changed,
            Collection<String> names) {
        add(changes, event, ChangeKind.UPDATE, changed, names);
        BsonDocument after = event.getFullDocument();
        if (changed.hasOldReferences() && after != null) {
            addSubjects(
                    changes,
                    ChangeKind.UPDATE,
                    after,
                    changed,
                    listener.concerned(entity.name(), ChangeKind.UPDATE, names));
        }
    }

    private Set<String> names(UpdateDescription description) {
        Set<String> names = new TreeSet<>();
        BsonDocument updated = description.getUpdatedFields();
        if (updated != null) {
            updated.keySet().forEach(path -> Paths.addChanged(names, path, entity.properties()));
        }
        List<String> removed = description.getRemovedFields();
        if (removed != null) {
            removed.forEach(path -> Paths.addChanged(names, path, entity.properties()));
        }
        List<TruncatedArray> truncated = description.getTruncatedArrays();
        if (truncated != null) {
            truncated.forEach(array -> Paths.addChanged(names, array.getField(), entity.properties()));
        }
        return names;
    }

    /** With what references pointed to before, as far as that is known. */
    private ChangedProperties withOldReferences(
            ChangedProperties changed, Set<String> names, @Nullable BsonDocument before, @Nullable BsonDocument after) {
        ChangedProperties result = changed;
        if (before != null) {
            for (String reference : entity.references()) {
                BsonValue old = names.contains(reference) ? Paths.value(before, reference) : null;
                if (old != null && (after == null || !old.equals(Paths.value(after, reference)))) {
                    result = withOldReference(result, reference, old);
                }
            }
        }
        return result;
    }

    /** Of an array, each element is one. */
    private static ChangedProperties withOldReference(ChangedProperties changed, String reference, BsonValue old) {
        if (old.isArray()) {
            ChangedProperties result = changed;
            for (BsonValue element : old.asArray()) {
                result = withOldReference(result, reference, element);
            }
            return result;
        }
        String text = text(old);
        return text == null ? changed : changed.withOldReference(reference, text);
    }

    private static @Nullable String text(BsonValue id) {
        return switch (id.getBsonType()) {
            case OBJECT_ID -> id.asObjectId().getValue().toHexString();
            case STRING -> id.asString().getValue();
            case INT32, INT64 -> Long.toString(id.asNumber().longValue());
            case BINARY -> uuid(id);
            default -> null;
        };
    }

    private static @Nullable String uuid(BsonValue id) {
        return id.asBinary().getType() == BsonBinarySubType.UUID_STANDARD.getValue()
                ? id.asBinary().asUuid().toString()
                : null;
    }

    private void addDeletion(List<Change> changes, ChangeStreamDocument<BsonDocument> event) {
        BsonDocument before = event.getFullDocumentBeforeChange();
        ChangedProperties changed = withOldReferences(ChangedProperties.all(), entity.references(), before, null);
        add(changes, event, ChangeKind.DELETE, changed, Set.of());
        if (before != null) {
            addSubjects(changes, ChangeKind.DELETE, before, changed, listener.findersOf(entity.name()));
        }
    }

    private void add(
            List<Change> changes,
            ChangeStreamDocument<BsonDocument> event,
            ChangeKind kind,
            ChangedProperties changed,
            Collection<String> names) {
        Set<String> machines = listener.concerned(entity.name(), kind, names);
        String id = machines.isEmpty() ? null : id(event);
        if (id != null) {
            changes.add(
                    new Change(Change.DEFAULT_TENANT, entity.name(), id, kind, changed, machines, listener.trace()));
        }
    }

    /** From the event's key; a stand-in may have it only in the document, and not even there if that is deleted: then another event follows. */
    private @Nullable String id(ChangeStreamDocument<BsonDocument> event) {
        for (BsonDocument document : Arrays.asList(event.getDocumentKey(), event.getFullDocument())) {
            BsonValue id = document == null ? null : document.get("_id");
            if (id != null) {
                return entity.textOf(id);
            }
        }
        return null;
    }

    /** What nothing leads to any more once the change is done; where a finder fails, those of others still count. */
    private void addSubjects(
            List<Change> changes,
            ChangeKind kind,
            BsonDocument document,
            ChangedProperties changed,
            Set<String> concerned) {
        Set<String> machines = new TreeSet<>(listener.findersOf(entity.name()));
        machines.retainAll(concerned);
        for (String machine : machines) {
            try {
                changes.addAll(listener.subjectsOf(
                        machine, Change.DEFAULT_TENANT, entity.name(), kind, entity.decode(document), changed));
            } catch (Exception e) {
                log.warn(
                        "machine {}: the subjects of {} {} are not found, and not looked at: tell them by"
                                + " engine.changed(…)",
                        machine,
                        entity.name(),
                        document.get("_id"),
                        e);
            }
        }
    }
}
