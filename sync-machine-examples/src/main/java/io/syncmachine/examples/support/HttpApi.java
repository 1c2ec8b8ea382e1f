package io.syncmachine.examples.support;

import io.syncmachine.Publication;
import io.syncmachine.RejectedException;
import io.syncmachine.ThrottledException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A client of the examples' API on the JDK's HTTP client. Safe for use by several threads. */
public final class HttpApi {

    /** How long one call may take, a little less than the deadline of the examples' machines. */
    public static final Duration CALL_TIMEOUT = Duration.ofMillis(1_800);

    static final String IDEMPOTENCY_KEY = "Idempotency-Key";
    static final String VERSION = "Publication-Version";

    private static final Set<Integer> THROTTLED = Set.of(429, 503);
    private static final Set<Integer> GONE = Set.of(404, 410);
    private static final Set<Integer> UNCLEAR = Set.of(408, 425);
    private static final Duration DEFAULT_RETRY_AFTER = Duration.ofSeconds(1);

    static {
        // Servers close idle connections; this client must be the first to give one up.
        if (System.getProperty("jdk.httpclient.keepalive.timeout") == null) {
            System.setProperty("jdk.httpclient.keepalive.timeout", "3");
        }
    }

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CALL_TIMEOUT)
            .build();
    private final String base;
    private final Duration timeout;

    /** What a server answered. */
    record Answer(int status, @Nullable String retryAfter) {

        boolean isSuccess() {
            return status / 100 == 2;
        }

        boolean isGone() {
            return GONE.contains(status);
        }
    }

    /** Of the server at this address. */
    public HttpApi(URI uri) {
        this(uri, CALL_TIMEOUT);
    }

    HttpApi(URI uri, Duration timeout) {
        this.base = uri.toString().replaceAll("/+$", "");
        this.timeout = timeout;
    }

    /** Puts the publication's document at the path. */
    public void put(String path, Publication<?, ?, ?> publication) throws IOException, InterruptedException {
        String document = publication.json().orElseThrow();
        Answer answer = call("PUT", path, document, publication.idempotencyKey(), Long.toString(publication.version()));
        if (!answer.isSuccess()) {
            fail("PUT " + path, answer);
        }
    }

    /** Deletes what is at the path; nothing being there is as good. */
    public void delete(String path, Publication<?, ?, ?> publication) throws IOException, InterruptedException {
        Answer answer = call("DELETE", path, null, publication.idempotencyKey(), Long.toString(publication.version()));
        if (!answer.isSuccess() && !answer.isGone()) {
            fail("DELETE " + path, answer);
        }
    }

    /** One call, with a body if there is a document. */
    Answer call(
            String method,
            String path,
            @Nullable String document,
            @Nullable String idempotencyKey,
            @Nullable String version)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(base + path)).timeout(timeout);
        if (idempotencyKey != null) {
            request.header(IDEMPOTENCY_KEY, idempotencyKey);
        }
        if (version != null) {
            request.header(VERSION, version);
        }
        if (document == null) {
            request.method(method, BodyPublishers.noBody());
        } else {
            request.header("Content-Type", "application/json").method(method, BodyPublishers.ofString(document));
        }
        HttpResponse<Void> response = client.send(request.build(), BodyHandlers.discarding());
        return new Answer(
                response.statusCode(),
                response.headers().firstValue("Retry-After").orElse(null));
    }

    /** Refused for good, asked to come back later, or (anything else) unclear whether it took effect. */
    private static void fail(String what, Answer answer) throws IOException {
        int status = answer.status();
        String message = what + " was answered " + status;
        if (THROTTLED.contains(status)) {
            throw new ThrottledException(retryAfter(answer));
        }
        if (status / 100 == 4 && !UNCLEAR.contains(status)) {
            throw new RejectedException(message);
        }
        throw new IOException(message);
    }

    private static Duration retryAfter(Answer answer) {
        String text = answer.retryAfter();
        return text != null && text.matches("\\d{1,5}")
                ? Duration.ofSeconds(Long.parseLong(text))
                : DEFAULT_RETRY_AFTER;
    }
}
