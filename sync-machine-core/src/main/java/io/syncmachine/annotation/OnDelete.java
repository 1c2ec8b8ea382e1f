package io.syncmachine.annotation;

import io.syncmachine.Publication;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Deletes a subject that is gone at the API: a method that takes its id; its id and the last acknowledged document, an {@code
 * Optional<StoredDocument>} which is empty after a create that was not answered; or all about the {@link Publication}. Without one,
 * the API keeps what it has.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface OnDelete {}
