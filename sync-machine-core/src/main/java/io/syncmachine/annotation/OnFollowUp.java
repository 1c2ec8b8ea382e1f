package io.syncmachine.annotation;

import io.syncmachine.FollowUp;
import io.syncmachine.SyncMachine;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The durable form of {@link AfterPublish}, {@link AfterDelete} and {@link OnDeadLetter}: a method that takes a {@link FollowUp}. Called at
 * least once, whatever crashes, by a job of its own; see {@link SyncMachine.Finishing#followUp}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface OnFollowUp {}
