package io.syncmachine.jdbc;

import io.syncmachine.jdbc.ArrayStatement.RowReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A table with a key, and what becomes of the rows of a batch in it: one statement each, in which the table is t and the batch is
 * r. Rows are locked in the batch's order: sorted batches do not deadlock.
 */
final class KeyedTable {

    private final PortableDialect dialect;
    private final String name;
    private final List<String> key;

    KeyedTable(PortableDialect dialect, String name, List<String> key) {
        this.dialect = dialect;
        this.name = name;
        this.key = key;
    }

    /** Makes rows for the keys that have none, and locks the others or leaves them alone. */
    void makeMissing(Connection connection, Rows<?> rows, List<String> columns, String values) throws SQLException {
        for (Rows<?> part : rows.parts()) {
            update(connection, part, dialect.makeMissing(name, key, columns, values, part));
        }
    }

    /** Adds a row per item. */
    void insert(Connection connection, Rows<?> rows, List<String> columns, String values) throws SQLException {
        for (Rows<?> part : rows.parts()) {
            update(
                    connection,
                    part,
                    "insert into " + name + " (" + String.join(", ", columns) + ") select " + values + " from "
                            + dialect.rows(part));
        }
    }

    /** Reads and locks the rows for which a condition holds. */
    <R> List<R> lock(Connection connection, Rows<?> rows, String columns, String condition, RowReader<R> reader)
            throws SQLException {
        return select(connection, rows, columns, " where " + condition + " for update", reader);
    }

    /** Reads the rows of the keys, and locks none. */
    <R> List<R> read(Connection connection, Rows<?> rows, String columns, RowReader<R> reader) throws SQLException {
        return select(connection, rows, columns, "", reader);
    }

    private <R> List<R> select(Connection connection, Rows<?> rows, String columns, String end, RowReader<R> reader)
            throws SQLException {
        List<R> result = new ArrayList<>();
        for (Rows<?> part : rows.parts()) {
            String sql = "select " + columns + " from " + dialect.joined(name, same(part), part) + end;
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                dialect.bind(statement, part);
                try (ResultSet found = statement.executeQuery()) {
                    while (found.next()) {
                        result.add(reader.read(found));
                    }
                }
            }
        }
        return result;
    }

    /** Changes the rows of the keys. Assignments happen in no order: none may read what another one writes. */
    void update(Connection connection, Rows<?> rows, List<String> assignments) throws SQLException {
        for (Rows<?> part : rows.parts()) {
            update(connection, part, dialect.update(name, same(part), String.join(", ", assignments), part));
        }
    }

    /** Deletes the rows of the keys. */
    void delete(Connection connection, Rows<?> rows) throws SQLException {
        for (Rows<?> part : rows.parts()) {
            update(connection, part, dialect.delete(name, same(part), part));
        }
    }

    private void update(Connection connection, Rows<?> rows, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            dialect.bind(statement, rows);
            statement.executeUpdate();
        }
    }

    private String same(Rows<?> rows) {
        return key.stream()
                .map(column -> dialect.same("t." + column, "r." + column, rows.type(column)))
                .collect(Collectors.joining(" and "));
    }
}
