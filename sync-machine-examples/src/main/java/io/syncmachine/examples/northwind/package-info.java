/**
 * The orders of the Northwind sample database; start at {@link io.syncmachine.examples.northwind.NorthwindToApi}, which is all that
 * an application would write.
 */
@NullMarked
package io.syncmachine.examples.northwind;

import org.jspecify.annotations.NullMarked;
