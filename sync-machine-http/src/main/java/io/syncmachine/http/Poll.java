package io.syncmachine.http;

import io.syncmachine.FailureKind;
import io.syncmachine.http.Exchange.Answered;
import io.syncmachine.http.Exchange.Request;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks what became of a write that was answered by 202, until that is known. No thread waits for it. Its {@link #result} is the answer that
 * told of a success, or fails with what a failure means, or with an {@link IOException} where the end is not known; it may be cancelled.
 */
final class Poll {

    private static final String TOO_LATE = ": the end is not known in time";

    final CompletableFuture<Answered> result = new CompletableFuture<>();
    private final Api api;
    private final Plan plan;
    private final Judge judge;
    private final HttpPolling polling;
    private final String what;
    private final Map<String, String> headers;
    private final long endNanos;
    private volatile @Nullable CompletableFuture<?> underWay;

    /**
     * Makes one.
     *
     * @param write what was accepted
     * @param left how much time there is
     * @param headers of each call
     */
    Poll(Api api, Plan plan, String write, Duration left, Map<String, String> headers) {
        this.api = api;
        this.plan = plan;
        this.judge = new Judge(plan);
        this.polling = Objects.requireNonNull(plan.polling);
        this.what = "status of " + write;
        this.headers = headers;
        Duration longest = polling.longest();
        Duration limit = longest != null && longest.compareTo(left) < 0 ? longest : left;
        this.endNanos = System.nanoTime() + limit.toNanos();
        Stages.whenDone(result, (answered, failure) -> {
            CompletableFuture<?> current = underWay;
            if (current != null) {
                current.cancel(true);
            }
        });
    }

    /**
     * Begins to ask.
     *
     * @param write where the write went
     */
    CompletableFuture<Answered> begin(URI write, Answered accepted) {
        api.follow(result, () -> new IOException(what + ": the destination is closed"));
        String told = polling.url(accepted.answer()).orElse("");
        URI place = Origin.resolve(write, told);
        if (place == null) {
            String why = told.isEmpty() ? "no place to ask by " : "the place to ask is none, or of another host, by ";
            result.completeExceptionally(new IOException(judge.message(what, accepted) + ": " + why + polling.place()));
        } else {
            endInTime();
            askLater(place, accepted);
        }
        return result;
    }

    private void endInTime() {
        CompletableFuture<String> end = new CompletableFuture<String>()
                .completeOnTimeout("", Math.max(endNanos - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
        Stages.whenDone(end, (passed, cancelled) -> {
            if (cancelled == null) {
                result.completeExceptionally(new IOException(what + TOO_LATE));
            }
        });
        Stages.whenDone(result, (answered, failure) -> end.cancel(false));
    }

    private void askLater(URI place, @Nullable Answered last) {
        Duration wait = Optional.ofNullable(last)
                .flatMap(answered -> new RateHeaders(answered.answer(), plan.clock).retryAfter())
                .filter(told -> !told.isZero())
                .orElse(polling.interval());
        long left = endNanos - System.nanoTime();
        if (wait.compareTo(Duration.ofNanos(Math.max(left, 0))) >= 0) {
            result.completeExceptionally(new IOException((last == null ? what : judge.message(what, last)) + TOO_LATE));
            return;
        }
        CompletableFuture<String> timer =
                new CompletableFuture<String>().completeOnTimeout("", wait.toNanos(), TimeUnit.NANOSECONDS);
        await(timer);
        Stages.whenDone(timer, (end, cancelled) -> {
            if (cancelled == null) {
                onThread(place);
            }
        });
    }

    private void ask(URI place) {
        Request request = new Request(what, "GET", place, headers, Optional.empty(), plan.maxAnswerBytes, false);
        CompletableFuture<Answered> asked = new Exchange(api, request, status -> true, may -> {}).begin();
        await(asked);
        Stages.whenDone(asked, (answered, failure) -> {
            if (failure != null) {
                askLater(place, null);
            } else {
                answered(place, answered);
            }
        });
    }

    private void await(CompletableFuture<?> stage) {
        underWay = stage;
        if (result.isDone()) {
            stage.cancel(true);
        }
    }

    private void answered(URI place, Answered answered) {
        HttpAnswer answer = answered.answer();
        int status = answer.status();
        if (status == 408 || status == 425 || status == 429 || status >= 500) {
            askLater(place, answered);
            return;
        }
        if (status < 200 || status >= 300) {
            result.completeExceptionally(new IOException(judge.message(what, answered)));
            return;
        }
        if (polling.needsContent() && answer.isCut()) {
            result.completeExceptionally(new IOException(
                    judge.message(what, answered) + ": the body is too long to be judged, or cannot be unpacked"));
            return;
        }
        HttpPolling.State state = polling.state(answer);
        FailureKind failure = state.failure();
        if (failure != null) {
            result.completeExceptionally(judge.failure(failure, status, judge.message(what, answered)));
        } else if (state.ended()) {
            result.complete(new Answered(answer.with(200), answered.credentials()));
        } else {
            askLater(place, answered);
        }
    }

    private void onThread(URI place) {
        try {
            api.executor.execute(() -> {
                if (!result.isDone()) {
                    ask(place);
                }
            });
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(new IOException(what + ": the destination was closed", e));
        }
    }
}
