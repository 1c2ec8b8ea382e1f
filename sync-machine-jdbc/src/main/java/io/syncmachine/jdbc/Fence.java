package io.syncmachine.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * The numbers of claims and openings, from a counter in a row. They are taken in the transaction that uses them: if that is undone,
 * nobody has seen them. Whoever takes numbers keeps others from it until its transaction ends, so it must wait for no other lock
 * afterwards.
 */
final class Fence {

    private final String take;
    private final String last;

    Fence(Database database) {
        take = database.sql("update ${p}fence set last_number = last_number + ? where id = 1");
        last = database.sql("select last_number from ${p}fence where id = 1");
    }

    /** The first of so many numbers that follow each other, all greater than any that was given before. */
    long take(Connection connection, int count) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(take)) {
            statement.setLong(1, count);
            if (statement.executeUpdate() != 1) {
                throw new SQLException("the row with id 1 is missing from the table of the statement: " + take);
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(last);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getLong(1) - count + 1;
        }
    }
}
