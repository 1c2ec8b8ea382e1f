package io.syncmachine.jdbc;

import java.io.EOFException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientConnectionException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tells failures of the way to a database, which may be there again later, from those of what was asked of it. */
final class Away {

    private static final int DEEPEST = 20;
    /** Shut down by an administrator, crashed, or not up yet; out of connections; H2's closed database and broken connection. */
    private static final Set<String> STATES = Set.of("57P01", "57P02", "57P03", "53300", "90098", "90121", "90067");

    private static final String CONNECTION = "08";
    private static final String NOT_AUTHORIZED = "28";

    private Away() {}

    /**
     * Whether the failure, or one of those behind it, says so; unless one says that the database refuses the user, or none is of a database:
     * the application calls others, too.
     */
    static boolean is(Throwable failure) {
        boolean away = false;
        boolean ofDatabase = false;
        for (Throwable cause : chain(failure)) {
            ofDatabase |= cause instanceof SQLException;
            String state = cause instanceof SQLException sql ? sql.getSQLState() : null;
            if (state != null && state.startsWith(NOT_AUTHORIZED)) {
                return false;
            }
            away |= isConnection(cause, state);
        }
        return away && ofDatabase;
    }

    private static boolean isConnection(Throwable cause, @Nullable String state) {
        return cause instanceof SQLTransientConnectionException
                || cause instanceof SQLNonTransientConnectionException
                || cause instanceof SQLRecoverableException
                || cause instanceof SocketException
                || cause instanceof SocketTimeoutException
                || cause instanceof UnknownHostException
                || cause instanceof EOFException
                || (state != null && (state.startsWith(CONNECTION) || STATES.contains(state)));
    }

    private static List<Throwable> chain(Throwable failure) {
        List<Throwable> chain = new ArrayList<>();
        for (Throwable cause = failure; cause != null && chain.size() < DEEPEST; cause = cause.getCause()) {
            chain.add(cause);
        }
        return chain;
    }
}
