/**
 * Triggers that see what is changed behind the application's back: start with {@link io.syncmachine.postgres.PostgresTriggers}, or, on
 * MariaDB and MySQL, with {@link io.syncmachine.postgres.MySqlTriggers}.
 */
@NullMarked
package io.syncmachine.postgres;

import org.jspecify.annotations.NullMarked;
