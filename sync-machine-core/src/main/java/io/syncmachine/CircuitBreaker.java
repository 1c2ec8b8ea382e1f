package io.syncmachine;

import java.time.Duration;

/**
 * When a node leaves a destination alone because it fails: it opens when the latest calls have failed for so many subjects, lets nothing through
 * for a while, then one call to try, and closes with the first that is answered. What it stops waits without an attempt. A refusal for
 * good and a {@link ThrottledException} are answers and no failures. Immutable.
 *
 * @param failures how many failures, of different subjects, open it, from 1 to {@code of}; zero for a breaker that never opens
 * @param of among so many of the latest calls, at most 1,000
 * @param openFor how long it is open at first, above zero; twice as long each time that the call to try fails
 * @param longest how long it is open at most
 */
public record CircuitBreaker(int failures, int of, Duration openFor, Duration longest) {

    private static final CircuitBreaker DEFAULTS =
            new CircuitBreaker(10, 20, Duration.ofSeconds(1), Duration.ofSeconds(30));
    private static final CircuitBreaker NEVER =
            new CircuitBreaker(0, 20, Duration.ofSeconds(1), Duration.ofSeconds(30));

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public CircuitBreaker {
        if (of < 1 || of > 1_000) {
            throw new IllegalArgumentException("of must be from 1 to 1000, but is " + of);
        }
        if (failures < 0 || failures > of) {
            throw new IllegalArgumentException("failures must be from 0 to " + of + ", but are " + failures);
        }
        if (openFor.isNegative() || openFor.isZero() || longest.compareTo(openFor) < 0) {
            throw new IllegalArgumentException(
                    "openFor must be above zero and at most longest, but is " + openFor + " of " + longest);
        }
    }

    /** Opens after 10 failures among the latest 20 calls, for a second and up to 30. */
    public static CircuitBreaker defaults() {
        return DEFAULTS;
    }

    /** Never opens. */
    public static CircuitBreaker never() {
        return NEVER;
    }
}
