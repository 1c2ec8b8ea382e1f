package io.syncmachine.jdbc;

import io.syncmachine.spi.Change;
import io.syncmachine.spi.Outbox;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;

/** An outbox that changes can be written to in the transaction that makes them. */
public interface TransactionalOutbox extends Outbox {

    /**
     * Writes changes in the connection's current transaction, with one insert statement for all; takes no lock that another
     * transaction can wait for.
     *
     * @throws SQLException if they were not written; the transaction must not be committed then
     */
    void append(Connection connection, Collection<Change> changes) throws SQLException;

    /**
     * Writes changes in the connection's current transaction, and commits it: both in one round trip where the database and its driver can do that, else
     * one after the other. {@link #committed()} is to be called as well.
     *
     * <p>Where it fails, nothing is committed, or, if the connection broke, that is not known, as of any commit. The transaction is to be rolled back.
     *
     * @throws JdbcStoreException if the changes were not written
     * @throws SQLException if the commit failed
     */
    default void appendAndCommit(Connection connection, Collection<Change> changes) throws SQLException {
        try {
            append(connection, changes);
        } catch (SQLException e) {
            throw new JdbcStoreException(e);
        }
        connection.commit();
    }

    /** To be called after such a transaction was committed: whoever turns changes into jobs is woken. Quick, and never throws. */
    void committed();
}
