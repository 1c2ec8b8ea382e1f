package io.syncmachine.mongo;

import io.syncmachine.spi.IdCodec;
import java.util.Objects;
import org.bson.BsonDocument;
import org.bson.BsonDocumentReader;
import org.bson.BsonDocumentWriter;
import org.bson.BsonInvalidOperationException;
import org.bson.BsonReader;
import org.bson.BsonValue;
import org.bson.codecs.Codec;
import org.bson.codecs.DecoderContext;
import org.bson.codecs.EncoderContext;
import org.bson.codecs.configuration.CodecConfigurationException;
import org.bson.json.JsonMode;
import org.bson.json.JsonParseException;
import org.bson.json.JsonWriterSettings;
import org.bson.types.ObjectId;

/**
 * Ids as values of {@code _id}, and as text: as they are, if they have a text form of their own; else as extended JSON.
 *
 * @param codec of the application's registry
 */
record BsonIds<ID>(Class<ID> type, Codec<ID> codec) implements IdCodec<ID> {

    private static final String FIELD = "id";
    private static final JsonWriterSettings JSON =
            JsonWriterSettings.builder().outputMode(JsonMode.EXTENDED).build();

    /** The text form of a class of ids. */
    @SuppressWarnings("unchecked") // each class's own codec
    static <ID> IdCodec<ID> text(Class<ID> type, Codec<ID> codec) {
        if (type.equals(ObjectId.class)) {
            return (IdCodec<ID>) new ObjectIds();
        }
        try {
            return IdCodec.of(type);
        } catch (IllegalArgumentException e) {
            return new BsonIds<>(type, codec);
        }
    }

    BsonValue toBson(ID id) {
        BsonDocument document = new BsonDocument();
        try (BsonDocumentWriter writer = new BsonDocumentWriter(document)) {
            writer.writeStartDocument();
            writer.writeName(FIELD);
            codec.encode(writer, id, EncoderContext.builder().build());
            writer.writeEndDocument();
        }
        return Objects.requireNonNull(document.get(FIELD));
    }

    ID fromBson(BsonValue value) {
        try (BsonReader reader = new BsonDocumentReader(new BsonDocument(FIELD, value))) {
            reader.readStartDocument();
            reader.readName();
            return codec.decode(reader, DecoderContext.builder().build());
        }
    }

    @Override
    public String encode(ID id) {
        return new BsonDocument(FIELD, toBson(id)).toJson(JSON);
    }

    @Override
    public ID decode(String text) {
        try {
            BsonValue value = BsonDocument.parse(text).get(FIELD);
            if (value == null) {
                throw new IllegalArgumentException("'" + text + "' is no id of type " + type.getName());
            }
            return fromBson(value);
        } catch (JsonParseException | BsonInvalidOperationException | CodecConfigurationException e) {
            throw new IllegalArgumentException("'" + text + "' is no id of type " + type.getName(), e);
        }
    }

    /** As 24 hexadecimal digits. */
    private record ObjectIds() implements IdCodec<ObjectId> {

        @Override
        public String encode(ObjectId id) {
            return id.toHexString();
        }

        @Override
        public ObjectId decode(String text) {
            return new ObjectId(text);
        }
    }
}
