/** Real databases for this project's own tests, from Maven artifacts. Not published. */
@NullMarked
package io.syncmachine.testing;

import org.jspecify.annotations.NullMarked;
