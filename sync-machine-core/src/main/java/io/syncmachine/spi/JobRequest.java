package io.syncmachine.spi;

import io.syncmachine.ChangedProperties;

/**
 * A wish that a job runs.
 *
 * @param key what it is about
 * @param changed what changed, united with what a waiting job of the key already knows; all where it does not matter
 */
public record JobRequest(JobKey key, ChangedProperties changed) {}
