/**
 * Outbox, jobs, leases and payload records in a relational database: start with {@link io.syncmachine.jdbc.JdbcStore}. PostgreSQL so
 * far; each further database is one more {@code Dialect}.
 */
@NullMarked
package io.syncmachine.jdbc;

import org.jspecify.annotations.NullMarked;
