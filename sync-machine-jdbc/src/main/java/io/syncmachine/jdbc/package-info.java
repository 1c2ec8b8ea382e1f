/**
 * Outbox, jobs, leases, payload records and journal in a relational database: start with {@link io.syncmachine.jdbc.JdbcStore}.
 * PostgreSQL, H2, MariaDB and MySQL; each is one {@code Dialect}.
 */
@NullMarked
package io.syncmachine.jdbc;

import org.jspecify.annotations.NullMarked;
