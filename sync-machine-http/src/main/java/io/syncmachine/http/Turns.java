package io.syncmachine.http;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** What is left of a batch goes one after the other: all of it is counted as one call in flight. Safe for use by several threads. */
final class Turns {

    private final Executor executor;
    private final Queue<Turn> waiting = new ArrayDeque<>();
    private boolean taken;

    /** Begins with an action, and ends with a result. */
    private record Turn(CompletableFuture<?> result, Runnable action) {}

    Turns(Executor executor) {
        this.executor = executor;
    }

    /** Does something when it is its turn, unless its result is there before that; the turn ends with the result. */
    void take(CompletableFuture<?> result, Runnable action) {
        Turn turn = new Turn(result, action);
        synchronized (this) {
            if (taken) {
                waiting.add(turn);
                return;
            }
            taken = true;
        }
        begin(turn);
    }

    private void begin(Turn turn) {
        turn.action().run();
        Stages.whenDone(turn.result(), (value, failure) -> next());
    }

    private void next() {
        Turn turn = nextOrNull();
        if (turn != null) {
            try {
                executor.execute(() -> begin(turn));
            } catch (RejectedExecutionException e) {
                begin(turn); // closed: it finds that out
            }
        }
    }

    private synchronized @Nullable Turn nextOrNull() {
        Turn turn = waiting.poll();
        while (turn != null && turn.result().isDone()) {
            turn = waiting.poll();
        }
        taken = turn != null;
        return turn;
    }
}
