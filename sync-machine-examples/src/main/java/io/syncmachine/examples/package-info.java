/** The command line of the runnable examples; start at {@link io.syncmachine.examples.Demo}. */
@NullMarked
package io.syncmachine.examples;

import org.jspecify.annotations.NullMarked;
