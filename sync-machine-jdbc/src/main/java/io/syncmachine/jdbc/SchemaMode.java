package io.syncmachine.jdbc;

/** What a {@link JdbcStore} does about its tables when an engine starts. */
public enum SchemaMode {
    /** Checks that they are there in the right version, and fails if not. */
    VALIDATE,
    /** Creates them if they are missing, then validates. For trials and tests; otherwise leave it to a migration tool. */
    CREATE,
    /** Nothing. */
    NONE
}
