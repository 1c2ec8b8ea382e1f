package io.syncmachine.mongo;

/** What a {@link MongoStore} does about its collections and indexes when an engine starts. */
public enum SchemaMode {
    /** Creates those that are missing. Needs the right to create collections and indexes. */
    CREATE,
    /** Checks that they are there, and fails if not. */
    VALIDATE,
    /** Nothing. */
    NONE
}
