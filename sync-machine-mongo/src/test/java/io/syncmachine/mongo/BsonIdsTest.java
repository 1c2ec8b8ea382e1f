package io.syncmachine.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mongodb.MongoClientSettings;
import io.syncmachine.spi.IdCodec;
import java.util.UUID;
import java.util.stream.Stream;
import org.bson.BsonDocument;
import org.bson.Document;
import org.bson.UuidRepresentation;
import org.bson.codecs.Codec;
import org.bson.codecs.configuration.CodecRegistries;
import org.bson.codecs.configuration.CodecRegistry;
import org.bson.types.ObjectId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ids of all kinds, in documents and as text. */
class BsonIdsTest {

    private static final CodecRegistry CODECS = CodecRegistries.withUuidRepresentation(
            MongoClientSettings.getDefaultCodecRegistry(), UuidRepresentation.STANDARD);

    public record LineId(long order, ObjectId product) {}

    static Stream<Object> ids() {
        return Stream.of(
                7L,
                7,
                "a:b ü\"'",
                new ObjectId("65a1b2c3d4e5f60718293a4b"),
                UUID.fromString("0af76519-16cd-43dd-8448-eb211c80319c"),
                new LineId(7, new ObjectId("65a1b2c3d4e5f60718293a4b")),
                new Document("order", 7L).append("line", 3));
    }

    @ParameterizedTest
    @MethodSource("ids")
    void areTheSameAfterTheWayThere(Object id) {
        check(id.getClass(), id);
    }

    private static <ID> void check(Class<ID> type, Object object) {
        ID id = type.cast(object);
        Codec<ID> codec = CODECS.get(type);
        BsonIds<ID> values = new BsonIds<>(type, codec);
        IdCodec<ID> texts = BsonIds.text(type, codec);

        assertThat(values.fromBson(values.toBson(id))).isEqualTo(id);
        assertThat(texts.decode(texts.encode(id))).isEqualTo(id);
        assertThat(texts.encode(texts.decode(texts.encode(id)))).isEqualTo(texts.encode(id));
    }

    @Test
    void haveTextsThatPeopleCanRead() {
        assertThat(BsonIds.text(ObjectId.class, CODECS.get(ObjectId.class))
                        .encode(new ObjectId("65a1b2c3d4e5f60718293a4b")))
                .isEqualTo("65a1b2c3d4e5f60718293a4b");
        String text = BsonIds.text(LineId.class, CODECS.get(LineId.class))
                .encode(new LineId(7, new ObjectId("65a1b2c3d4e5f60718293a4b")));
        assertThat(BsonDocument.parse(text).getDocument("id").getInt64("order").longValue())
                .isEqualTo(7);
    }

    @Test
    void thatAreTextOfNoneAreRefused() {
        IdCodec<LineId> texts = BsonIds.text(LineId.class, CODECS.get(LineId.class));

        assertThatThrownBy(() -> texts.decode("{\"id\": 7}")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> texts.decode("{}")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> texts.decode("seven")).isInstanceOf(IllegalArgumentException.class);
    }
}
