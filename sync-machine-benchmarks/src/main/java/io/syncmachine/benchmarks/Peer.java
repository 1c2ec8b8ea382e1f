package io.syncmachine.benchmarks;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** One way to bring orders to the API. What the application has to tell it, it is told by {@link Shop}. */
interface Peer extends AutoCloseable {

    /** Whether the application must find out itself which orders have changed, and tell. */
    default boolean wantsToBeTold() {
        return true;
    }

    /** Tells it within the transaction, just before the commit. */
    default void changing(Connection transaction, List<Changed> orders) throws SQLException {}

    /** Tells it after the commit. */
    default void changed(List<Changed> orders) {}

    /** Whether nothing waits or runs. */
    boolean isIdle();

    @Override
    void close();
}
