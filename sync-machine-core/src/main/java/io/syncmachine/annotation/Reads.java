package io.syncmachine.annotation;

import io.syncmachine.ReadPolicy;
import io.syncmachine.SyncMachine.Listening;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * On the class: what documents read, as paths from the subject, as {@link Listening#reads(String...)} says it. Once for each policy.
 */
@Documented
@Repeatable(Reads.Several.class)
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Reads {

    /** The paths: {@code "status"}, {@code "customer.firstName"}. */
    String[] value();

    /** How soon changes of what they read count. */
    ReadPolicy policy() default ReadPolicy.NOW;

    /** More than one policy. Written by the compiler. */
    @Documented
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.TYPE)
    @interface Several {

        /** One for each policy. */
        Reads[] value();
    }
}
