package io.syncmachine.jdbc;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One statement for a batch: a parameter is a column of the batch, as an array. */
final class ArrayStatement implements AutoCloseable {

    private final Connection connection;
    private final PreparedStatement statement;
    private final boolean second;
    private int parameter;

    ArrayStatement(Connection connection, String sql) throws SQLException {
        this(connection, "", sql);
    }

    /** One that follows another, which has no parameters and answers one result. */
    ArrayStatement(Connection connection, String first, String sql) throws SQLException {
        this.connection = connection;
        this.statement = connection.prepareStatement(first + sql);
        this.second = !first.isEmpty();
    }

    /** Reads a row. */
    @FunctionalInterface
    interface RowReader<R> {
        R read(ResultSet row) throws SQLException;
    }

    /** Binds the parameters of a statement. */
    @FunctionalInterface
    interface Binder {
        ArrayStatement bind(ArrayStatement statement) throws SQLException;
    }

    <T> ArrayStatement texts(Collection<T> batch, Function<? super T, @Nullable String> column) throws SQLException {
        return array("text", batch, column);
    }

    <T> ArrayStatement longs(Collection<T> batch, Function<? super T, @Nullable Long> column) throws SQLException {
        return array("bigint", batch, column);
    }

    <T> ArrayStatement booleans(Collection<T> batch, Function<? super T, Boolean> column) throws SQLException {
        return array("boolean", batch, column);
    }

    private <T> ArrayStatement array(
            String type, Collection<T> batch, Function<? super T, ? extends @Nullable Object> column)
            throws SQLException {
        Object[] values = new Object[batch.size()];
        int i = 0;
        for (T item : batch) {
            values[i++] = column.apply(item);
        }
        Array array = connection.createArrayOf(type, values);
        statement.setArray(++parameter, array);
        return this;
    }

    ArrayStatement text(String value) throws SQLException {
        statement.setString(++parameter, value);
        return this;
    }

    ArrayStatement number(long value) throws SQLException {
        statement.setLong(++parameter, value);
        return this;
    }

    ArrayStatement flag(boolean value) throws SQLException {
        statement.setBoolean(++parameter, value);
        return this;
    }

    int update() throws SQLException {
        if (!second) {
            return statement.executeUpdate();
        }
        statement.execute();
        statement.getMoreResults();
        return statement.getUpdateCount();
    }

    /** Where more than one statement is sent. */
    void execute() throws SQLException {
        statement.execute();
    }

    <R> List<R> query(RowReader<R> reader) throws SQLException {
        List<R> result = new ArrayList<>();
        try (ResultSet rows = rows()) {
            while (rows.next()) {
                result.add(reader.read(rows));
            }
        }
        return result;
    }

    private ResultSet rows() throws SQLException {
        if (!second) {
            return statement.executeQuery();
        }
        statement.execute();
        statement.getMoreResults();
        return statement.getResultSet();
    }

    @Override
    public void close() throws SQLException {
        statement.close();
    }

    /** A duration as the microseconds that an interval is made of. */
    static long micros(Duration duration) {
        return Math.min(duration.toSeconds(), Long.MAX_VALUE / 2_000_000) * 1_000_000 + duration.toNanosPart() / 1_000;
    }
}
