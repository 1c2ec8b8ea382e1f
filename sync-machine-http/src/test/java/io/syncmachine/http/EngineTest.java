package io.syncmachine.http;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.put;
import static com.github.tomakehurst.wiremock.client.WireMock.status;
import static com.github.tomakehurst.wiremock.core.WireMockConfiguration.options;
import static com.github.tomakehurst.wiremock.stubbing.Scenario.STARTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.http.Fault;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import io.syncmachine.Backoff;
import io.syncmachine.Policy;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.memory.InMemoryStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A machine, an engine and an API, over real HTTP. */
class EngineTest {

    private static final Policy POLICY = Policy.defaults()
            .deadline(Duration.ofSeconds(1))
            .retry(Backoff.exponential(Duration.ofMillis(50), Duration.ofMillis(50)));

    private static final WireMockServer api = new WireMockServer(options().dynamicPort());

    record Order(long id, String status) {}

    record OrderDocument(long id, String status) {}

    private final InMemoryEntities entities = InMemoryEntities.create().type(Order.class, Long.class, Order::id);
    private final List<Outcome> outcomes = new CopyOnWriteArrayList<>();
    private final List<AutoCloseable> closing = new ArrayList<>();

    @BeforeAll
    static void startApi() {
        api.start();
    }

    @AfterAll
    static void stopApi() {
        api.stop();
    }

    @BeforeEach
    void reset() {
        api.resetAll();
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : closing) {
            one.close();
        }
    }

    private SyncEngine start(HttpDestination.Builder builder) {
        HttpDestination destination = builder.build();
        SyncMachine<Order, Long> machine = SyncMachine.define("order-to-api", Order.class, Long.class)
                .listenTo(Order.class)
                .build(OrderDocument.class, order -> new OrderDocument(order.id(), order.status()))
                .publish(destination)
                .policy(POLICY.inFlight(64))
                .done();
        SyncEngine engine = SyncEngine.builder()
                .machines(machine)
                .entities(entities)
                .store(InMemoryStore.create())
                .grace(Duration.ofMillis(100))
                .lease(Duration.ofSeconds(10))
                .observer(outcomes::addAll)
                .start();
        closing.addAll(List.of(engine, destination));
        return engine;
    }

    private static HttpDestination.Builder to() {
        return HttpDestination.to(api.baseUrl());
    }

    private static HttpDestination.Builder posting() {
        return to().post("/orders")
                .put("/orders/{remoteId}")
                .delete("/orders/{remoteId}")
                .remoteIdAt("/id")
                .lookup("/orders?key={id}", "/items/0/id");
    }

    private void save(String status) {
        entities.save(new Order(7, status));
    }

    private void awaitOutcomes(Result... results) {
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () -> assertThat(outcomes).extracting(Outcome::result).containsExactly(results));
    }

    private static List<String> calls() {
        return api.getAllServeEvents().stream()
                .sorted(java.util.Comparator.comparing(
                        event -> event.getRequest().getLoggedDate()))
                .map(event -> event.getRequest().getMethod() + " "
                        + event.getRequest().getUrl())
                .toList();
    }

    @Test
    void createsUpdatesAndDeletes() {
        api.stubFor(any(anyUrl()).willReturn(status(200)));
        start(to().put("/orders/{id}").delete("/orders/{id}"));

        save("open");
        awaitOutcomes(Result.PUBLISHED);
        save("paid");
        awaitOutcomes(Result.PUBLISHED, Result.PUBLISHED);
        entities.delete(Order.class, 7L);
        awaitOutcomes(Result.PUBLISHED, Result.PUBLISHED, Result.DELETED);

        assertThat(calls()).containsExactly("PUT /orders/7", "PUT /orders/7", "DELETE /orders/7");
        assertThat(api.findAll(anyRequestedFor(anyUrl())))
                .extracting(LoggedRequest::getBodyAsString)
                .contains("{\"id\":7,\"status\":\"open\"}", "{\"id\":7,\"status\":\"paid\"}");
    }

    @Test
    void adoptsWhatIsThereAlready() {
        api.stubFor(post("/orders").willReturn(status(409)));
        api.stubFor(get("/orders?key=7").willReturn(okJson("{\"items\":[{\"id\":\"r-1\"}]}")));
        api.stubFor(put("/orders/r-1").willReturn(status(200)));
        start(posting().adoptOnConflict());

        save("open");
        awaitOutcomes(Result.PUBLISHED);
        save("paid");
        awaitOutcomes(Result.PUBLISHED, Result.PUBLISHED);

        assertThat(calls()).containsExactly("POST /orders", "GET /orders?key=7", "PUT /orders/r-1", "PUT /orders/r-1");
    }

    @Test
    void looksUpWhatMayBeThereAfterALostAnswer() {
        api.stubFor(post("/orders").willReturn(aResponse().withFault(Fault.EMPTY_RESPONSE)));
        api.stubFor(get("/orders?key=7").willReturn(okJson("{\"items\":[{\"id\":\"r-1\"}]}")));
        api.stubFor(put("/orders/r-1").willReturn(status(200)));
        start(posting());

        save("open");
        awaitOutcomes(Result.RETRYING, Result.PUBLISHED);

        assertThat(calls()).containsExactly("POST /orders", "GET /orders?key=7", "PUT /orders/r-1");
    }

    @Test
    void refreshesItsToken() {
        AtomicInteger asked = new AtomicInteger();
        api.stubFor(any(anyUrl()).willReturn(status(401)));
        api.stubFor(any(anyUrl())
                .withHeader("Authorization", equalTo("Bearer token-2"))
                .willReturn(status(200)));
        start(to().put("/orders/{id}").bearer(() -> "token-" + asked.incrementAndGet()));

        save("open");
        awaitOutcomes(Result.PUBLISHED);

        assertThat(calls()).hasSize(2);
    }

    @Test
    void waitsWhenItIsThrottled() {
        api.stubFor(any(anyUrl())
                .inScenario("limit")
                .whenScenarioStateIs(STARTED)
                .willReturn(status(429).withHeader("Retry-After", "1"))
                .willSetStateTo("open"));
        api.stubFor(
                any(anyUrl()).inScenario("limit").whenScenarioStateIs("open").willReturn(status(200)));
        start(to().put("/orders/{id}"));
        long start = System.nanoTime();

        save("open");
        await().atMost(Duration.ofSeconds(30))
                .until(() -> outcomes.stream().anyMatch(outcome -> outcome.result() == Result.PUBLISHED));

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
        assertThat(outcomes).extracting(Outcome::result).doesNotContain(Result.RETRYING);
        assertThat(calls()).hasSize(2);
    }

    @Test
    void parksWhatIsRefusedAndSaysWhy() {
        api.stubFor(any(anyUrl())
                .willReturn(status(422)
                        .withHeader("Content-Type", "application/problem+json")
                        .withBody("{\"title\":\"Unknown status\"}")));
        SyncEngine engine = start(to().put("/orders/{id}"));

        save("odd");
        await().until(() -> engine.backlog().parked() == 1);

        assertThat(engine.deadLetters().page(10).get(0).failure())
                .contains("RejectedException: PUT /orders/{id}: 422 Unknown status");
    }

    /** Platform threads; virtual ones are not told. */
    @Test
    void noThreadWaitsForAnAnswer() {
        api.stubFor(any(anyUrl()).willReturn(status(200).withFixedDelay(200)));
        start(to().put("/orders/{id}"));

        entities.transaction(changes -> {
            for (long id = 1; id <= 20; id++) {
                changes.save(new Order(id, "open"));
            }
        });
        await().atMost(Duration.ofSeconds(30)).until(() -> outcomes.size() == 20);

        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .filteredOn(name -> name.matches(".*-order-to-api-\\d+"))
                .hasSizeLessThanOrEqualTo(Math.max(2, Runtime.getRuntime().availableProcessors()));
    }

    @Test
    void sendsInBatchesAndFindsWhatIsAtFault() {
        api.stubFor(post("/bulk").willReturn(status(200)));
        api.stubFor(post("/bulk")
                .withRequestBody(com.github.tomakehurst.wiremock.client.WireMock.containing("\"odd\""))
                .atPriority(1)
                .willReturn(status(422)));
        api.stubFor(put(anyUrl()).willReturn(status(200)));
        api.stubFor(put("/orders/3").atPriority(1).willReturn(status(422)));
        SyncEngine engine = start(to().put("/orders/{id}").batch(HttpBatch.post("/bulk", 8)));

        entities.transaction(changes -> {
            for (long id = 1; id <= 8; id++) {
                changes.save(new Order(id, id == 3 ? "odd" : "open"));
            }
        });
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(outcomes.stream().filter(outcome -> outcome.result() == Result.PUBLISHED))
                    .hasSize(7);
            assertThat(engine.backlog().parked()).isEqualTo(1);
        });

        assertThat(calls()).contains("PUT /orders/3");
    }
}
