package io.syncmachine.spi;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which columns of a table hold what of an entity: enough for something inside the database, such as a trigger, to tell changes as an entity
 * source does. Names are those in the database's catalogue, without quotes.
 *
 * @param type the declared name of the entity's type, by which its changes are stored
 * @param schema the table's schema; null for the usual one
 * @param table the table
 * @param role what a row is
 * @param id how the text of the entity's id is made of the row's columns; in a table of {@linkplain Role#ENTITY entities} these are its
 *     key
 * @param properties the entity's properties that are in this table, and the columns of each; those of embeddables by their path, too
 * @param references those of them that are the id of another entity
 * @param tenantColumn the column that tells the tenant; null where there is only one
 * @param discriminator which rows count; null for all
 */
public record TableMapping(
        String type,
        @Nullable String schema,
        String table,
        Role role,
        IdText id,
        Map<String, List<Column>> properties,
        Map<String, Reference> references,
        @Nullable String tenantColumn,
        @Nullable Discriminator discriminator) {

    /** What a row of a table is. */
    public enum Role {
        /** An entity: it is created and deleted with its row. */
        ENTITY,
        /** A part of an entity, such as an element of a collection: it is updated whatever happens to the row. */
        PART
    }

    /**
     * A column.
     *
     * @param name its name
     * @param comparesAsText whether its values are compared as text, for its type knows no equality, or a loose one
     */
    public record Column(String name, boolean comparesAsText) {}

    /**
     * The id of another entity.
     *
     * @param target the entity's class
     * @param id how the text of its id is made of the row's columns
     */
    public record Reference(Class<?> target, IdText id) {}

    /**
     * Only rows with a certain value count.
     *
     * @param column where it is
     * @param value as text
     */
    public record Discriminator(String column, String value) {}

    /** The text of an id: its pieces, one after the other. Null if one of the columns is. */
    public record IdText(List<Piece> pieces) {

        /** Keeps a copy. */
        public IdText {
            pieces = List.copyOf(pieces);
        }

        /** The columns in it, each once. */
        public Set<String> columns() {
            Set<String> columns = new LinkedHashSet<>();
            for (Piece piece : pieces) {
                if (piece.form() != Form.LITERAL) {
                    columns.add(piece.text());
                }
            }
            return columns;
        }
    }

    /**
     * A piece of the text of an id.
     *
     * @param form what it is
     * @param text the text itself, or the column's name
     */
    public record Piece(Form form, String text) {}

    /** What a piece is. */
    public enum Form {
        /** It stands for itself. */
        LITERAL,
        /** A column's value as text. */
        VALUE,
        /** A column's value as a JSON string. */
        JSON_STRING
    }

    /** A source of entities that can tell their tables. */
    @FunctionalInterface
    public interface Source {

        /**
         * The tables of an entity's class and its subclasses; one for each type and table.
         *
         * @throws IllegalArgumentException if they cannot be told, with the reason and the cure
         */
        List<TableMapping> tables(Class<?> entity);
    }
}
