package io.syncmachine.mongo;

import com.mongodb.MongoException;

/** MongoDB did not do what was asked of it. What was asked may or may not have been done. */
public final class MongoStoreException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    MongoStoreException(MongoException cause) {
        super(cause.getMessage(), cause);
    }
}
