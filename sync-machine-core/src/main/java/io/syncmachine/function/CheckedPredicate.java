package io.syncmachine.function;

/** Answers yes or no. */
@FunctionalInterface
public interface CheckedPredicate<T> {

    /**
     * Called by the engine, possibly by several threads at once.
     *
     * @throws Exception for any reason; the engine decides what follows
     */
    boolean test(T value) throws Exception;
}
