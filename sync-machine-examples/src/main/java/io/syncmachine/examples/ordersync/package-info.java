/**
 * Orders are created, updated and deleted, and a service that limits its callers and fails now and then is told of each by POST, PUT
 * and DELETE. {@link OrderSync} is what an application would write.
 */
@NullMarked
package io.syncmachine.examples.ordersync;

import org.jspecify.annotations.NullMarked;
