package io.syncmachine.http;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiConsumer;
import java.util.function.IntPredicate;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * One call of an API with all that belongs to it: credentials, one more try with a fresh token, packed bodies, redirects to the same
 * origin. Its {@link #result} may be cancelled, and completes on a thread that may do some work.
 */
final class Exchange {

    private static final int MOST_REDIRECTS = 3;
    private static final int WORTH_PACKING = 1024;

    final CompletableFuture<Answered> result = new CompletableFuture<>();
    private final Api api;
    private final Request request;
    private final IntPredicate mayRefresh;
    private final Watch watch;
    private volatile @Nullable CompletableFuture<?> underWay;
    private @Nullable HttpAnswer refusal;
    private boolean refreshed;

    /**
     * What is to be sent.
     *
     * @param what of method and path template, for people to read
     * @param packs whether to send a large body packed
     */
    record Request(
            String what,
            String method,
            URI uri,
            Map<String, String> headers,
            Optional<byte[]> body,
            int maxAnswerBytes,
            boolean packs) {

        @Override
        public String toString() {
            return what;
        }
    }

    /** Is told whether anything may have been applied. */
    interface Watch {
        void mayBeApplied(boolean may);
    }

    /** An answer, and what must not be told of it. */
    record Answered(HttpAnswer answer, Credentials credentials) {}

    /**
     * Makes one.
     *
     * @param mayRefresh at which of the statuses 401 and 403 a fresh token is tried
     */
    Exchange(Api api, Request request, IntPredicate mayRefresh, Watch watch) {
        this.api = api;
        this.request = request;
        this.mayRefresh = mayRefresh;
        this.watch = watch;
        Stages.whenDone(result, (answered, failure) -> abort());
    }

    CompletableFuture<Answered> begin() {
        api.follow(result, () -> new NotSentException("the destination is closed", null));
        authorize(null);
        return result;
    }

    private void abort() {
        CompletableFuture<?> current = underWay;
        if (current != null) {
            current.cancel(true);
        }
    }

    private <T> void await(CompletableFuture<T> stage, BiConsumer<T, @Nullable Throwable> next) {
        underWay = stage;
        if (result.isDone()) {
            stage.cancel(true);
        }
        Stages.whenDone(stage, next);
    }

    private void authorize(@Nullable String refused) {
        guard(() -> {
            try {
                await(api.authentication.credentials(refused), (credentials, failure) -> {
                    if (failure == null) {
                        authorized(credentials, refused);
                    } else {
                        fail(new NotSentException(request + ": " + text(failure), null));
                    }
                });
            } catch (IllegalStateException e) {
                fail(new NotSentException(request + ": " + text(e), null));
            }
        });
    }

    private static String text(Throwable failure) {
        return failure instanceof IllegalStateException
                ? String.valueOf(failure.getMessage())
                : "no credentials in time";
    }

    private void authorized(Credentials credentials, @Nullable String refused) {
        if (refused != null && refused.equals(credentials.token())) {
            complete(Objects.requireNonNull(refusal), credentials); // the same once more would be refused once more
        } else {
            guard(() -> send(request.method(), request.uri(), credentials, 0));
        }
    }

    private void send(String method, URI uri, Credentials credentials, int redirects) throws IOException {
        if (result.isDone()) {
            return;
        }
        Map<String, String> headers = new LinkedHashMap<>(request.headers());
        credentials.headers().forEach((name, value) -> {
            headers.keySet().removeIf(name::equalsIgnoreCase);
            headers.put(name, value);
        });
        headers.put("Accept-Encoding", "gzip");
        byte[] body = request.body().orElse(null);
        if (body != null && request.packs() && body.length >= WORTH_PACKING) {
            headers.put("Content-Encoding", "gzip");
            body = packed(body);
        }
        HttpCall call = new HttpCall(method, uri, headers, body, request.maxAnswerBytes());
        watch.mayBeApplied(true);
        await(
                api.transport.exchange(call),
                (answer, failure) -> onThread(() -> {
                    if (failure != null) {
                        watch.mayBeApplied(!(failure instanceof NotSentException));
                        fail(described(failure));
                    } else {
                        answered(unpacked(answer), method, uri, credentials, redirects);
                    }
                }));
    }

    private void answered(HttpAnswer answer, String method, URI uri, Credentials credentials, int redirects)
            throws IOException {
        int status = answer.status();
        URI target = redirects < MOST_REDIRECTS ? redirect(answer, method, uri) : null;
        if (target != null) {
            send(method, target, credentials, redirects + 1);
        } else if ((status == 401 || status == 403)
                && credentials.token() != null
                && !refreshed
                && mayRefresh.test(status)) {
            watch.mayBeApplied(false);
            refreshed = true;
            refusal = answer;
            authorize(credentials.token());
        } else {
            complete(answer, credentials);
        }
    }

    private void complete(HttpAnswer answer, Credentials credentials) {
        underWay = null;
        result.complete(new Answered(answer, credentials));
    }

    /** Where to repeat the call, method and body unchanged; null for nowhere. Another host must not see what is sent, nor who sends it. */
    private static @Nullable URI redirect(HttpAnswer answer, String method, URI uri) {
        boolean moved = answer.status() == 301 || answer.status() == 302 || answer.status() == 303;
        boolean same = answer.status() == 307 || answer.status() == 308;
        String location = answer.header("location").orElse(null);
        if (location == null || !(same || (moved && method.equals("GET")))) {
            return null;
        }
        return Origin.resolve(uri, location);
    }

    private static byte[] packed(byte[] body) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream(body.length / 2);
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(body);
        }
        return packed.toByteArray();
    }

    /** Unpacks no more than may be read. What cannot be unpacked counts as cut: its status is known, its content is not. */
    private HttpAnswer unpacked(HttpAnswer answer) {
        String coding = answer.header("content-encoding").orElse("identity").strip();
        if (coding.equalsIgnoreCase("identity") || answer.bytes().length == 0) {
            return answer;
        }
        if (!coding.equalsIgnoreCase("gzip") && !coding.equalsIgnoreCase("x-gzip")) {
            return answer.with(new byte[0], true);
        }
        try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(answer.bytes()))) {
            byte[] body = gzip.readNBytes(request.maxAnswerBytes());
            return answer.with(body, answer.isCut() || gzip.read() >= 0);
        } catch (IOException e) {
            return answer.with(new byte[0], true);
        }
    }

    private IOException described(Throwable failure) {
        String name = failure.getClass().getSimpleName();
        return failure instanceof NotSentException
                ? new NotSentException(request + ": nothing was sent: " + failure.getMessage(), failure)
                : new IOException(request + ": " + name, failure);
    }

    private void fail(Throwable failure) {
        underWay = null;
        result.completeExceptionally(failure);
    }

    private interface Action {
        void run() throws Exception;
    }

    private void guard(Action action) {
        try {
            action.run();
        } catch (Exception e) {
            fail(e);
        }
    }

    private void onThread(Action action) {
        try {
            api.executor.execute(() -> guard(action));
        } catch (RejectedExecutionException e) {
            fail(new IOException(request + ": the destination was closed", e));
        }
    }
}
