package io.syncmachine.function;

/** Takes a value. */
@FunctionalInterface
public interface CheckedConsumer<T> {

    /**
     * Called by the engine, possibly by several threads at once.
     *
     * @throws Exception for any reason; the engine decides what follows
     */
    void accept(T value) throws Exception;
}
