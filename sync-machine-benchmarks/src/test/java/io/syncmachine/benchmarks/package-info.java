@NullMarked
package io.syncmachine.benchmarks;

import org.jspecify.annotations.NullMarked;
