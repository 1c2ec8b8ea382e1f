/**
 * What the examples share: a database, an API that counts its calls, a client for it, and a trial that drives an example through
 * its phases and checks each of them. None of this is needed to use SyncMachine.
 */
@NullMarked
package io.syncmachine.examples.support;

import org.jspecify.annotations.NullMarked;
