package io.syncmachine.jdbc;

import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobRequest;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;

/** Jobs that can be enqueued in a transaction of their database. */
interface TransactionalJobs extends JobExecutor {

    /** Whether they are in this database, under this prefix. */
    boolean isIn(Database other);

    /** In the connection's transaction. A key that is requested twice in one batch is one request. */
    void enqueue(Connection connection, Collection<JobRequest> requests) throws SQLException;
}
