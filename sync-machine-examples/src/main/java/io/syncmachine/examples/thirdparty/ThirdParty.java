package io.syncmachine.examples.thirdparty;

import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.status;
import static com.github.tomakehurst.wiremock.core.WireMockConfiguration.options;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.stubbing.StubMapping;
import io.syncmachine.examples.support.CallRecorder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The third party, played by WireMock: it has records, takes what is pushed to its places, and is down when told. */
final class ThirdParty implements AutoCloseable {

    private static final int OK = 200;
    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final WireMockServer server = new WireMockServer(
            options().bindAddress("127.0.0.1").dynamicPort().jettyAcceptors(1).disableRequestJournal());
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
    private final CallRecorder fetches = new CallRecorder();
    private final Map<Long, FetchedItem> records = new TreeMap<>();
    private @Nullable StubMapping outage;

    ThirdParty() throws JsonProcessingException {
        server.start();
        server.stubFor(any(anyUrl()).willReturn(status(OK)));
        tell();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.port());
    }

    /** How it was asked for its records. */
    CallRecorder fetches() {
        return fetches;
    }

    /** Our call for its records. */
    List<FetchedItem> fetch() throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(uri().resolve("/items")).timeout(TIMEOUT).build();
        try (CallRecorder.Call call = fetches.begin("items")) {
            HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
            if (response.statusCode() != OK) {
                throw new IOException("GET /items was answered " + response.statusCode());
            }
            call.accepted(response.body());
            return JSON.readValue(response.body(), new TypeReference<>() {});
        }
    }

    /** Changes its records. */
    void put(List<FetchedItem> changed) throws JsonProcessingException {
        changed.forEach(item -> records.put(item.id(), item));
        tell();
    }

    void remove(List<Long> ids) throws JsonProcessingException {
        ids.forEach(records::remove);
        tell();
    }

    private void tell() throws JsonProcessingException {
        server.stubFor(get("/items").willReturn(okJson(JSON.writeValueAsString(records.values()))));
    }

    /** Its records by id. */
    Map<Long, FetchedItem> records() {
        return records;
    }

    /** Answers 503 to everything from now on. */
    void goDown() {
        outage = server.stubFor(any(anyUrl()).atPriority(1).willReturn(status(503)));
    }

    void comeBack() {
        if (outage != null) {
            server.removeStub(outage);
            outage = null;
        }
    }

    @Override
    public void close() {
        server.stop();
    }
}
