/** SyncMachine beside other ways to do the same; {@link io.syncmachine.benchmarks.Bench} runs it, docs/benchmarks.md explains. */
@NullMarked
package io.syncmachine.benchmarks;

import org.jspecify.annotations.NullMarked;
