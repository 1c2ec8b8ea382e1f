/**
 * Records of a third party are fetched once a minute by one of all nodes and applied, and what changed is pushed to one of two places, as
 * the record says, at one call a minute each. {@link ItemSync} and {@link Fetching} are what an application would write.
 */
@NullMarked
package io.syncmachine.examples.thirdparty;

import org.jspecify.annotations.NullMarked;
