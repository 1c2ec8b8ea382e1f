package io.syncmachine.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * MariaDB 10.6 and MySQL 8.0, and newer: a batch is one JSON text. InnoDB locks all rows that it reads, in that order, so every join
 * is made to begin with the batch and to find by the key: in a small table it would rather read, and wait for, all there is. Keys are binary columns: they compare by bytes, and hold more than text may in an index.
 */
final class MySqlDialect extends PortableDialect {

    static final MySqlDialect MARIADB = new MySqlDialect("MariaDB", new Version(10, 6));
    static final MySqlDialect MYSQL = new MySqlDialect("MySQL", new Version(8, 0));

    /** No table; no schema. */
    private static final Set<Integer> MISSING = Set.of(1146, 1049);
    /** A lock that was waited for too long; a deadlock; MariaDB's row that was changed since it was read. */
    private static final Set<Integer> TRY_AGAIN = Set.of(1205, 1213, 1020);

    private static final String PLACE =
            "select concat_ws(' ', @@hostname, @@port, @@datadir, @@server_id, coalesce(?, database()))";

    private final String product;
    private final Version oldest;

    private MySqlDialect(String product, Version oldest) {
        this.product = product;
        this.oldest = oldest;
    }

    /** MySQL's driver takes MariaDB for MySQL; the version tells. */
    @Override
    public boolean isFor(String product, String version) {
        boolean mariaDb = product.equals(MARIADB.product) || version.contains(MARIADB.product);
        return this == MARIADB ? mariaDb : product.equals(this.product) && !mariaDb;
    }

    @Override
    public String product() {
        return product;
    }

    @Override
    public Version oldest() {
        return oldest;
    }

    @Override
    public String scripts() {
        return product.toLowerCase(Locale.ROOT);
    }

    @Override
    public boolean isMissingTable(SQLException e) {
        return MISSING.contains(e.getErrorCode());
    }

    @Override
    public boolean isWorthAnotherTry(SQLException e) {
        return TRY_AGAIN.contains(e.getErrorCode()) || "40001".equals(e.getSQLState());
    }

    /** The server, by what two cannot share on one machine and replicas must not share, and the database on it. */
    @Override
    public String place(Connection connection, String table) throws SQLException {
        int dot = table.indexOf('.');
        try (PreparedStatement statement = connection.prepareStatement(PLACE)) {
            statement.setString(1, dot < 0 ? null : table.substring(0, dot));
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    /** Of the whole server; needs the right PROCESS. Its times are those of the server's zone, whatever the session's is. */
    @Override
    public String oldestTransaction() {
        return "select coalesce(timestampdiff(microsecond, min(trx_started),"
                + " convert_tz(utc_timestamp(6), '+00:00', 'SYSTEM')), 0)"
                + " from information_schema.innodb_trx where trx_mysql_thread_id not in (0, connection_id())";
    }

    /** Of the next transaction alone. */
    @Override
    public void readCommitted(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set transaction isolation level read committed");
        }
    }

    @Override
    String rows(Rows<?> rows) {
        StringBuilder sql = new StringBuilder("json_table(?, '$[*]' columns (");
        char member = 'a';
        for (Rows.Column<?> column : rows.columns()) {
            sql.append(member == 'a' ? "" : ", ")
                    .append(column.name())
                    .append(column.type() == Rows.Type.TEXT ? " longtext character set utf8mb4" : " bigint")
                    .append(" path '$.")
                    .append(member++)
                    .append('\'');
        }
        return sql.append(")) as r").toString();
    }

    @Override
    void bind(PreparedStatement statement, Rows<?> rows) throws SQLException {
        statement.setString(1, json(rows));
    }

    /** An object per row, without members for nulls, for databases do not agree on a null in JSON. */
    private static <T> String json(Rows<T> rows) {
        StringBuilder json = new StringBuilder("[");
        for (T item : rows.items()) {
            json.append(json.length() == 1 ? "{" : ",{");
            boolean first = true;
            char member = 'a';
            for (Rows.Column<T> column : rows.columns()) {
                Object value = column.value().apply(item);
                if (value != null) {
                    json.append(first ? "\"" : ",\"").append(member).append("\":");
                    append(json, value);
                    first = false;
                }
                member++;
            }
            json.append('}');
        }
        return json.append(']').toString();
    }

    private static void append(StringBuilder json, Object value) {
        if (value instanceof String text) {
            quote(json, text);
        } else if (value instanceof Boolean flag) {
            json.append(flag ? 1 : 0);
        } else {
            json.append(value);
        }
    }

    private static void quote(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ') {
                json.append("\\u00").append(c < 16 ? "0" : "").append(Integer.toHexString(c));
            } else {
                json.append(c);
            }
        }
        json.append('"');
    }

    @Override
    String same(String column, String value, Rows.Type type) {
        return column + " = " + (type == Rows.Type.TEXT ? "cast(" + value + " as binary)" : value);
    }

    @Override
    String joined(String table, String same, Rows<?> rows) {
        return rows(rows) + " straight_join " + table + " t force index (primary) on " + same;
    }

    /** A key that is there already is locked by the update that changes nothing. */
    @Override
    String makeMissing(String table, List<String> key, List<String> columns, String values, Rows<?> rows) {
        return "insert into " + table + " (" + String.join(", ", key) + ", " + String.join(", ", columns) + ") select "
                + key.stream().map(column -> "r." + column).collect(Collectors.joining(", ")) + ", " + values + " from "
                + rows(rows) + " on duplicate key update " + columns.get(0) + " = " + table + "." + columns.get(0);
    }

    @Override
    String update(String table, String same, String assignments, Rows<?> rows) {
        return "update " + joined(table, same, rows) + " set " + assignments;
    }

    @Override
    String delete(String table, String same, Rows<?> rows) {
        return "delete t from " + joined(table, same, rows);
    }

    @Override
    String now() {
        return "utc_timestamp(6)";
    }

    @Override
    String later(String time, String micros) {
        return time + " + interval " + micros + " microsecond";
    }

    @Override
    String micros(String from, String until) {
        return "timestampdiff(microsecond, " + from + ", " + until + ")";
    }

    @Override
    String sinceEpoch(String time) {
        return micros("'1970-01-01'", time);
    }

    @Override
    String using(String index) {
        return " force index (" + index + ")";
    }

    @Override
    public String toString() {
        return product;
    }
}
