/**
 * The ports: what an adapter implements ({@link io.syncmachine.spi.Store} and its four parts, {@link
 * io.syncmachine.spi.EntitySource}), and what it is given. Every port has a contract test in {@code sync-machine-test}.
 */
@NullMarked
package io.syncmachine.spi;

import org.jspecify.annotations.NullMarked;
