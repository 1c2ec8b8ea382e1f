package io.syncmachine.mongo;

import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.IdCodec;
import java.util.Set;
import java.util.function.Function;
import org.bson.BsonDocument;
import org.bson.BsonDocumentReader;
import org.bson.BsonInvalidOperationException;
import org.bson.BsonValue;
import org.bson.codecs.Decoder;
import org.bson.codecs.DecoderContext;
import org.bson.codecs.configuration.CodecConfigurationException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was declared of an entity class.
 *
 * @param type the class
 * @param name by which its changes are stored
 * @param collection where its documents are
 * @param properties the paths of its fields that machines may listen to
 * @param references those of them whose old values travel with a change, where there are pre-images
 * @param ids between ids and values of {@code _id}
 * @param texts turns its ids into text
 * @param id from an entity to its id
 * @param decoder reads a document
 */
record MongoEntity<E, ID>(
        Class<E> type,
        String name,
        String collection,
        Set<String> properties,
        Set<String> references,
        BsonIds<ID> ids,
        IdCodec<ID> texts,
        Function<? super E, ? extends ID> id,
        Decoder<? extends E> decoder) {

    private static final Logger log = LoggerFactory.getLogger(MongoEntity.class);

    EntityDescription<E, ID> describe() {
        return new EntityDescription<>(type, name, Set.of(name), properties, ids.type(), texts);
    }

    E decode(BsonDocument document) {
        try (BsonDocumentReader reader = new BsonDocumentReader(document)) {
            return decoder.decode(reader, DecoderContext.builder().build());
        }
    }

    /** A document's id as text; null if it is none of the declared class, which is told in the log: no machine can read such a document. */
    @Nullable
    String textOf(BsonValue id) {
        try {
            return texts.encode(ids.fromBson(id));
        } catch (BsonInvalidOperationException | CodecConfigurationException | IllegalArgumentException e) {
            log.error(
                    "a document of {} is passed over: its _id {} is no {}",
                    collection,
                    id,
                    ids.type().getName(),
                    e);
            return null;
        }
    }

    /**
     * The entity's id as text.
     *
     * @throws IllegalArgumentException if it has none
     */
    String encodedIdOf(Object entity) {
        ID value = id.apply(type.cast(entity));
        if (value == null) {
            throw new IllegalArgumentException("the " + name + " has no id");
        }
        return texts.encode(value);
    }
}
