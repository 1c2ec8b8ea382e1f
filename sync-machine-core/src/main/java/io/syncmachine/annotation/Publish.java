package io.syncmachine.annotation;

import io.syncmachine.Publication;
import io.syncmachine.PublishResult;
import io.syncmachine.SyncMachine;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Tells the API of a create or update: a method that takes the subject, detached, and its document; or all about the {@link
 * Publication}, and then it may answer a {@link PublishResult}. What it throws decides what follows, see {@link
 * SyncMachine.Publishing}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Publish {

    /**
     * Whether the API gives a created subject an id of its own, which the method answers: see {@link
     * SyncMachine.Finishing#remoteIdsFromApi()}.
     */
    boolean remoteIdsFromApi() default false;
}
