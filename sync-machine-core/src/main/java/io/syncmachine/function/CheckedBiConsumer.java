package io.syncmachine.function;

/** Takes two values. */
@FunctionalInterface
public interface CheckedBiConsumer<T, U> {

    /**
     * Called by the engine, possibly by several threads at once.
     *
     * @throws Exception for any reason; the engine decides what follows
     */
    void accept(T first, U second) throws Exception;
}
