package io.syncmachine.spi;

import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import java.time.Duration;
import java.util.List;

/**
 * A job that this node may run until its lease ends.
 *
 * @param key what the job is about
 * @param token the fencing token of this claim: unique for ever in its store
 * @param attempt the number of this attempt, counted from 1; snoozes do not count
 * @param failingFor how long it is since the first of the failures in a row, less the waits that counted as no attempt; zero before
 *     the first
 * @param changed all that changed since the job's last run
 * @param causes the first few of the requests that it covers, for people to read
 */
public record Claim(
        JobKey key, long token, int attempt, Duration failingFor, ChangedProperties changed, List<Cause> causes) {}
