package io.syncmachine.spi;

import java.util.Map;
import java.util.UUID;
import java.util.function.Function;

/**
 * Turns ids into text and back: ids travel and are stored as text. {@code decode(encode(id)).equals(id)}, and equal ids have
 * equal texts. Safe for use by several threads.
 */
public interface IdCodec<ID> {

    /** The id as text; never empty. */
    String encode(ID id);

    /**
     * The id that the text stands for.
     *
     * @throws IllegalArgumentException if it stands for none
     */
    ID decode(String text);

    /**
     * The codec of a simple id type: String, Long, Integer, Short or UUID. For others there is {@link JsonIdCodec}.
     *
     * @throws IllegalArgumentException for any other type
     */
    @SuppressWarnings("unchecked") // the map holds each type's own codec
    static <ID> IdCodec<ID> of(Class<ID> type) {
        IdCodec<?> codec = SimpleIdCodec.BY_TYPE.get(type);
        if (codec == null) {
            throw new IllegalArgumentException(
                    "ids of type " + type.getName() + " are not simple; String, Long, Integer, Short and UUID are");
        }
        return (IdCodec<ID>) codec;
    }
}

/** An id with a text form of its own. */
record SimpleIdCodec<ID>(Class<ID> type, Function<String, ID> parse) implements IdCodec<ID> {

    static final Map<Class<?>, IdCodec<?>> BY_TYPE = Map.of(
            String.class, new SimpleIdCodec<>(String.class, text -> text),
            Long.class, new SimpleIdCodec<>(Long.class, Long::valueOf),
            Integer.class, new SimpleIdCodec<>(Integer.class, Integer::valueOf),
            Short.class, new SimpleIdCodec<>(Short.class, Short::valueOf),
            UUID.class, new SimpleIdCodec<>(UUID.class, UUID::fromString));

    @Override
    public String encode(ID id) {
        if (!type.isInstance(id)) {
            throw new IllegalArgumentException("id must be of " + type.getName() + ", but is '" + id + "' of "
                    + id.getClass().getName());
        }
        return id.toString();
    }

    @Override
    public ID decode(String text) {
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + text + "' is no id of type " + type.getSimpleName(), e);
        }
    }
}
