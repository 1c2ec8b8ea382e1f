package io.syncmachine.annotation;

import io.syncmachine.Policy;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Supplies the {@link Policy}: retries, deadline, concurrency. A field, or a method without parameters; read once, when the machine is
 * made. Without one, {@link Policy#defaults()}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.FIELD})
public @interface UsePolicy {}
