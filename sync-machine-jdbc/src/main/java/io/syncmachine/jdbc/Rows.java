package io.syncmachine.jdbc;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A batch as a table of values that a statement joins under the name r: a row per item, in the order of the items. */
final class Rows<T> {

    /** So much text goes into one statement, for databases limit its length. */
    private static final int MOST_CHARACTERS = 2_000_000;

    private final List<T> items;
    private final List<Column<T>> columns;

    /** What a column holds. */
    enum Type {
        TEXT,
        NUMBER,
        FLAG
    }

    /** A column, and where its values come from. */
    record Column<T>(String name, Type type, Function<? super T, ? extends @Nullable Object> value) {}

    private Rows(List<T> items, List<Column<T>> columns) {
        this.items = items;
        this.columns = columns;
    }

    /** A table without columns yet. */
    static <T> Rows<T> of(Collection<T> items) {
        return new Rows<>(List.copyOf(items), List.of());
    }

    Rows<T> texts(String name, Function<? super T, @Nullable String> value) {
        return with(new Column<>(name, Type.TEXT, value));
    }

    Rows<T> numbers(String name, Function<? super T, @Nullable Long> value) {
        return with(new Column<>(name, Type.NUMBER, value));
    }

    Rows<T> flags(String name, Function<? super T, Boolean> value) {
        return with(new Column<>(name, Type.FLAG, value));
    }

    private Rows<T> with(Column<T> column) {
        List<Column<T>> more = new ArrayList<>(columns);
        more.add(column);
        return new Rows<>(items, Collections.unmodifiableList(more));
    }

    List<T> items() {
        return items;
    }

    List<Column<T>> columns() {
        return columns;
    }

    /** What a column of this name holds. */
    Type type(String name) {
        return columns.stream()
                .filter(column -> column.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no column " + name))
                .type();
    }

    /** The same rows in tables that each fit into a statement: nearly always one, and none if there is no row. */
    List<Rows<T>> parts() {
        List<Rows<T>> parts = new ArrayList<>();
        int from = 0;
        long characters = 0;
        for (int i = 0; i < items.size(); i++) {
            long more = characters(items.get(i));
            if (i > from && characters + more > MOST_CHARACTERS) {
                parts.add(new Rows<>(items.subList(from, i), columns));
                from = i;
                characters = 0;
            }
            characters += more;
        }
        if (from < items.size()) {
            parts.add(new Rows<>(items.subList(from, items.size()), columns));
        }
        return parts;
    }

    private long characters(T item) {
        long sum = 0;
        for (Column<T> column : columns) {
            sum += column.value().apply(item) instanceof String text ? text.length() : 20;
        }
        return sum;
    }
}
