package io.syncmachine.spi;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.InvalidDefinitionException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.ser.std.BeanSerializerBase;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import org.jspecify.annotations.Nullable;

/**
 * Ids that have no text form of their own, embedded and composite ones above all: their fields as JSON, sorted by name. Sources that
 * share a store must write the ids of an entity alike; all that come with SyncMachine write such ids like this.
 *
 * @param type their class: one that Jackson can write and read by its fields, such as a record
 */
public record JsonIdCodec<ID>(Class<ID> type) implements IdCodec<ID> {

    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .visibility(PropertyAccessor.ALL, Visibility.NONE)
            .visibility(PropertyAccessor.FIELD, Visibility.ANY)
            .visibility(PropertyAccessor.CREATOR, Visibility.ANY)
            .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build();

    /**
     * Whether ids of the class can be read back.
     *
     * @return why not; null if they can
     */
    public @Nullable String objection() {
        try {
            if (MAPPER.getSerializerProviderInstance().findValueSerializer(type) instanceof BeanSerializerBase) {
                MAPPER.readValue("{}", type);
            }
            return null;
        } catch (InvalidDefinitionException | MismatchedInputException e) {
            return e.getOriginalMessage();
        } catch (JsonProcessingException | RuntimeException e) {
            return null; // an empty one may be refused by its class
        }
    }

    @Override
    public String encode(ID id) {
        try {
            return MAPPER.writeValueAsString(id);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("an id of " + type.getName() + " cannot be written as text", e);
        }
    }

    @Override
    public ID decode(String text) {
        try {
            return MAPPER.readValue(text, type);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("'" + text + "' is no id of type " + type.getName(), e);
        }
    }
}
