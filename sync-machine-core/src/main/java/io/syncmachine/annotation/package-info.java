/** Machines declared by annotations instead of the builder: start at {@link io.syncmachine.annotation.AnnotatedMachine}. */
@NullMarked
package io.syncmachine.annotation;

import org.jspecify.annotations.NullMarked;
