package io.syncmachine.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import com.mongodb.MongoClientSettings;
import com.mongodb.client.model.changestream.ChangeStreamDocument;
import com.mongodb.client.model.changestream.OperationType;
import com.mongodb.client.model.changestream.TruncatedArray;
import com.mongodb.client.model.changestream.UpdateDescription;
import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.IdCodec;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.bson.BsonArray;
import org.bson.BsonBinary;
import org.bson.BsonDocument;
import org.bson.BsonInt64;
import org.bson.BsonObjectId;
import org.bson.BsonString;
import org.bson.BsonTimestamp;
import org.bson.Document;
import org.bson.types.ObjectId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What events of a real server mean, also those that the stand-in does not tell. */
class ChangeEventsTest {

    private static final BsonDocument KEY = new BsonDocument("_id", new BsonInt64(7));

    private static final MongoEntity<Document, Long> ORDER = new MongoEntity<>(
            Document.class,
            "Order",
            "orders",
            Set.of("status", "address", "address.city", "address.geo.lat", "lines", "lines.quantity"),
            Set.of("customerId", "tags", "meta.owner"),
            new BsonIds<>(
                    Long.class, MongoClientSettings.getDefaultCodecRegistry().get(Long.class)),
            IdCodec.of(Long.class),
            document -> document.getLong("_id"),
            MongoClientSettings.getDefaultCodecRegistry().get(Document.class));

    private final ChangeEvents events = new ChangeEvents(ORDER, new AllListener());

    private static ChangeStreamDocument<BsonDocument> event(
            OperationType type,
            @Nullable BsonDocument key,
            @Nullable BsonDocument before,
            @Nullable BsonDocument after,
            @Nullable UpdateDescription description) {
        return new ChangeStreamDocument<>(
                type.getValue(),
                new BsonDocument("_data", new BsonString("1")),
                new BsonDocument("db", new BsonString("shop")).append("coll", new BsonString("orders")),
                null,
                null,
                after,
                before,
                key,
                new BsonTimestamp(1, 1),
                description,
                null,
                null,
                null,
                null,
                null);
    }

    private Change update(UpdateDescription description) {
        return only(events.changes(event(OperationType.UPDATE, KEY, null, null, description)));
    }

    private static Change only(List<Change> changes) {
        assertThat(changes).hasSize(1);
        return changes.get(0);
    }

    @Test
    void anInsertIsACreation() {
        Change change = only(events.changes(event(OperationType.INSERT, KEY, null, KEY, null)));

        assertThat(change.kind()).isEqualTo(ChangeKind.CREATE);
        assertThat(change.id()).isEqualTo("7");
        assertThat(change.changed().isCreated()).isTrue();
    }

    @Test
    void anUpdateTellsItsPathsWhatTheyAreWithinAndWhatIsWithinThem() {
        UpdateDescription description = new UpdateDescription(
                List.of("status"),
                BsonDocument.parse("{'address.geo': {lat: 1}, 'lines.0.quantity': 3}"),
                List.of(new TruncatedArray("notes", 2)));

        Change change = update(description);

        assertThat(change.kind()).isEqualTo(ChangeKind.UPDATE);
        assertThat(change.changed().names())
                .containsExactlyInAnyOrder(
                        "status", "address", "address.geo", "address.geo.lat", "lines", "lines.quantity", "notes");
    }

    @Test
    void aReplacementOfWhichNothingMoreIsToldChangesAll() {
        Change change = only(events.changes(event(OperationType.REPLACE, KEY, null, KEY, null)));

        assertThat(change.kind()).isEqualTo(ChangeKind.UPDATE);
        assertThat(change.changed().isAll()).isTrue();
    }

    @Test
    void aReplacementWithAPreImageChangesWhatIsDifferent() {
        BsonDocument before = BsonDocument.parse(
                "{_id: 7, status: 'new', address: {city: 'London', street: 'a'}, lines: [{quantity: 1}]}");
        BsonDocument after = BsonDocument.parse(
                "{_id: 7, status: 'new', address: {city: 'Paris', street: 'a'}, lines: [{quantity: 2}]}");

        Change change = only(events.changes(event(OperationType.REPLACE, KEY, before, after, null)));

        assertThat(change.changed().names())
                .containsExactlyInAnyOrder("address", "address.city", "lines", "lines.quantity");
        assertThat(events.changes(event(OperationType.REPLACE, KEY, before, before, null)))
                .isEmpty();
    }

    @Test
    void aMovedReferenceTellsWhereItPointedToAndIsLookedAtOnce() {
        ObjectId old = new ObjectId();
        UUID tag = UUID.randomUUID();
        BsonDocument before = BsonDocument.parse("{_id: 7, customerId: 3, meta: {owner: 'x'}}")
                .append("customerId", new BsonObjectId(old))
                .append("tags", new BsonArray(List.of(new BsonInt64(1), new BsonBinary(tag))));
        BsonDocument after = BsonDocument.parse("{_id: 7, customerId: 8, tags: [], meta: {owner: 'x'}}");
        UpdateDescription description =
                new UpdateDescription(List.of(), BsonDocument.parse("{customerId: 8, tags: [], 'meta.owner': 'x'}"));

        List<Change> changes = events.changes(event(OperationType.UPDATE, KEY, before, after, description));

        ChangedProperties changed = changes.get(0).changed();
        assertThat(changed.oldReferences("customerId", String.class)).containsExactly(old.toHexString());
        assertThat(changed.oldReferences("tags", String.class)).containsExactlyInAnyOrder("1", tag.toString());
        assertThat(changed.oldReferences("meta.owner", String.class)).isEmpty();
        assertThat(changes).hasSize(2);
        assertThat(changes.get(1).id()).contains("customerId=8");
    }

    @Test
    void aDeletionTellsItsIdAndNoMoreWithoutAPreImage() {
        Change change = only(events.changes(event(OperationType.DELETE, KEY, null, null, null)));

        assertThat(change.kind()).isEqualTo(ChangeKind.DELETE);
        assertThat(change.id()).isEqualTo("7");
    }

    @Test
    void aDeletionWithAPreImageTellsItsSubjects() {
        BsonDocument before = BsonDocument.parse("{_id: 7, customerId: 3}");

        List<Change> changes = events.changes(event(OperationType.DELETE, KEY, before, null, null));

        assertThat(changes).extracting(Change::kind).containsExactly(ChangeKind.DELETE, ChangeKind.DELETE);
        assertThat(changes.get(0).changed().oldReferences("customerId", Long.class))
                .containsExactly(3L);
        assertThat(changes.get(1).id()).startsWith("of Document").contains("customerId=3");
    }

    @Test
    void aDocumentWhoseIdIsOfAnotherKindIsPassedOver() {
        BsonDocument strange = new BsonDocument("_id", new BsonObjectId(new ObjectId()));

        assertThat(events.changes(event(OperationType.INSERT, strange, null, strange, null)))
                .isEmpty();
    }

    @Test
    void whatEndsAStreamIsToldFromWhatDoesNot() {
        Function<OperationType, Boolean> ends = type -> ChangeEvents.endsStream(event(type, null, null, null, null));

        Map.of(
                        OperationType.DROP, true,
                        OperationType.DROP_DATABASE, true,
                        OperationType.RENAME, true,
                        OperationType.INVALIDATE, true,
                        OperationType.INSERT, false,
                        OperationType.UPDATE, false,
                        OperationType.DELETE, false)
                .forEach((type, expected) ->
                        assertThat(ends.apply(type)).as(type.getValue()).isEqualTo(expected));
    }
}
