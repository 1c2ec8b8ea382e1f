package io.syncmachine.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** H2 2.2 and newer: a batch is a set of arrays, and joined by MERGE. */
final class H2Dialect extends PortableDialect {

    /** No table; none, but others with like names; none at all; no schema. */
    private static final Set<String> MISSING = Set.of("42S02", "42S03", "42S04", "90079");
    /** A deadlock; a lock that was waited for too long; a row that was changed, or made, by another just now. */
    private static final Set<String> TRY_AGAIN = Set.of("40001", "HYT00", "90131", "23505");

    @Override
    public String product() {
        return "H2";
    }

    @Override
    public Version oldest() {
        return new Version(2, 2);
    }

    @Override
    public String scripts() {
        return "h2";
    }

    @Override
    public boolean isMissingTable(SQLException e) {
        return e.getSQLState() != null && MISSING.contains(e.getSQLState());
    }

    @Override
    public boolean isWorthAnotherTry(SQLException e) {
        return e.getSQLState() != null && TRY_AGAIN.contains(e.getSQLState());
    }

    /** H2 knows no isolation level of one transaction: the connection's pool must put it back. */
    @Override
    public void readCommitted(Connection connection) throws SQLException {
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    }

    @Override
    String rows(Rows<?> rows) {
        return rows.columns().stream()
                        .map(column -> "cast(? as " + type(column.type()) + " array)")
                        .collect(Collectors.joining(", ", "unnest(", ") as r("))
                + rows.columns().stream().map(Rows.Column::name).collect(Collectors.joining(", "))
                + ")";
    }

    private static String type(Rows.Type type) {
        return switch (type) {
            case TEXT -> "varchar";
            case NUMBER -> "bigint";
            case FLAG -> "boolean";
        };
    }

    @Override
    void bind(PreparedStatement statement, Rows<?> rows) throws SQLException {
        arrays(statement, rows);
    }

    private static <T> void arrays(PreparedStatement statement, Rows<T> rows) throws SQLException {
        int parameter = 0;
        for (Rows.Column<T> column : rows.columns()) {
            Object[] values = rows.items().stream()
                    .map(item -> column.value().apply(item))
                    .toArray();
            statement.setArray(++parameter, statement.getConnection().createArrayOf(type(column.type()), values));
        }
    }

    @Override
    String same(String column, String value, Rows.Type type) {
        return column + " = " + value;
    }

    @Override
    String joined(String table, String same, Rows<?> rows) {
        return rows(rows) + " join " + table + " t on " + same;
    }

    @Override
    String makeMissing(String table, List<String> key, List<String> columns, String values, Rows<?> rows) {
        String same =
                key.stream().map(column -> "t." + column + " = r." + column).collect(Collectors.joining(" and "));
        return merge(table, same, rows) + " when not matched then insert (" + String.join(", ", key) + ", "
                + String.join(", ", columns) + ") values ("
                + key.stream().map(column -> "r." + column).collect(Collectors.joining(", ")) + ", " + values + ")";
    }

    @Override
    String update(String table, String same, String assignments, Rows<?> rows) {
        return merge(table, same, rows) + " when matched then update set " + assignments;
    }

    @Override
    String delete(String table, String same, Rows<?> rows) {
        return merge(table, same, rows) + " when matched then delete";
    }

    private String merge(String table, String same, Rows<?> rows) {
        return "merge into " + table + " t using " + rows(rows) + " on (" + same + ")";
    }

    @Override
    String now() {
        return "current_timestamp(6)";
    }

    @Override
    String later(String time, String micros) {
        return "dateadd(microsecond, " + micros + ", " + time + ")";
    }

    /** DATEDIFF would compare what clocks in different zones show. */
    @Override
    String micros(String from, String until) {
        return "cast((extract(epoch from " + until + ") - extract(epoch from " + from + ")) * 1000000 as bigint)";
    }

    @Override
    String sinceEpoch(String time) {
        return micros("timestamp with time zone '1970-01-01 00:00:00+00'", time);
    }

    /** It finds it by the order that is asked for. */
    @Override
    String using(String index) {
        return "";
    }
}
