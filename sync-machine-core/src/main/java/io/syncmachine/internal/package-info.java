/**
 * The engine. Not part of the API. {@link io.syncmachine.internal.Engine} is the door; a change flows through {@code Listeners},
 * {@code Relay}, {@code FindSubjects}, {@code EnsurePublication}, {@code Slots} and {@code Acknowledger}, in this order.
 */
@NullMarked
package io.syncmachine.internal;

import org.jspecify.annotations.NullMarked;
