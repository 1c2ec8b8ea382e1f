package io.syncmachine.examples.support;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.TreeMap;

/** The documents that an API should hold, made by plain SQL: nothing of this goes through JPA or SyncMachine. */
@FunctionalInterface
public interface Snapshot {

    /** The documents by subject id, as JSON. */
    Map<String, String> read() throws SQLException;

    /**
     * By a query.
     *
     * @param sql answers two columns: subject id and JSON text
     */
    static Snapshot of(Database database, String sql) {
        return () -> {
            Map<String, String> documents = new TreeMap<>();
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(sql)) {
                while (rows.next()) {
                    documents.put(rows.getString(1), rows.getString(2));
                }
            }
            return documents;
        };
    }
}
