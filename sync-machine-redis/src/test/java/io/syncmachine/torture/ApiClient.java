package io.syncmachine.torture;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.RejectedException;
import io.syncmachine.ThrottledException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import org.jspecify.annotations.Nullable;

/**
 * A careful client of the {@link Api}: it begins no call whose deadline has passed, reads no answer to its end that is too long, and takes
 * for a success only what says so in every respect. An answer that does not end is left to the engine, which interrupts the call.
 */
final class ApiClient {

    /** How long before the engine's deadline a call that is not answered is given up. */
    static final Duration MARGIN = Duration.ofMillis(100);

    private static final int LONGEST_ANSWER = 64 * 1024;
    private static final int OK = 200;
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int UNPROCESSABLE = 422;
    private static final int TOO_MANY = 429;
    private static final int UNAVAILABLE = 503;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final String base;
    private final String worker = Long.toString(ProcessHandle.current().pid());

    /** Of the API at this address. */
    ApiClient(String url) {
        this.base = url + "/orders/";
    }

    /** Puts the document, or deletes it. */
    void send(Publication<?, Long, ?> publication) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + publication.id()))
                .header(Api.VERSION, Long.toString(publication.version()))
                .header(Api.DEADLINE, Long.toString(publication.deadline().toEpochMilli()))
                .header(Api.WORKER, worker)
                .header("Idempotency-Key", publication.idempotencyKey());
        if (publication.kind() == PublicationKind.DELETE) {
            request.DELETE();
        } else {
            request.PUT(BodyPublishers.ofString(publication.json().orElseThrow()));
        }
        Duration left = publication.timeLeft().minus(MARGIN);
        if (left.isNegative() || left.isZero()) {
            throw new NotAcceptedException("not sent: it is too late");
        }
        HttpResponse<byte[]> answer;
        try {
            answer = client.send(request.timeout(left).build(), head -> new Limited());
        } catch (ConnectException e) {
            throw new NotAcceptedException("not sent: " + e.getMessage());
        }
        judge(answer, publication);
    }

    private static void judge(HttpResponse<byte[]> answer, Publication<?, Long, ?> publication) throws IOException {
        int status = answer.statusCode();
        if (status == OK) {
            requireEcho(answer.body(), publication);
        } else if (status == TOO_MANY) {
            throw new ThrottledException(
                    retryAfter(answer.headers().firstValue("Retry-After").orElse("1")));
        } else if (status == UNPROCESSABLE) {
            throw new RejectedException("answered " + status);
        } else if (status == UNAVAILABLE || status == CONFLICT) {
            throw new NotAcceptedException("answered " + status);
        } else if (status == NOT_FOUND && publication.kind() == PublicationKind.DELETE) {
            requireEcho(answer.body(), publication);
        } else {
            throw new IOException("answered " + status);
        }
    }

    private static void requireEcho(byte[] body, Publication<?, Long, ?> publication) throws IOException {
        JsonNode echo;
        try {
            echo = JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw new IOException("answered with something that is not JSON");
        }
        if (echo.path("id").asLong(-1) != publication.id()
                || echo.path("version").asLong(-1) != publication.version()) {
            throw new IOException("answered with something that is no answer to this call");
        }
    }

    private static Duration retryAfter(String text) {
        if (text.matches("\\d{1,5}")) {
            return Duration.ofSeconds(Long.parseLong(text));
        }
        Instant date = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text));
        Duration wait = Duration.between(Instant.now(), date);
        return wait.isNegative() ? Duration.ZERO : wait;
    }

    /** An answer that is not too long. */
    private static final class Limited implements BodySubscriber<byte[]> {

        private final CompletableFuture<byte[]> result = new CompletableFuture<>();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private @Nullable Subscription subscription;

        @Override
        public CompletionStage<byte[]> getBody() {
            return result;
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            this.subscription = subscription;
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer buffer : buffers) {
                byte[] more = new byte[buffer.remaining()];
                buffer.get(more);
                if (bytes.size() + more.length > LONGEST_ANSWER) {
                    if (subscription != null) {
                        subscription.cancel();
                    }
                    result.completeExceptionally(
                            new IOException("answered with more than " + LONGEST_ANSWER + " bytes"));
                    return;
                }
                bytes.writeBytes(more);
            }
        }

        @Override
        public void onError(Throwable failure) {
            result.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            result.complete(bytes.toByteArray());
        }
    }
}
