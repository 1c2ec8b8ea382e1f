package io.syncmachine.jdbc;

import java.sql.SQLException;

/** The database did not do what a store asked of it. What was asked may or may not have been done. */
public final class JdbcStoreException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    JdbcStoreException(SQLException cause) {
        super(cause.getMessage(), cause);
    }
}
