package io.syncmachine.docs;

import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.put;
import static com.github.tomakehurst.wiremock.client.WireMock.putRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlEqualTo;
import static com.github.tomakehurst.wiremock.core.WireMockConfiguration.options;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.tomakehurst.wiremock.WireMockServer;
import io.syncmachine.FailureKind;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.http.HttpAnswer;
import io.syncmachine.http.HttpBatch;
import io.syncmachine.http.HttpCall;
import io.syncmachine.http.HttpDestination;
import io.syncmachine.http.HttpPolling;
import io.syncmachine.http.HttpTransport;
import io.syncmachine.http.NotSentException;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import java.io.IOException;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The snippets of docs/http.md. */
class HttpGuideTest {

    record Order(Long id, String status) {}

    record OrderDocument(Long id, String status) {}

    /** What an application keeps its secrets in. */
    interface Vault {
        String read(String name);

        String newToken();
    }

    private static final WireMockServer server = new WireMockServer(options().dynamicPort());
    private static final Vault vault = new Vault() {
        @Override
        public String read(String name) {
            return name;
        }

        @Override
        public String newToken() {
            return "token";
        }
    };

    @BeforeAll
    static void start() {
        server.start();
    }

    @AfterAll
    static void stop() {
        server.stop();
    }

    @BeforeEach
    void reset() {
        server.resetAll();
    }

    private static HttpDestination simple() {
        return HttpDestination.to("https://api.example.com")
                .put("/orders/{id}")
                .delete("/orders/{id}")
                .build();
    }

    private static SyncMachine<Order, Long> machine(HttpDestination api) {
        return SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class, "status")
                .build(OrderDocument.class, order -> new OrderDocument(order.id(), order.status()))
                .publish(api)
                .done();
    }

    private static HttpDestination erp() {
        return HttpDestination.to("https://erp.example.com/api/v2")
                .post("/orders")
                .patchDifference("/orders/{remoteId}")
                .delete("/orders/{remoteId}")
                .remoteIdAt("/data/id")
                .lookup("/orders?externalId={id}", "/items/0/id")
                .adoptOnConflict()
                .bearer(() -> vault.newToken())
                .header("X-Client", "shop")
                .versionHeader("X-Version")
                .successWhen("/success", "true", FailureKind.rejected())
                .failureMessageAt("/error/text")
                .onStatus(423, FailureKind.notAccepted())
                .gzip()
                .build();
    }

    private static HttpDestination customers(HttpDestination api) {
        return api.sibling().put("/customers/{id}").delete("/customers/{id}").build();
    }

    private static HttpDestination batches() {
        return HttpDestination.to("https://api.example.com")
                .put("/orders/{id}")
                .batch(HttpBatch.post("/orders/bulk", 100).resultsAt("/results").statusAt("/status"))
                .build();
    }

    private static HttpDestination deleteBatches() {
        return HttpDestination.to("https://erp.example.com")
                .put("/orders/{id}")
                .delete("/orders/{id}")
                .batch(HttpBatch.post("/orders/bulk", 100).resultsAt("").statusAt("/code"))
                .deleteBatch(HttpBatch.of("DELETE", "/orders/bulk", 100)
                        .resultsAt("")
                        .statusAt("/code"))
                .build();
    }

    private static HttpDestination polling() {
        return HttpDestination.to("https://erp.example.com")
                .post("/orders")
                .put("/orders/{remoteId}")
                .remoteIdAt("/data/id")
                .polling(HttpPolling.location()
                        .every(Duration.ofMillis(500))
                        .longest(Duration.ofSeconds(20))
                        .doneWhen("/status", "succeeded")
                        .failedWhen("/status", "failed")
                        .failedWhen("/status", "locked", FailureKind.notAccepted())
                        .remoteIdAt("/result/id"))
                .build();
    }

    private static HttpDestination certificates() {
        return HttpDestination.to("https://bank.example.com")
                .clientCertificate(
                        Path.of("client.p12"), () -> vault.read("client.p12").toCharArray())
                .proxy("proxy.example.com", 3128, "shop", () -> vault.read("proxy"))
                .put("/payments/{id}")
                .build();
    }

    @Test
    void everyExampleCanBeBuilt() {
        for (HttpDestination destination :
                List.of(simple(), erp(), batches(), deleteBatches(), polling(), customers(simple()))) {
            assertThat(destination.toString()).doesNotContain("token");
            destination.close();
        }
        assertThat(org.assertj.core.api.Assertions.catchThrowable(HttpGuideTest::certificates))
                .hasMessage("clientCertificate client.p12 cannot be read");
    }

    @Test
    void aMachinePublishesByATransportOfItsOwn() throws Exception {
        server.stubFor(put("/orders/7").willReturn(okJson("{}")));
        InMemoryEntities entities = InMemoryEntities.create().type(Order.class, Long.class, Order::id);
        try (HttpDestination api = HttpDestination.to(server.baseUrl())
                        .put("/orders/{id}")
                        .transport(settings -> new OldTransport(settings))
                        .build();
                SyncEngine engine = SyncEngine.builder()
                        .machines(machine(api))
                        .entities(entities)
                        .store(InMemoryStore.create())
                        .start()) {
            entities.save(new Order(7L, "paid"));
            await().until(() ->
                    server.findAll(putRequestedFor(urlEqualTo("/orders/7"))).size() == 1);
            await().until(() -> engine.backlog().isEmpty());
        }
    }

    /** As small as can be: {@code HttpURLConnection}, for methods that it knows. */
    static final class OldTransport implements HttpTransport {

        private final Settings settings;
        private final ExecutorService executor = Executors.newCachedThreadPool();
        private final Map<HttpURLConnection, Boolean> open = new ConcurrentHashMap<>();

        OldTransport(Settings settings) {
            if (settings.refusesPrivateAddresses()
                    || settings.proxy().isPresent()
                    || settings.sslContext().isPresent()) {
                throw new IllegalStateException(
                        "HttpURLConnection is used without proxy, certificates and address checks");
            }
            this.settings = settings;
        }

        @Override
        public CompletableFuture<HttpAnswer> exchange(HttpCall call) {
            CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
            executor.execute(() -> {
                try {
                    HttpURLConnection connection =
                            (HttpURLConnection) call.uri().toURL().openConnection();
                    open.put(connection, true);
                    CompletableFuture<HttpAnswer> unused = answer.whenComplete((value, failure) -> {
                        open.remove(connection);
                        connection.disconnect();
                    });
                    answer.complete(exchange(call, connection));
                } catch (ConnectException e) {
                    answer.completeExceptionally(new NotSentException("no connection", e));
                } catch (IOException | RuntimeException e) {
                    answer.completeExceptionally(e);
                }
            });
            return answer;
        }

        private HttpAnswer exchange(HttpCall call, HttpURLConnection connection) throws IOException {
            connection.setConnectTimeout((int) settings.connectTimeout().toMillis());
            connection.setInstanceFollowRedirects(false);
            connection.setRequestMethod(call.method());
            call.headers().forEach(connection::setRequestProperty);
            if (call.body().isPresent()) {
                connection.setDoOutput(true);
                connection.getOutputStream().write(call.body().get());
            }
            int status = connection.getResponseCode();
            Map<String, List<String>> headers = connection.getHeaderFields().entrySet().stream()
                    .filter(entry -> entry.getKey() != null)
                    .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
            try (var body = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
                byte[] read = body == null ? new byte[0] : body.readNBytes(call.maxAnswerBytes());
                return HttpAnswer.of(status, headers, read, body != null && body.read() >= 0);
            }
        }

        @Override
        public void close() {
            executor.shutdownNow();
            open.keySet().forEach(HttpURLConnection::disconnect);
        }
    }
}
