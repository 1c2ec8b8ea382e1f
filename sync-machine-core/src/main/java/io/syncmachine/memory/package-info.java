/**
 * The ports kept in memory, for tests and for applications without a database: {@link io.syncmachine.memory.InMemoryStore} keeps
 * the state of machines, {@link io.syncmachine.memory.InMemoryEntities} the entities. Both pass the same contracts as every other
 * adapter, but what they keep is gone with the process.
 */
@NullMarked
package io.syncmachine.memory;

import org.jspecify.annotations.NullMarked;
