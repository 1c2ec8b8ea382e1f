package io.syncmachine.function;

/** A {@link Runnable} that may throw. */
@FunctionalInterface
public interface CheckedRunnable {

    /**
     * Runs.
     *
     * @throws Exception what the application wants to throw
     */
    void run() throws Exception;
}
