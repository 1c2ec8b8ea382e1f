package io.syncmachine.annotation;

import io.syncmachine.SyncMachine;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares a machine, as {@link SyncMachine#define} does: on a class of its own, or on the subject's class. Subclasses inherit it,
 * and so do classes that implement an interface with it. See {@link AnnotatedMachine}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface SyncMachineFor {

    /** By which jobs and records are stored: at most 100 letters, digits, dots, dashes and underscores. */
    String name();

    /** The subject's class: the entity whose document the API holds. Left out on the subject's class itself. */
    Class<?> subject() default void.class;

    /**
     * The class of the subject's id. By default that which {@link OnDelete}, a {@link io.syncmachine.Publication} or a finder
     * names; to be said where none of them does.
     */
    Class<?> idType() default void.class;
}
