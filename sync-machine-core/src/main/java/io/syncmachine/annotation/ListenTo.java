package io.syncmachine.annotation;

import io.syncmachine.SyncMachine.Listening;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Listens to changes of an entity, as {@link Listening#listenTo(Class, String...)} and its kin do.
 *
 * <ul>
 *   <li>On the class: to the subject itself.
 *   <li>On a method: to the entity that the method takes. The method is the finder: called with the committed state, in a read
 *       transaction, it answers the ids of the subjects that the entity concerns, as one id, a collection or other {@code
 *       Iterable}, a stream, which is closed, or null for none. It may take {@link io.syncmachine.ChangedProperties} as well.
 *       In the subject's class it is static.
 *   <li>On a field of the subject's class, if the machine is declared there: to this property of the subject. Names nothing.
 * </ul>
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD, ElementType.FIELD})
public @interface ListenTo {

    /** Only changes of these properties count; none means all. Creation and deletion always count. */
    String[] value() default {};
}
