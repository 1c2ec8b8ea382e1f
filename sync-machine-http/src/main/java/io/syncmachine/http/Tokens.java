package io.syncmachine.http;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A bearer token: asked for once, by however many calls at a time, and kept until the API refuses it. */
final class Tokens {

    private static final long LONGEST_SECONDS = 30;

    private final Supplier<String> source;
    private final Executor executor;
    private @Nullable CompletableFuture<String> current;

    Tokens(Supplier<String> source, Executor executor) {
        this.source = source;
        this.executor = executor;
    }

    /** The token, or another one than that which was refused. */
    synchronized CompletableFuture<String> token(@Nullable String refused) {
        if (current == null || current.isCompletedExceptionally() || isRefused(current, refused)) {
            current = asked();
        }
        return current.copy();
    }

    private static boolean isRefused(CompletableFuture<String> token, @Nullable String refused) {
        return refused != null && Objects.equals(token.getNow(null), refused);
    }

    private CompletableFuture<String> asked() {
        CompletableFuture<String> token = new CompletableFuture<>();
        FutureTask<Void> task = new FutureTask<>(
                () -> {
                    try {
                        token.complete(Authentication.ask("the bearer token", source));
                    } catch (IllegalStateException e) {
                        token.completeExceptionally(e);
                    }
                },
                null);
        Stages.whenDone(token.orTimeout(LONGEST_SECONDS, TimeUnit.SECONDS), (value, failure) -> {
            if (failure instanceof TimeoutException) {
                task.cancel(true);
            }
        });
        executor.execute(task);
        return token;
    }
}
