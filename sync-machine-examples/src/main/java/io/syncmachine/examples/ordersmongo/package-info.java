/**
 * Customers with embedded addresses and orders in MongoDB, without any SQL; start at {@link
 * io.syncmachine.examples.ordersmongo.OrderToApi}, which is all that an application would write.
 */
@NullMarked
package io.syncmachine.examples.ordersmongo;

import org.jspecify.annotations.NullMarked;
