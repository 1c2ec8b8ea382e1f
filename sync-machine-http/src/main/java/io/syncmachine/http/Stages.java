package io.syncmachine.http;

import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** What follows when something is done. */
final class Stages {

    private Stages() {}

    /** Does this with the result or the failure, once there is one. */
    static <T> void whenDone(CompletionStage<T> stage, BiConsumer<T, @Nullable Throwable> action) {
        stage.whenComplete((value, failure) -> action.accept(value, failure == null ? null : unwrapped(failure)));
    }

    private static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? unwrapped(cause) : failure;
    }
}
