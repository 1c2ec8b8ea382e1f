/** Functions that an application hands over; each may throw any exception, which counts as a failure of that one call. */
@NullMarked
package io.syncmachine.function;

import org.jspecify.annotations.NullMarked;
