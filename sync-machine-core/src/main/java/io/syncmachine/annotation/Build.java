package io.syncmachine.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Builds the document to publish: a method that takes the subject and answers any object that Jackson can write. Called in the
 * transaction in which the subject is read, so that it may follow lazy associations; must depend on nothing but the subject's committed
 * data, and never answer null.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Build {}
