/**
 * Customers and orders, published by a worker in a process of its own; start at {@link
 * io.syncmachine.examples.orders.OrderToApi}, which is all that an application would write.
 */
@NullMarked
package io.syncmachine.examples.orders;

import org.jspecify.annotations.NullMarked;
