package io.syncmachine.function;

import org.jspecify.annotations.Nullable;

/** Turns two values into another, or into null where its use allows that. */
@FunctionalInterface
public interface CheckedBiFunction<T, U, R> {

    /**
     * Called by the engine, possibly by several threads at once.
     *
     * @throws Exception for any reason; the engine decides what follows
     */
    @Nullable
    R apply(T first, U second) throws Exception;
}
