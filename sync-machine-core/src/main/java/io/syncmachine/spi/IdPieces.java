package io.syncmachine.spi;

import io.syncmachine.spi.TableMapping.Form;
import io.syncmachine.spi.TableMapping.IdText;
import io.syncmachine.spi.TableMapping.Piece;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** Makes {@link IdText}s that read as {@link IdCodec#of} and {@link JsonIdCodec} write ids, for sources that know the columns of an id. */
public final class IdPieces {

    private static final Set<Class<?>> SIMPLE =
            Set.of(String.class, Long.class, Integer.class, Short.class, UUID.class);
    private static final Set<Class<?>> NUMBERS = Set.of(
            Long.class,
            Integer.class,
            Short.class,
            Byte.class,
            BigInteger.class,
            BigDecimal.class,
            long.class,
            int.class,
            short.class,
            byte.class);
    private static final Set<Class<?>> TEXTS = Set.of(String.class, UUID.class, LocalDate.class);

    private IdPieces() {}

    /**
     * An id in one column.
     *
     * @throws IllegalArgumentException if the database may write such values in another way
     */
    public static IdText single(Class<?> type, String column) {
        if (SIMPLE.contains(type)) {
            return new IdText(List.of(new Piece(Form.VALUE, column)));
        }
        return new IdText(json(type, column));
    }

    /** A part of an id of several values. */
    public static List<Piece> json(Class<?> type, String column) {
        if (NUMBERS.contains(type)) {
            return List.of(new Piece(Form.VALUE, column));
        }
        if (TEXTS.contains(type) || type.isEnum()) {
            return List.of(new Piece(Form.JSON_STRING, column));
        }
        throw new IllegalArgumentException(
                "values of type " + type.getName()
                        + " in ids cannot be written as text by a database; numbers, text, UUIDs, dates and names of enums can");
    }

    /** An object of parts by name, or nested objects. */
    public static List<Piece> object(Map<String, List<Piece>> parts) {
        List<Piece> pieces = new ArrayList<>();
        char before = '{';
        for (Map.Entry<String, List<Piece>> part : new TreeMap<>(parts).entrySet()) {
            pieces.add(new Piece(Form.LITERAL, before + "\"" + part.getKey() + "\":"));
            pieces.addAll(part.getValue());
            before = ',';
        }
        pieces.add(new Piece(Form.LITERAL, "}"));
        return pieces;
    }
}
