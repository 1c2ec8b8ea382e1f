/** What an application imports: declare a machine with {@link io.syncmachine.SyncMachine}. */
@NullMarked
package io.syncmachine;

import org.jspecify.annotations.NullMarked;
