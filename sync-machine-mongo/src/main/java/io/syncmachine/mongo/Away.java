package io.syncmachine.mongo;

import com.mongodb.MongoConnectionPoolClearedException;
import com.mongodb.MongoException;
import com.mongodb.MongoNodeIsRecoveringException;
import com.mongodb.MongoNotPrimaryException;
import com.mongodb.MongoSecurityException;
import com.mongodb.MongoSocketException;
import com.mongodb.MongoTimeoutException;
import com.mongodb.MongoWriteConcernException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tells failures of the way to MongoDB, which may be there again later, from those of what was asked of it. */
final class Away {

    private static final int DEEPEST = 20;
    /**
     * Host unreachable or not found, network timeouts, no primary that fits, shutting down, stepping down, too few members that
     * confirm a write, not the primary any more, recovering.
     */
    private static final Set<Integer> CODES =
            Set.of(6, 7, 64, 89, 91, 100, 133, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436);

    private Away() {}

    /** Whether it was one of our own calls that failed, and for that reason; the application may use MongoDB, too. */
    static boolean isOurs(Throwable failure) {
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < DEEPEST; cause = cause.getCause()) {
            if (cause instanceof MongoStoreException) {
                return is(cause.getCause());
            }
            depth++;
        }
        return false;
    }

    /** Whether the failure, or one of those behind it, says so; unless one says that MongoDB refuses the user. */
    static boolean is(@Nullable Throwable failure) {
        boolean away = false;
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < DEEPEST; cause = cause.getCause()) {
            if (cause instanceof MongoSecurityException) {
                return false;
            }
            away |= isConnection(cause);
            depth++;
        }
        return away;
    }

    private static boolean isConnection(Throwable cause) {
        return cause instanceof MongoSocketException
                || cause instanceof MongoTimeoutException
                || cause instanceof MongoConnectionPoolClearedException
                || cause instanceof MongoNotPrimaryException
                || cause instanceof MongoNodeIsRecoveringException
                || cause instanceof MongoWriteConcernException
                || (cause instanceof MongoException answer && CODES.contains(answer.getCode()));
    }
}
