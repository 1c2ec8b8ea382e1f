package io.syncmachine.annotation;

import io.syncmachine.Events;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Listens to an event of the application's own. On the class: one that is {@linkplain Events#signal signalled} with the subject. On a
 * method: one that is signalled with the entity that the method takes; the method is the finder, as with {@link ListenTo}, but there
 * are no changed properties to take.
 */
@Documented
@Repeatable(ListenToEvent.Several.class)
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
public @interface ListenToEvent {

    /** The event's name: at most 100 letters, digits, dots, dashes and underscores. */
    String value();

    /** More than one event. Written by the compiler. */
    @Documented
    @Retention(RetentionPolicy.RUNTIME)
    @Target({ElementType.TYPE, ElementType.METHOD})
    @interface Several {

        /** The events. */
        ListenToEvent[] value();
    }
}
