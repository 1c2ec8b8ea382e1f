package io.syncmachine.function;

import org.jspecify.annotations.Nullable;

/** Turns a value into another, or into null where its use allows that. */
@FunctionalInterface
public interface CheckedFunction<T, R> {

    /**
     * Called by the engine, possibly by several threads at once.
     *
     * @throws Exception for any reason; the engine decides what follows
     */
    @Nullable
    R apply(T value) throws Exception;
}
