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

    /** To be called after such a transaction was committed: whoever turns changes into jobs is woken. Quick, and never throws. */
    void committed();
}
