package io.syncmachine.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.HashMap;
import java.util.Map;

/** The stub, from afar. */
final class Stub {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final URI address;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    Stub(int port) {
        address = URI.create("http://127.0.0.1:" + port);
    }

    URI address() {
        return address;
    }

    StubLedger.Counts counts() {
        return read(ask("counts"), StubLedger.Counts.class);
    }

    /** The documents by order. */
    Map<Long, OrderDocument> documents() {
        Map<Long, OrderDocument> documents = new HashMap<>();
        ask("documents").lines().forEach(line -> {
            OrderDocument document = read(line, OrderDocument.class);
            documents.put(document.id(), document);
        });
        return documents;
    }

    /** Begins to count anew, and to answer after a delay. */
    void reset(int delayMillis) {
        ask("reset?delay=" + delayMillis);
    }

    /** Forgets all documents. */
    void clear() {
        ask("clear");
    }

    private String ask(String what) {
        try {
            return client.send(
                            HttpRequest.newBuilder(address.resolve("/_/" + what))
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static <T> T read(String json, Class<T> type) {
        try {
            return JSON.readValue(json, type);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
