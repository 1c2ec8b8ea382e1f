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
     * Writes changes in the connection's current transaction, which the caller is about to commit: the next call on the connection is {@link
     * Connection#commit()}. Where the commit can be sent in the same round trip, the transaction is committed already when this returns, and the
     * caller's commit finds nothing to do.
     *
     * <p>Where it fails, nothing is committed, or, if the connection broke, that is not known, as of any commit; the transaction is to be
     * rolled back.
     *
     * @throws JdbcStoreException if the changes were not written
     * @throws SQLException if the commit failed
     */
    default void appendForCommit(Connection connection, Collection<Change> changes) throws SQLException {
        try {
            append(connection, changes);
        } catch (SQLException e) {
            throw new JdbcStoreException(e);
        }
    }

    /** To be called after such a transaction was committed: whoever turns changes into jobs is woken. Quick, and never throws. */
    void committed();

    /**
     * Has a connection plan each statement when it runs, until the answer is closed. Else it may keep a plan from when tables were nearly
     * empty, and read them from end to end for each batch of entities. For who reads entities beside this outbox; does nothing where the
     * database or its driver keeps no such plans, and costs no round trip.
     */
    Replanning replanning(Connection connection) throws SQLException;

    /** A connection as {@link #replanning} made it. */
    @FunctionalInterface
    interface Replanning extends AutoCloseable {
        /** Makes the connection as it was before. */
        @Override
        void close() throws SQLException;
    }
}
