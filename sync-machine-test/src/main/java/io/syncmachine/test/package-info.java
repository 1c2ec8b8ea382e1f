/**
 * For tests. Who writes an adapter extends the contract of each port that it implements ({@link
 * io.syncmachine.test.JobExecutorContract}, {@link io.syncmachine.test.DeadLetterStoreContract}, {@link
 * io.syncmachine.test.PayloadStoreContract}, {@link io.syncmachine.test.LeaseStoreContract}, {@link io.syncmachine.test.OutboxContract}, {@link
 * io.syncmachine.test.EntitySourceContract}); who tests a machine runs an engine step by step with {@link
 * io.syncmachine.test.ManualThreads} and {@link io.syncmachine.test.ManualClock}. Needs JUnit Jupiter 5.14 or newer, and AssertJ.
 */
@NullMarked
package io.syncmachine.test;

import org.jspecify.annotations.NullMarked;
