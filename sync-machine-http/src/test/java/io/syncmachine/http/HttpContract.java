package io.syncmachine.http;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.deleteRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.equalToJson;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.getRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.patchRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.put;
import static com.github.tomakehurst.wiremock.client.WireMock.putRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.status;
import static com.github.tomakehurst.wiremock.client.WireMock.urlEqualTo;
import static com.github.tomakehurst.wiremock.core.WireMockConfiguration.options;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.client.MappingBuilder;
import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.http.Fault;
import com.github.tomakehurst.wiremock.matching.RequestPatternBuilder;
import com.github.tomakehurst.wiremock.stubbing.Scenario;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import io.syncmachine.BatchRefusedException;
import io.syncmachine.FailureKind;
import io.syncmachine.NotAcceptedException;
import io.syncmachine.Publication;
import io.syncmachine.PublicationKind;
import io.syncmachine.PublishResult;
import io.syncmachine.RejectedException;
import io.syncmachine.SnoozeException;
import io.syncmachine.ThrottledException;
import io.syncmachine.UnauthorizedException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a destination promises, by whatever transport. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class HttpContract {

    private static final String PAID = "{\"id\":7,\"status\":\"paid\"}";
    private static final String OPEN = "{\"id\":7,\"note\":\"x\",\"status\":\"open\"}";
    private static final Duration SHORT = Duration.ofMillis(400);
    private static final Duration MUCH_LESS = Duration.ofSeconds(4);

    private final WireMockServer api = new WireMockServer(options().dynamicPort());
    private final List<AutoCloseable> closing = new ArrayList<>();

    /** The transport to be tested. */
    protected abstract HttpTransport.Factory transport();

    @BeforeAll
    void start() {
        api.start();
    }

    @AfterAll
    void stop() {
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
        closing.clear();
    }

    private HttpDestination.Builder to(String url) {
        return HttpDestination.to(url).transport(transport());
    }

    private HttpDestination.Builder api() {
        return to(api.baseUrl());
    }

    /** PUT and DELETE by our id. */
    private HttpDestination.Builder simple() {
        return simple(api.baseUrl());
    }

    private HttpDestination.Builder simple(String url) {
        return to(url).put("/orders/{id}").delete("/orders/{id}");
    }

    /** POST, and later PUT and DELETE by the API's id. */
    private HttpDestination.Builder posting() {
        return api().post("/orders")
                .put("/orders/{remoteId}")
                .delete("/orders/{remoteId}")
                .remoteIdAt("/id");
    }

    private <T extends AutoCloseable> T closed(T what) {
        closing.add(what);
        return what;
    }

    private CompletableFuture<PublishResult> send(HttpDestination.Builder builder, Publication<?, ?, ?> publication) {
        return send(closed(builder.build()), publication);
    }

    private static CompletableFuture<PublishResult> send(
            HttpDestination destination, Publication<?, ?, ?> publication) {
        return destination.send(publication).toCompletableFuture();
    }

    private static <T> T answer(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(10, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError("failed", e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    private PublishResult result(HttpDestination.Builder builder, Publication<?, ?, ?> publication) {
        return answer(send(builder, publication));
    }

    private static Throwable failure(CompletionStage<?> stage) {
        Throwable thrown = catchThrowable(() -> stage.toCompletableFuture().get(10, TimeUnit.SECONDS));
        assertThat(thrown).isInstanceOf(ExecutionException.class);
        return Objects.requireNonNull(thrown.getCause());
    }

    private Throwable failure(HttpDestination.Builder builder, Publication<?, ?, ?> publication) {
        return failure(send(builder, publication));
    }

    private static void assertInDoubt(Throwable failure) {
        assertThat(failure).isInstanceOf(IOException.class).isNotInstanceOf(NotSentException.class);
    }

    private static TestPublication create() {
        return TestPublication.create(7L, PAID);
    }

    private static TestPublication update() {
        return TestPublication.update(7L, PAID);
    }

    private static TestPublication delete7() {
        return TestPublication.delete(7L);
    }

    private void stub(MappingBuilder request, ResponseDefinitionBuilder response) {
        api.stubFor(request.willReturn(response));
    }

    private void everything(ResponseDefinitionBuilder response) {
        stub(any(anyUrl()), response);
    }

    private List<LoggedRequest> calls(RequestPatternBuilder pattern) {
        return api.findAll(pattern);
    }

    private List<LoggedRequest> calls() {
        return calls(anyRequestedFor(anyUrl()));
    }

    private LoggedRequest onlyCall() {
        assertThat(calls()).hasSize(1);
        return calls().get(0);
    }

    private static String inSeconds(long seconds) {
        return DateTimeFormatter.RFC_1123_DATE_TIME.format(
                ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(seconds));
    }

    @Nested
    class LifeCycle {

        @Test
        void aCreateIsPut() {
            everything(status(201));

            assertThat(result(simple(), create())).isEqualTo(PublishResult.done());

            LoggedRequest call = onlyCall();
            assertThat(call.getMethod().value()).isEqualTo("PUT");
            assertThat(call.getUrl()).isEqualTo("/orders/7");
            assertThat(call.getBodyAsString()).isEqualTo(PAID);
            assertThat(call.header("Content-Type").firstValue()).isEqualTo("application/json");
        }

        @Test
        void anUpdateIsPut() {
            everything(status(204));

            assertThat(result(simple(), update())).isEqualTo(PublishResult.done());

            assertThat(calls(putRequestedFor(urlEqualTo("/orders/7")))).hasSize(1);
        }

        @Test
        void aDeleteHasNoBody() {
            everything(status(204));

            assertThat(result(simple(), delete7())).isEqualTo(PublishResult.done());

            assertThat(calls(deleteRequestedFor(urlEqualTo("/orders/7")))).hasSize(1);
            assertThat(onlyCall().getBody()).isEmpty();
        }

        @Test
        void theApisIdIsReadFromTheBody() {
            stub(post("/orders"), okJson("{\"id\":\"a/1\"}").withStatus(201));

            assertThat(result(posting(), create())).isEqualTo(PublishResult.withRemoteId("a/1"));
        }

        @Test
        void theApisIdMayBeANumber() {
            stub(post("/orders"), okJson("{\"id\":12345678901234567890}").withStatus(201));

            assertThat(result(posting(), create()).remoteId()).isEqualTo("12345678901234567890");
        }

        @Test
        void theApisIdIsReadFromAHeader() {
            everything(status(201).withHeader("X-Order", "r-1"));

            HttpDestination.Builder builder =
                    api().post("/orders").put("/orders/{remoteId}").remoteIdFromHeader("x-order");

            assertThat(result(builder, create())).isEqualTo(PublishResult.withRemoteId("r-1"));
        }

        @Test
        void theApisIdIsReadFromTheLocation() {
            everything(status(201).withHeader("Location", "https://elsewhere.example/v1/orders/a%2F1/?x=y"));

            HttpDestination.Builder builder =
                    api().post("/orders").put("/orders/{remoteId}").remoteIdFromLocation();

            assertThat(result(builder, create())).isEqualTo(PublishResult.withRemoteId("a/1"));
        }

        @Test
        void laterCallsGoToTheApisId() {
            everything(status(200));
            HttpDestination destination = closed(posting().build());

            answer(send(destination, update().known("a/1")));
            answer(send(destination, delete7().known("a/1")));

            assertThat(calls(putRequestedFor(urlEqualTo("/orders/a%2F1")))).hasSize(1);
            assertThat(calls(deleteRequestedFor(urlEqualTo("/orders/a%2F1")))).hasSize(1);
        }

        @Test
        void aCreateWithoutTheApisIdIsInDoubt() {
            everything(okJson("{\"other\":1}"));

            Throwable failure = failure(posting(), create());

            assertInDoubt(failure);
            assertThat(failure).hasMessageContaining("POST /orders: 200: no remote id by '/id'");
        }

        @Test
        void aCreateWithoutTheApisIdIsLookedUp() {
            stub(post("/orders"), status(201));
            stub(get("/orders?key=7"), okJson("{\"id\":\"r-1\"}"));

            assertThat(result(posting().lookup("/orders?key={id}"), create()))
                    .isEqualTo(PublishResult.withRemoteId("r-1"));
        }

        /** It was applied: whatever follows, a second create must not be made as if it had not been. */
        @ParameterizedTest
        @ValueSource(ints = {200, 400, 401, 404, 429, 500})
        void aCreateWhoseIdIsNotFoundIsInDoubt(int status) {
            stub(post("/orders"), status(201));
            stub(get("/orders?key=7"), status(status).withHeader("Retry-After", "5"));

            assertInDoubt(failure(posting().lookup("/orders?key={id}"), create()));
        }

        @Test
        void aCreateWhoseIdCannotBeAskedForIsInDoubt() {
            stub(post("/orders"), status(201));
            stub(get("/orders?key=7"), aResponse().withFault(Fault.CONNECTION_RESET_BY_PEER));

            assertInDoubt(failure(posting().lookup("/orders?key={id}"), create()));
        }

        @Test
        void anUpdateMayBePatchedWhole() {
            everything(status(200));

            result(api().put("/orders/{id}").patch("/orders/{id}"), update().after(OPEN));

            assertThat(calls(patchRequestedFor(urlEqualTo("/orders/7")))).hasSize(1);
            assertThat(onlyCall().getBodyAsString()).isEqualTo(PAID);
        }

        @Test
        void anUpdateMayBeTheDifference() {
            everything(status(200));

            result(api().put("/orders/{id}").patchDifference("/orders/{id}"), update().after(OPEN));

            LoggedRequest call = onlyCall();
            assertThat(call.getBodyAsString()).isEqualTo("{\"status\":\"paid\",\"note\":null}");
            assertThat(call.header("Content-Type").firstValue()).isEqualTo("application/merge-patch+json");
        }

        @Test
        void theDifferenceIsTheWholeAfterDoubt() {
            everything(status(200));

            result(
                    api().put("/orders/{id}").patchDifference("/orders/{id}"),
                    update().after(OPEN).inDoubt());

            assertThat(onlyCall().getBodyAsString()).isEqualTo("{\"id\":7,\"status\":\"paid\",\"note\":null}");
        }

        @Test
        void theDifferenceToNothingIsTheWhole() {
            everything(status(200));

            result(api().put("/orders/{id}").patchDifference("/orders/{id}"), update());

            assertThat(onlyCall().getBodyAsString()).isEqualTo(PAID);
        }

        @Test
        void pathsMayHavePartsOfTheDocumentAndTheTenant() {
            everything(status(200));
            HttpDestination destination = closed(api().put("/{tenant}/{/status}/{id}?s={/status}")
                    .delete("/{tenant}/{/status}/{id}")
                    .build());

            answer(send(destination, TestPublication.create("ü/1 ?&", "{\"status\":\"p&d\"}")));
            answer(send(destination, TestPublication.delete("7").after(OPEN)));

            assertThat(calls().stream().map(LoggedRequest::getUrl))
                    .containsExactlyInAnyOrder("/acme/p%26d/%C3%BC%2F1%20%3F%26?s=p%26d", "/acme/open/7");
        }

        @ParameterizedTest
        @ValueSource(strings = {"", ".", ".."})
        void aValueThatWouldMakeAnotherPathIsRefused(String id) {
            assertThat(failure(simple(), TestPublication.delete(id))).isInstanceOf(RejectedException.class);
            assertThat(calls()).isEmpty();
        }

        @Test
        void aMissingValueIsRefused() {
            Throwable failure = failure(api().put("/{/customer/id}/{id}"), create());

            assertThat(failure)
                    .isInstanceOf(RejectedException.class)
                    .hasMessage("path /{/customer/id}/{id}: {/customer/id} is not known");
        }

        @Test
        void theBodyMayBeMadeByAFunction() {
            everything(status(200));

            result(
                    simple().contentType("application/xml")
                            .body(publication -> "<order id='" + publication.id() + "' name='ü'/>"),
                    create());

            assertThat(onlyCall().getBodyAsString()).isEqualTo("<order id='7' name='ü'/>");
            assertThat(onlyCall().header("Content-Type").firstValue()).isEqualTo("application/xml");
        }

        @Test
        void whereTheBodyCannotBeMadeNothingIsSent() {
            Throwable failure = failure(
                    simple().body(publication -> {
                        throw new IllegalArgumentException("with something secret");
                    }),
                    create());

            assertThat(failure)
                    .isInstanceOf(NotAcceptedException.class)
                    .hasMessage("nothing was sent: java.lang.IllegalArgumentException");
            assertThat(calls()).isEmpty();
        }
    }

    @Nested
    class WhatIsThereAlready {

        @Test
        void aConflictIsRefused() {
            everything(status(409));

            assertThat(failure(posting(), create())).isInstanceOf(RejectedException.class);
        }

        @Test
        void aConflictIsAdopted() {
            stub(post("/orders"), status(409));
            stub(get("/orders/by-key/7"), okJson("{\"id\":\"r-1\"}"));
            stub(put("/orders/r-1"), status(200));

            PublishResult result =
                    result(posting().lookup("/orders/by-key/{id}").adoptOnConflict(), create());

            assertThat(result).isEqualTo(PublishResult.withRemoteId("r-1"));
            assertThat(calls(putRequestedFor(urlEqualTo("/orders/r-1"))).get(0).getBodyAsString())
                    .isEqualTo(PAID);
        }

        @Test
        void aConflictIsAdoptedByOurId() {
            stub(post("/orders"), status(409));
            stub(put("/orders/7"), status(200));

            assertThat(result(api().post("/orders").put("/orders/{id}").adoptOnConflict(), create()))
                    .isEqualTo(PublishResult.done());
        }

        @Test
        void theAdoptingUpdateHasAKeyOfItsOwn() {
            stub(post("/orders"), status(409));
            stub(put("/orders/7"), status(200));

            result(api().post("/orders").put("/orders/{id}").adoptOnConflict(), create());

            assertThat(calls().stream()
                            .map(call -> call.header("Idempotency-Key").firstValue()))
                    .containsExactlyInAnyOrder(TestPublication.KEY, TestPublication.KEY + ".update");
        }

        @Test
        void aConflictWithNothingIsTriedAgain() {
            stub(post("/orders"), status(409));
            stub(get("/orders/by-key/7"), status(404));

            assertThat(failure(posting().lookup("/orders/by-key/{id}").adoptOnConflict(), create()))
                    .isInstanceOf(NotAcceptedException.class)
                    .hasMessageContaining("the lookup finds nothing to adopt");
        }

        @Test
        void whatIsGoneIsCreatedAgain() {
            stub(put("/orders/r-1"), status(404));
            stub(post("/orders"), okJson("{\"id\":\"r-2\"}"));

            assertThat(result(posting(), update().known("r-1"))).isEqualTo(PublishResult.withRemoteId("r-2"));
        }

        @Test
        void whatIsNeitherThereNorNotIsGivenUp() {
            stub(put("/orders/r-1"), status(404));
            stub(post("/orders"), status(409));
            stub(get("/orders/by-key/7"), okJson("{\"id\":\"r-1\"}"));

            assertThat(failure(posting().lookup("/orders/by-key/{id}").adoptOnConflict(), update().known("r-1")))
                    .isInstanceOf(RejectedException.class);
            assertThat(calls()).hasSize(4);
        }

        @Test
        void whereCreateAndUpdateAreOneNotFoundIsARefusal() {
            everything(status(404));

            assertThat(failure(simple(), update())).isInstanceOf(RejectedException.class);
            assertThat(calls()).hasSize(1);
        }

        @ParameterizedTest
        @ValueSource(ints = {404, 410})
        void whatIsGoneIsDeleted(int status) {
            everything(status(status));

            assertThat(result(simple(), delete7())).isEqualTo(PublishResult.done());
        }

        @Test
        void aCreateInDoubtIsLookedUpFirst() {
            stub(get("/orders/by-key/7"), okJson("{\"id\":\"r-1\"}"));
            stub(put("/orders/r-1"), status(200));

            PublishResult result = result(posting().lookup("/orders/by-key/{id}"), create().inDoubt());

            assertThat(result).isEqualTo(PublishResult.withRemoteId("r-1"));
            assertThat(calls(postRequestedFor(anyUrl()))).isEmpty();
        }

        @Test
        void aCreateInDoubtThatIsNotThereIsMade() {
            stub(get("/orders/by-key/7"), status(404));
            stub(post("/orders"), okJson("{\"id\":\"r-1\"}"));

            assertThat(result(posting().lookup("/orders/by-key/{id}"), create().inDoubt()))
                    .isEqualTo(PublishResult.withRemoteId("r-1"));
        }

        @Test
        void aLookupMayAnswerAList() {
            stub(get("/orders?key=7"), okJson("{\"items\":[{\"id\":5},{\"id\":6}]}"));
            stub(put("/orders/5"), status(200));

            assertThat(result(posting().lookup("/orders?key={id}", "/items/0/id"), create().inDoubt()))
                    .isEqualTo(PublishResult.withRemoteId("5"));
        }

        @Test
        void anEmptyListIsNothing() {
            stub(get("/orders?key=7"), okJson("{\"items\":[]}"));
            stub(post("/orders"), okJson("{\"id\":\"r-1\"}"));

            assertThat(result(posting().lookup("/orders?key={id}", "/items/0/id"), create().inDoubt()))
                    .isEqualTo(PublishResult.withRemoteId("r-1"));
        }

        @Test
        void anUnknownRemoteIdIsAskedFor() {
            stub(get("/orders/by-key/7"), okJson("{\"id\":\"r-1\"}"));
            stub(put("/orders/r-1"), status(200));

            assertThat(result(posting().lookup("/orders/by-key/{id}"), update()))
                    .isEqualTo(PublishResult.withRemoteId("r-1"));
        }

        @Test
        void whatIsNotThereNeedsNoDelete() {
            stub(get("/orders/by-key/7"), status(404));

            assertThat(result(posting().lookup("/orders/by-key/{id}"), delete7()))
                    .isEqualTo(PublishResult.done());
            assertThat(calls(deleteRequestedFor(anyUrl()))).isEmpty();
        }

        @Test
        void aFailingLookupIsNoDoubt() {
            everything(status(500));

            assertThat(failure(posting().lookup("/orders/by-key/{id}"), create().inDoubt()))
                    .isInstanceOf(NotAcceptedException.class)
                    .hasMessage("GET /orders/by-key/{id}: 500");
        }

        @Test
        void aLookupThatIsNoJsonIsNoDoubt() {
            everything(aResponse().withBody("<html>"));

            assertThat(failure(posting().lookup("/orders/by-key/{id}"), create().inDoubt()))
                    .isInstanceOf(NotAcceptedException.class)
                    .hasMessageContaining("no JSON, or too long");
        }
    }

    @Nested
    class Statuses {

        @ParameterizedTest
        @ValueSource(ints = {200, 201, 202, 204, 207})
        void succeed(int status) {
            everything(status(status));

            assertThat(result(simple(), update())).isEqualTo(PublishResult.done());
        }

        @ParameterizedTest
        @ValueSource(ints = {400, 402, 404, 405, 406, 409, 410, 412, 413, 415, 422, 428, 431, 451})
        void refuse(int status) {
            everything(status(status));

            assertThat(failure(simple(), update()))
                    .isInstanceOf(RejectedException.class)
                    .hasMessage("PUT /orders/{id}: " + status);
        }

        @ParameterizedTest
        @ValueSource(ints = {303, 304, 500, 501, 502, 503, 504, 507, 599})
        void leaveDoubt(int status) {
            everything(status(status));

            Throwable failure = failure(simple(), update());

            assertInDoubt(failure);
            assertThat(((HttpStatusException) failure).status()).isEqualTo(status);
        }

        @ParameterizedTest
        @ValueSource(ints = {408, 425})
        void areWorthAnotherAttempt(int status) {
            everything(status(status));

            assertThat(failure(simple(), update())).isInstanceOf(NotAcceptedException.class);
        }

        @ParameterizedTest
        @ValueSource(ints = {401, 403, 407})
        void doNotLetIn(int status) {
            everything(status(status));

            assertThat(failure(simple(), update())).isInstanceOf(UnauthorizedException.class);
            assertThat(calls()).hasSize(1);
        }

        @Test
        void meanWhatIsDeclared() {
            HttpDestination destination = closed(simple().onStatus(422, FailureKind.notAccepted())
                    .onStatus(500, FailureKind.rejected())
                    .onStatus(502, FailureKind.unauthorized())
                    .onStatus(400, FailureKind.unknown())
                    .onStatus(418, FailureKind.throttled(Duration.ofSeconds(5)))
                    .onStatus(423, FailureKind.later(Duration.ofSeconds(6)))
                    .successOnStatus(304)
                    .build());

            assertThat(declared(destination, 422)).isInstanceOf(NotAcceptedException.class);
            assertThat(declared(destination, 500)).isInstanceOf(RejectedException.class);
            assertThat(declared(destination, 502)).isInstanceOf(UnauthorizedException.class);
            assertInDoubt(declared(destination, 400));
            assertThat(((ThrottledException) declared(destination, 418)).retryAfter())
                    .isEqualTo(Duration.ofSeconds(5));
            assertThat(((SnoozeException) declared(destination, 423)).delay()).isEqualTo(Duration.ofSeconds(6));
            everything(status(304));
            assertThat(answer(send(destination, update()))).isEqualTo(PublishResult.done());
        }

        private Throwable declared(HttpDestination destination, int status) {
            everything(status(status));
            return failure(send(destination, update()));
        }

        @Test
        void areDeclaredBeforeTheRulesOfLifeCycle() {
            everything(status(404));

            assertThat(failure(simple().onStatus(404, FailureKind.notAccepted()), delete7()))
                    .isInstanceOf(NotAcceptedException.class);
        }

        @Test
        void areNotAllWhereTheContentSaysOtherwise() {
            everything(okJson("{\"ok\":false,\"why\":\"locked by\\tuser\"}"));
            HttpDestination.Builder builder =
                    simple().successWhen("/ok", "true").failureMessageAt("/why");

            assertThat(failure(builder, update()))
                    .isInstanceOf(NotAcceptedException.class)
                    .hasMessage("PUT /orders/{id}: 200 locked by user: no success by '/ok'");
        }

        @Test
        void areConfirmedByTheContent() {
            everything(okJson("{\"ok\":true}"));

            assertThat(result(simple().successWhen("/ok", "true"), update())).isEqualTo(PublishResult.done());
        }

        @Test
        void areJudgedByAFunctionOfTheContent() {
            everything(okJson("{\"errors\":[1]}"));

            assertThat(failure(
                            simple().successWhen(answer -> !answer.body().contains("errors"), FailureKind.rejected()),
                            update()))
                    .isInstanceOf(RejectedException.class);
        }

        @Test
        void ofAFunctionThatFailsLeaveDoubt() {
            everything(status(200));

            assertInDoubt(failure(
                    simple().successWhen(
                                    answer -> {
                                        throw new IllegalStateException();
                                    },
                                    FailureKind.rejected()),
                    update()));
        }

        @Test
        void comeWithWhatTheProblemIs() {
            everything(status(422)
                    .withHeader("Content-Type", "application/problem+json; charset=utf-8")
                    .withBody("{\"title\":\"Invalid order\",\"detail\":\"quantity\\nis " + "9".repeat(400) + "\"}"));

            String message = failure(simple(), update()).getMessage();

            assertThat(message)
                    .startsWith("PUT /orders/{id}: 422 Invalid order: quantity is 999")
                    .endsWith("…");
            assertThat(message).hasSizeLessThan(350);
        }

        @Test
        void comeWithoutWhatOtherBodiesSay() {
            everything(status(422).withBody("Jane Doe, 4111 1111 1111 1111"));

            assertThat(failure(simple(), update())).hasMessage("PUT /orders/{id}: 422");
        }
    }

    @Nested
    class Limits {

        private Duration pause(ResponseDefinitionBuilder response) {
            return pause(simple(), response);
        }

        private Duration pause(HttpDestination.Builder builder, ResponseDefinitionBuilder response) {
            everything(response);
            Throwable failure = failure(builder, update());
            assertThat(failure).isInstanceOf(ThrottledException.class);
            return ((ThrottledException) failure).retryAfter();
        }

        @Test
        void pauseForSeconds() {
            assertThat(pause(status(429).withHeader("Retry-After", "30"))).isEqualTo(Duration.ofSeconds(30));
        }

        @Test
        void pauseUntilADate() {
            assertThat(pause(status(429).withHeader("Retry-After", inSeconds(60))))
                    .isBetween(Duration.ofSeconds(50), Duration.ofSeconds(62));
        }

        @Test
        void pauseForAWhileIfNothingIsTold() {
            assertThat(pause(status(429))).isEqualTo(Duration.ofSeconds(10));
            assertThat(pause(simple().defaultPause(Duration.ofMinutes(1)), status(429)))
                    .isEqualTo(Duration.ofMinutes(1));
        }

        @Test
        void pauseUntilTheyAreReset() {
            assertThat(pause(status(429).withHeader("RateLimit", "\"day\";r=0;t=77")))
                    .isEqualTo(Duration.ofSeconds(77));
        }

        @Test
        void pauseNeverForNothingNorForEver() {
            assertThat(pause(status(429).withHeader("Retry-After", "0"))).isEqualTo(Duration.ofSeconds(1));
            assertThat(pause(status(429).withHeader("Retry-After", "999999999")))
                    .isEqualTo(Duration.ofHours(24));
            assertThat(pause(
                            simple().longestPause(Duration.ofMinutes(5)),
                            status(429).withHeader("Retry-After", "3600")))
                    .isEqualTo(Duration.ofMinutes(5));
        }

        @Test
        void pauseAServerThatIsOverloaded() {
            assertThat(pause(status(503).withHeader("Retry-After", "20"))).isEqualTo(Duration.ofSeconds(20));
        }

        @Test
        void pauseThoughTheySayForbidden() {
            assertThat(pause(status(403).withHeader("Retry-After", "20"))).isEqualTo(Duration.ofSeconds(20));
            assertThat(pause(
                            status(403).withHeader("X-RateLimit-Remaining", "0").withHeader("X-RateLimit-Reset", "25")))
                    .isEqualTo(Duration.ofSeconds(25));
        }

        @Test
        void pauseAfterTheLastSuccess() {
            everything(status(200).withHeader("X-RateLimit-Remaining", "0").withHeader("X-RateLimit-Reset", "60"));

            assertThat(result(simple(), update()))
                    .isEqualTo(PublishResult.done().pausing(Duration.ofSeconds(60)));
        }

        @Test
        void pauseAfterTheLastSuccessOfAPolicy() {
            everything(status(200)
                    .withHeader("RateLimit-Policy", "\"burst\";q=10;w=5, \"day\";q=1000;w=86400")
                    .withHeader("RateLimit", "\"burst\";r=0, \"day\";r=12;t=5000"));

            assertThat(result(simple(), update()))
                    .isEqualTo(PublishResult.done().pausing(Duration.ofSeconds(5)));
        }

        @Test
        void thatAreNotReachedPauseNothing() {
            everything(status(200).withHeader("X-RateLimit-Remaining", "1").withHeader("X-RateLimit-Reset", "60"));

            assertThat(result(simple(), update())).isEqualTo(PublishResult.done());
        }
    }

    @Nested
    class Headers {

        @Test
        void areSent() {
            everything(status(200));

            result(
                    simple().header("X-Api", "2")
                            .header("X-Tenant", publication -> publication.tenant())
                            .header("user-agent", "shop/1.0")
                            .versionHeader("X-Version"),
                    update());

            LoggedRequest call = onlyCall();
            assertThat(call.header("X-Api").values()).containsExactly("2");
            assertThat(call.header("X-Tenant").values()).containsExactly("acme");
            assertThat(call.header("User-Agent").values()).containsExactly("shop/1.0");
            assertThat(call.header("X-Version").values()).containsExactly("42");
            assertThat(call.header("Idempotency-Key").values()).containsExactly(TestPublication.KEY);
        }

        @Test
        void tellTheKeyByAnotherNameOrNot() {
            everything(status(200));

            result(simple().idempotencyHeader("X-Key"), update());
            assertThat(onlyCall().header("X-Key").values()).containsExactly(TestPublication.KEY);
            assertThat(onlyCall().header("Idempotency-Key").isPresent()).isFalse();

            api.resetRequests();
            result(simple().noIdempotencyHeader(), update());
            assertThat(onlyCall().header("Idempotency-Key").isPresent()).isFalse();
        }

        @Test
        void ofAPublicationCannotBeSplit() {
            assertThat(failure(simple().header("X-Note", publication -> "a\r\nX-Admin: 1"), update()))
                    .isInstanceOf(RejectedException.class);
            assertThat(calls()).isEmpty();
        }

        @Test
        void keepNoCookies() {
            everything(status(200).withHeader("Set-Cookie", "session=1; Path=/"));
            HttpDestination destination = closed(simple().build());

            answer(send(destination, update()));
            answer(send(destination, update()));

            assertThat(calls()).hasSize(2).allMatch(call -> !call.containsHeader("Cookie"));
        }
    }

    @Nested
    class Credentials {

        private final AtomicInteger asked = new AtomicInteger();

        private String token() {
            return "token-" + asked.incrementAndGet();
        }

        private void lets(String authorization) {
            everything(status(401).withHeader("WWW-Authenticate", "Bearer"));
            api.stubFor(any(anyUrl())
                    .withHeader("Authorization", equalTo(authorization))
                    .willReturn(status(200)));
        }

        @Test
        void areABasicPassword() {
            lets("Basic " + Base64.getEncoder().encodeToString("me:s3cret".getBytes(StandardCharsets.UTF_8)));

            assertThat(result(simple().basic("me", () -> "s3cret"), update())).isEqualTo(PublishResult.done());
            assertThat(calls()).hasSize(1);
        }

        @Test
        void areASecretHeader() {
            api.stubFor(any(anyUrl()).withHeader("X-Api-Key", equalTo("s3cret")).willReturn(status(200)));

            assertThat(result(simple().secretHeader("X-Api-Key", () -> "s3cret"), update()))
                    .isEqualTo(PublishResult.done());
        }

        @Test
        void areATokenThatIsAskedForOnce() {
            lets("Bearer token-1");
            HttpDestination destination = closed(simple().bearer(this::token).build());

            answer(send(destination, update()));
            answer(send(destination, update()));

            assertThat(asked).hasValue(1);
        }

        @Test
        void areRefreshedOnceWhenRefused() {
            lets("Bearer token-2");

            assertThat(result(simple().bearer(this::token), update())).isEqualTo(PublishResult.done());

            assertThat(calls()).hasSize(2);
            assertThat(calls().stream()
                            .map(call -> call.header("Idempotency-Key").firstValue()))
                    .containsOnly(TestPublication.KEY);
        }

        @Test
        void areRefreshedOnceForMany() {
            lets("Bearer token-2");
            HttpDestination destination = closed(simple().bearer(this::token).build());
            List<CompletableFuture<PublishResult>> sent = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                sent.add(send(destination, update()));
            }

            sent.forEach(HttpContract::answer);

            assertThat(asked).hasValue(2);
        }

        @Test
        void thatAreRefusedTwiceAreRefused() {
            lets("Bearer other");

            assertThat(failure(simple().bearer(this::token), update())).isInstanceOf(UnauthorizedException.class);
            assertThat(calls()).hasSize(2);
        }

        @Test
        void thatStayTheSameAreNotTriedTwice() {
            lets("Bearer other");

            assertThat(failure(simple().bearer(() -> "always"), update())).isInstanceOf(UnauthorizedException.class);
            assertThat(calls()).hasSize(1);
        }

        @Test
        void areNotRefreshedWhereTheStatusMeansSomethingElse() {
            everything(status(403));

            assertThat(failure(simple().bearer(this::token).onStatus(403, FailureKind.rejected()), update()))
                    .isInstanceOf(RejectedException.class);
            assertThat(asked).hasValue(1);
        }

        @Test
        void thatCannotBeHadSendNothing() {
            Throwable failure = failure(
                    simple().bearer(() -> {
                        throw new IllegalStateException("client secret s3cret is wrong");
                    }),
                    update());

            assertThat(failure)
                    .isInstanceOf(NotAcceptedException.class)
                    .hasMessage("PUT /orders/{id}: the supplier of the bearer token failed: IllegalStateException");
            assertThat(calls()).isEmpty();
        }

        @Test
        void thatCannotBeHadAreAskedForAgain() {
            lets("Bearer token-2");
            HttpDestination destination = closed(simple().bearer(() -> {
                        String token = token();
                        if (token.equals("token-1")) {
                            throw new IllegalStateException();
                        }
                        return token;
                    })
                    .build());

            failure(send(destination, update()));

            assertThat(answer(send(destination, update()))).isEqualTo(PublishResult.done());
        }

        @Test
        void thatHangDoNotOutliveTheCall() throws InterruptedException {
            CountDownLatch never = new CountDownLatch(1);
            Throwable failure = failure(
                    simple().bearer(() -> {
                        try {
                            never.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                        return "late";
                    }),
                    update().within(SHORT));
            never.countDown();

            assertThat(failure).isInstanceOf(NotAcceptedException.class);
            assertThat(calls()).isEmpty();
        }

        @Test
        void areNotSplitIntoHeaders() {
            assertThat(failure(simple().bearer(() -> "a\r\nX-Admin: 1"), update()))
                    .isInstanceOf(NotAcceptedException.class);
            assertThat(calls()).isEmpty();
        }

        @Test
        void areNeverTold() {
            everything(status(422)
                    .withHeader("Content-Type", "application/problem+json")
                    .withBody("{\"title\":\"token-1 is no key-77\",\"detail\":\"Authorization: Bearer abc.def\"}"));
            HttpDestination destination = closed(simple().bearer(this::token)
                    .secretHeader("X-Key", () -> "key-77")
                    .build());

            Throwable failure = failure(send(destination, update()));

            assertThat(failure).hasMessage("PUT /orders/{id}: 422 *** is no ***: Authorization: Bearer ***");
            assertThat(destination + " " + simple().bearer(this::token)).doesNotContain("token-", "key-77");
        }
    }

    @Nested
    class Redirects {

        @ParameterizedTest
        @ValueSource(ints = {307, 308})
        void toTheSameHostAreFollowed(int status) {
            stub(put("/orders/7"), status(status).withHeader("Location", "/v2/orders/7"));
            stub(put("/v2/orders/7").withRequestBody(equalToJson(PAID)), status(200));

            assertThat(result(simple(), update())).isEqualTo(PublishResult.done());
        }

        @Test
        void toAnotherHostAreRefused() throws IOException {
            RawServer other = closed(new RawServer(RawServer.text(RawServer.OK)));
            everything(status(307).withHeader("Location", other.url() + "/orders/7"));

            assertThat(failure(simple().bearer(() -> "s3cret"), update()))
                    .isInstanceOf(NotAcceptedException.class)
                    .hasMessageContaining("the redirect is not followed");
            assertThat(other.requests).isEmpty();
        }

        @ParameterizedTest
        @ValueSource(ints = {301, 302})
        void thatWouldLoseTheMethodAreRefused(int status) {
            everything(status(status).withHeader("Location", "/login"));

            assertThat(failure(simple(), update())).isInstanceOf(NotAcceptedException.class);
            assertThat(calls()).hasSize(1);
        }

        @Test
        void ofLookupsAreFollowed() {
            stub(get("/orders/by-key/7"), status(302).withHeader("Location", "/orders/r-1"));
            stub(get("/orders/r-1"), okJson("{\"id\":\"r-1\"}"));
            stub(put("/orders/r-1"), status(200));

            assertThat(result(posting().lookup("/orders/by-key/{id}"), update()).remoteId())
                    .isEqualTo("r-1");
        }

        @Test
        void withoutEndAreGivenUp() {
            everything(status(308).withHeader("Location", "/orders/7"));

            assertThat(failure(simple(), update())).isInstanceOf(NotAcceptedException.class);
            assertThat(calls()).hasSize(4);
        }
    }

    @Nested
    class Packing {

        private static final String LARGE = "{\"text\":\"" + "abc".repeat(2000) + "\"}";

        private byte[] packed(byte[] body) throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
                gzip.write(body);
            }
            return out.toByteArray();
        }

        @Test
        void isDoneToLargeBodies() {
            everything(status(200));

            result(simple().gzip(), TestPublication.update(7L, LARGE));

            assertThat(onlyCall().header("Content-Encoding").firstValue()).isEqualTo("gzip");
            assertThat(onlyCall().getBodyAsString()).isEqualTo(LARGE);
        }

        @Test
        void isNotDoneToSmallBodiesNorUnasked() {
            everything(status(200));

            result(simple().gzip(), update());
            result(simple(), TestPublication.update(7L, LARGE));

            assertThat(calls()).hasSize(2).allMatch(call -> !call.containsHeader("Content-Encoding"));
        }

        @Test
        void isUndoneInAnswers() throws IOException {
            byte[] body = packed("{\"id\":\"r-1\"}".getBytes(StandardCharsets.UTF_8));
            RawServer server = closed(new RawServer((socket, out, request) -> {
                RawServer.write(
                        out,
                        "HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: " + body.length
                                + "\r\n\r\n");
                out.write(body);
                out.flush();
            }));

            assertThat(result(to(server.url()).post("/o").put("/o/{remoteId}").remoteIdAt("/id"), create())
                            .remoteId())
                    .isEqualTo("r-1");
            assertThat(server.requests.get(0)).containsIgnoringCase("accept-encoding: gzip");
        }

        @Test
        void isUndoneOnlySoFar() throws IOException {
            byte[] bomb = packed(new byte[20_000_000]);
            RawServer server = closed(new RawServer((socket, out, request) -> {
                RawServer.write(
                        out,
                        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + bomb.length + "\r\n\r\n");
                out.write(bomb);
                out.flush();
            }));

            assertInDoubt(failure(simple(server.url()).successWhen("/ok", "true"), update()));
        }

        @Test
        void thatIsUnknownIsInDoubtWhereTheContentIsNeeded() throws IOException {
            RawServer server = closed(new RawServer(
                    RawServer.text("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc")));

            assertThat(result(simple(server.url()), update())).isEqualTo(PublishResult.done());
            assertInDoubt(failure(simple(server.url()).successWhen("/ok", "true"), update()));
        }
    }

    @Nested
    class Broken {

        private static final String REFUSED = "HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n";

        private RawServer server(RawServer.Script script) throws IOException {
            return closed(new RawServer(script));
        }

        private Throwable failureAt(RawServer server) {
            return failure(simple(server.url()), update());
        }

        /** Well before the publication's own time, and so by the connection itself. */
        private Throwable promptFailureAt(RawServer server) {
            long start = System.nanoTime();
            Throwable failure = failureAt(server);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(MUCH_LESS);
            assertThat(server.requests).hasSize(1);
            return failure;
        }

        @Test
        void connectionsThatAreRefusedAreNoDoubt() throws IOException {
            int port;
            try (ServerSocket free = new ServerSocket(0)) {
                port = free.getLocalPort();
            }

            assertThat(failure(simple("http://127.0.0.1:" + port), update()))
                    .isInstanceOf(NotAcceptedException.class)
                    .hasMessageStartingWith("PUT /orders/{id}: nothing was sent");
        }

        @Test
        void namesThatAreUnknownAreNoDoubt() {
            assertThat(failure(simple("http://api.invalid"), update())).isInstanceOf(NotAcceptedException.class);
        }

        @Test
        void connectionsThatCloseBeforeTheAnswerLeaveDoubt() throws IOException {
            assertInDoubt(promptFailureAt(server((socket, out, request) -> socket.close())));
        }

        @Test
        void connectionsThatAreResetLeaveDoubt() throws IOException {
            assertInDoubt(promptFailureAt(server((socket, out, request) -> {
                socket.setSoLinger(true, 0);
                socket.close();
            })));
        }

        @Test
        void answersThatAreCutLeaveDoubt() throws IOException {
            assertInDoubt(promptFailureAt(server((socket, out, request) -> {
                RawServer.write(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":");
                socket.close();
            })));
        }

        @Test
        void answersWhoseChunksAreCutLeaveDoubt() throws IOException {
            assertInDoubt(promptFailureAt(server((socket, out, request) -> {
                RawServer.write(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n");
                socket.close();
            })));
        }

        @Test
        void answersThatAreCutInTheirHeadersLeaveDoubt() throws IOException {
            assertInDoubt(promptFailureAt(server((socket, out, request) -> {
                RawServer.write(out, "HTTP/1.1 200 OK\r\nContent-Le");
                socket.close();
            })));
        }

        @Test
        void garbageLeavesDoubt() throws IOException {
            assertInDoubt(promptFailureAt(server((socket, out, request) -> {
                RawServer.write(out, "\u0001\u0002 no http at all\r\n\r\n");
                socket.close();
            })));
        }

        @Test
        void garbageInChunksLeavesDoubt() throws IOException {
            assertInDoubt(promptFailureAt(server((socket, out, request) -> {
                RawServer.write(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnonsense\r\n");
                socket.close();
            })));
        }

        @Test
        void endlessBodiesAreNotReadToTheEnd() throws Exception {
            RawServer server = server((socket, out, request) -> {
                RawServer.write(out, "HTTP/1.1 200 OK\r\n\r\n");
                endless(out, "x".repeat(8192));
            });

            assertThat(result(simple(server.url()).maxAnswerBytes(64 * 1024), update()))
                    .isEqualTo(PublishResult.done());
            assertThat(server.left.await(8, TimeUnit.SECONDS)).isTrue();
        }

        @Test
        void endlessBodiesLeaveDoubtWhereTheyAreNeeded() throws IOException {
            RawServer server = server((socket, out, request) -> {
                RawServer.write(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                endless(out, "2000\r\n" + "x".repeat(8192) + "\r\n");
            });

            assertInDoubt(failure(simple(server.url()).successWhen("/ok", "true"), update()));
        }

        private static void endless(java.io.OutputStream out, String text) throws IOException {
            while (true) {
                RawServer.write(out, text);
            }
        }

        @Test
        void endlessHeadersLeaveDoubt() throws IOException {
            RawServer server = server((socket, out, request) -> {
                RawServer.write(out, "HTTP/1.1 200 OK\r\n");
                endless(out, "X-More: " + "x".repeat(1000) + "\r\n");
            });

            assertInDoubt(promptFailureAt(server));
        }

        @Test
        void anAnswerByteByByteEndsWithItsTime() throws Exception {
            RawServer server = server((socket, out, request) -> {
                RawServer.write(out, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
                while (true) {
                    RawServer.write(out, "x");
                    TimeUnit.MILLISECONDS.sleep(50);
                }
            });

            assertInDoubt(failure(simple(server.url()), update().within(SHORT)));
            assertThat(server.left.await(8, TimeUnit.SECONDS)).isTrue();
        }

        @Test
        void noAnswerEndsWithItsTime() throws Exception {
            RawServer server =
                    server((socket, out, request) -> socket.getInputStream().read());

            Throwable failure = failure(simple(server.url()), update().within(SHORT));

            assertInDoubt(failure);
            assertThat(failure).hasMessage("PUT /orders/{id}: no answer within PT0.4S");
            assertThat(server.left.await(8, TimeUnit.SECONDS)).isTrue();
        }

        @Test
        void noAnswerEndsWithTheTimeOfTheDestination() throws Exception {
            RawServer server =
                    server((socket, out, request) -> socket.getInputStream().read());

            assertThat(failure(simple(server.url()).timeout(SHORT), update()))
                    .hasMessage("PUT /orders/{id}: no answer within PT0.4S");
        }

        @Test
        void noAnswerToALookupIsNoDoubt() throws Exception {
            RawServer server =
                    server((socket, out, request) -> socket.getInputStream().read());

            assertThat(failure(
                            to(server.url()).post("/orders").put("/orders/{id}").lookup("/orders/{id}"),
                            create().inDoubt().within(SHORT)))
                    .isInstanceOf(NotAcceptedException.class);
        }

        @Test
        void aCallWithoutTimeIsNotMade() {
            assertThat(failure(simple(), update().within(Duration.ZERO))).isInstanceOf(NotAcceptedException.class);
            assertThat(calls()).isEmpty();
        }

        @Test
        void aCancelledCallIsAborted() throws Exception {
            RawServer server =
                    server((socket, out, request) -> socket.getInputStream().read());
            CompletableFuture<PublishResult> sent = send(simple(server.url()), update());
            await().until(() -> server.requests.size() == 1);

            sent.cancel(true);

            assertThat(server.left.await(8, TimeUnit.SECONDS)).isTrue();
        }

        @Test
        void informationIsNoAnswer() throws IOException {
            RawServer server = server(RawServer.text("HTTP/1.1 103 Early Hints\r\n\r\n" + REFUSED));

            assertThat(failureAt(server)).isInstanceOf(RejectedException.class);
        }

        @Test
        void aBodyThatEndsWithTheConnectionIsRead() throws IOException {
            RawServer server = server((socket, out, request) -> {
                RawServer.write(out, "HTTP/1.0 200 OK\r\n\r\n{\"ok\":true}");
                socket.close();
            });

            assertThat(result(simple(server.url()).successWhen("/ok", "true"), update()))
                    .isEqualTo(PublishResult.done());
        }

        @Test
        void connectionsAreUsedAgain() throws IOException {
            AtomicInteger ports = new AtomicInteger();
            RawServer server = server((socket, out, request) -> {
                ports.set(socket.getPort() == ports.get() ? -1 : socket.getPort());
                RawServer.write(out, RawServer.OK);
            });
            HttpDestination destination = closed(simple(server.url()).build());

            answer(send(destination, update()));
            answer(send(destination, update()));

            assertThat(ports).hasValue(-1);
        }

        @Test
        void aConnectionThatIsToBeClosedIsNotUsedAgain() throws IOException {
            RawServer server = server((socket, out, request) -> {
                RawServer.write(out, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
                socket.close();
            });
            HttpDestination destination = closed(simple(server.url()).build());

            for (int i = 0; i < 3; i++) {
                assertThat(answer(send(destination, update()))).isEqualTo(PublishResult.done());
            }
        }

        @Test
        void aLostAnswerIsNotAskedForBehindOurBack() throws IOException {
            RawServer server = server((socket, out, request) -> socket.close());
            HttpDestination destination = closed(simple(server.url()).build());

            failure(send(destination, delete7()));
            failure(send(destination, update()));

            assertThat(server.requests).hasSize(2);
        }

        @Test
        void manyCallsAreInFlightAtOnce() throws IOException {
            CountDownLatch all = new CountDownLatch(100);
            RawServer server = server((socket, out, request) -> {
                all.countDown();
                all.await();
                RawServer.write(out, RawServer.OK);
            });
            HttpDestination destination = closed(simple(server.url()).build());
            List<CompletableFuture<PublishResult>> sent = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                sent.add(send(destination, update()));
            }

            sent.forEach(stage -> assertThat(answer(stage)).isEqualTo(PublishResult.done()));
        }
    }

    @Nested
    class Proxies {

        @Test
        void arePassedThrough() throws IOException {
            RawServer proxy = closed(new RawServer(RawServer.text(RawServer.OK)));

            result(simple("http://api.example").proxy("127.0.0.1", proxy.port()), update());

            assertThat(proxy.requests.get(0)).startsWith("PUT http://api.example/orders/7 HTTP/1.1\r\n");
        }

        @Test
        void areToldWhoAsks() throws IOException {
            String known = "Basic " + Base64.getEncoder().encodeToString("me:s3cret".getBytes(StandardCharsets.UTF_8));
            RawServer proxy = closed(new RawServer((socket, out, request) ->
                    RawServer.write(out, request.contains("roxy-Authorization: " + known) ? RawServer.OK : UNKNOWN)));
            HttpDestination.Builder builder =
                    simple("http://api.example").proxy("127.0.0.1", proxy.port(), "me", () -> "s3cret");

            assertThat(result(builder, update())).isEqualTo(PublishResult.done());
        }

        private static final String UNKNOWN =
                "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n";
    }

    @Nested
    class Batches {

        private static final TestPublication ONE = TestPublication.create(1L, "{\"id\":1}");
        private static final TestPublication TWO = TestPublication.update(2L, "{\"id\":2}");
        private static final TestPublication THREE = TestPublication.create(3L, "{\"id\":3}");

        private HttpDestination destination(HttpBatch batch) {
            return closed(simple().batch(batch).build());
        }

        private List<CompletionStage<PublishResult>> sendAll(HttpDestination destination, TestPublication... all) {
            return destination.sendAll(List.of(all));
        }

        @Test
        void areOneCall() {
            stub(post("/bulk"), status(200));
            HttpDestination destination = destination(HttpBatch.post("/bulk", 100));

            List<CompletionStage<PublishResult>> stages = sendAll(destination, ONE, TWO, THREE);

            assertThat(destination.batchSize()).isEqualTo(100);
            assertThat(stages)
                    .hasSize(3)
                    .allSatisfy(stage -> assertThat(answer(stage)).isEqualTo(PublishResult.done()));
            assertThat(onlyCall().getBodyAsString()).isEqualTo("[{\"id\":1},{\"id\":2},{\"id\":3}]");
            assertThat(onlyCall().header("Idempotency-Key").firstValue()).hasSize(43);
        }

        @Test
        void areAnsweredOneByOne() {
            stub(post("/bulk"), okJson("{\"results\":[{\"s\":201},{\"s\":422,\"e\":\"bad\"},{\"s\":500}]}"));
            HttpDestination destination = closed(simple().failureMessageAt("/e")
                    .batch(HttpBatch.post("/bulk", 100).resultsAt("/results").statusAt("/s"))
                    .build());

            List<CompletionStage<PublishResult>> stages = sendAll(destination, ONE, TWO, THREE);

            assertThat(answer(stages.get(0))).isEqualTo(PublishResult.done());
            assertThat(failure(stages.get(1)))
                    .isInstanceOf(RejectedException.class)
                    .isNotInstanceOf(BatchRefusedException.class)
                    .hasMessage("POST /bulk: 422 bad");
            assertInDoubt(failure(stages.get(2)));
        }

        @Test
        void areAnsweredInAnyOrder() {
            stub(post("/bulk"), okJson("[{\"k\":3,\"ok\":true},{\"k\":1,\"ok\":false}]"));
            HttpDestination destination = destination(
                    HttpBatch.post("/bulk", 100).resultsAt("").keyAt("/k").successAt("/ok", "true"));

            List<CompletionStage<PublishResult>> stages = sendAll(destination, ONE, TWO, THREE);

            assertThat(failure(stages.get(0))).isInstanceOf(RejectedException.class);
            assertInDoubt(failure(stages.get(1)));
            assertThat(answer(stages.get(2))).isEqualTo(PublishResult.done());
        }

        @Test
        void thatAreRefusedAreToBeSplit() {
            stub(post("/bulk"), status(422));

            List<CompletionStage<PublishResult>> stages = sendAll(destination(HttpBatch.post("/bulk", 100)), ONE, TWO);

            assertThat(stages)
                    .allSatisfy(stage -> assertThat(failure(stage)).isInstanceOf(BatchRefusedException.class));
        }

        @Test
        void thatAreThrottledAreNotSplit() {
            stub(post("/bulk"), status(429).withHeader("Retry-After", "7"));

            List<CompletionStage<PublishResult>> stages = sendAll(destination(HttpBatch.post("/bulk", 100)), ONE, TWO);

            assertThat(stages).allSatisfy(stage -> assertThat(failure(stage)).isInstanceOf(ThrottledException.class));
        }

        @Test
        void withoutAllResultsAreInDoubt() {
            stub(post("/bulk"), okJson("{\"results\":[{\"s\":200}]}"));

            List<CompletionStage<PublishResult>> stages = sendAll(
                    destination(
                            HttpBatch.post("/bulk", 100).resultsAt("/results").statusAt("/s")),
                    ONE,
                    TWO);

            assertThat(stages).allSatisfy(stage -> assertInDoubt(failure(stage)));
        }

        @Test
        void thatBreakAreInDoubt() throws IOException {
            RawServer server = closed(new RawServer((socket, out, request) -> socket.close()));
            HttpDestination destination = closed(
                    simple(server.url()).batch(HttpBatch.post("/bulk", 9)).build());

            assertThat(sendAll(destination, ONE, TWO)).allSatisfy(stage -> assertInDoubt(failure(stage)));
        }

        @Test
        void thatCannotBeSentAreNoDoubt() {
            HttpDestination destination = closed(simple("http://api.invalid")
                    .batch(HttpBatch.post("/bulk", 9))
                    .build());

            assertThat(sendAll(destination, ONE, TWO))
                    .allSatisfy(stage -> assertThat(failure(stage)).isInstanceOf(NotAcceptedException.class));
        }

        @Test
        void leaveDeletesAlone() {
            everything(status(200));

            List<CompletionStage<PublishResult>> stages =
                    sendAll(destination(HttpBatch.post("/bulk", 100)), ONE, TestPublication.delete(9L), TWO);

            assertThat(stages).allSatisfy(stage -> assertThat(answer(stage)).isEqualTo(PublishResult.done()));
            assertThat(calls(postRequestedFor(urlEqualTo("/bulk"))).get(0).getBodyAsString())
                    .isEqualTo("[{\"id\":1},{\"id\":2}]");
            assertThat(calls(deleteRequestedFor(urlEqualTo("/orders/9")))).hasSize(1);
        }

        private static final TestPublication GONE = TestPublication.delete(8L);
        private static final TestPublication GONE_TOO = TestPublication.delete(9L);

        private HttpDestination deleting(HttpBatch batch) {
            return closed(simple().deleteBatch(batch).build());
        }

        @Test
        void ofDeletesAreOneCall() {
            stub(any(urlEqualTo("/bulk")), status(200));
            HttpDestination destination = deleting(HttpBatch.of("DELETE", "/bulk", 100));

            List<CompletionStage<PublishResult>> stages = sendAll(destination, GONE, GONE_TOO);

            assertThat(destination.batchSize()).isEqualTo(100);
            assertThat(stages).allSatisfy(stage -> assertThat(answer(stage)).isEqualTo(PublishResult.done()));
            assertThat(calls(deleteRequestedFor(urlEqualTo("/bulk")))).hasSize(1);
            assertThat(onlyCall().getBodyAsString()).isEqualTo("[\"8\",\"9\"]");
            assertThat(onlyCall().header("Idempotency-Key").firstValue()).hasSize(43);
        }

        @Test
        void ofDeletesAreAnsweredOneByOne() {
            stub(post("/bulk"), okJson("[{\"s\":404},{\"s\":423,\"e\":\"locked\"},{\"s\":500}]"));
            HttpDestination destination = closed(simple().failureMessageAt("/e")
                    .deleteBatch(HttpBatch.post("/bulk", 100).resultsAt("").statusAt("/s"))
                    .build());

            List<CompletionStage<PublishResult>> stages =
                    sendAll(destination, GONE, GONE_TOO, TestPublication.delete(10L));

            assertThat(answer(stages.get(0))).isEqualTo(PublishResult.done());
            assertThat(failure(stages.get(1)))
                    .isInstanceOf(RejectedException.class)
                    .isNotInstanceOf(BatchRefusedException.class)
                    .hasMessage("POST /bulk: 423 locked");
            assertInDoubt(failure(stages.get(2)));
        }

        @Test
        void ofDeletesThatAreRefusedAreToBeSplit() {
            stub(post("/bulk"), status(404));
            stub(any(urlEqualTo("/orders/8")), status(204));
            HttpDestination destination = deleting(HttpBatch.post("/bulk", 100));

            assertThat(sendAll(destination, GONE, GONE_TOO))
                    .allSatisfy(stage -> assertThat(failure(stage)).isInstanceOf(BatchRefusedException.class));
            assertThat(answer(send(destination, GONE))).isEqualTo(PublishResult.done());
            assertThat(calls(deleteRequestedFor(urlEqualTo("/orders/8")))).hasSize(1);
        }

        @Test
        void ofDeletesAreApartFromThoseOfDocuments() {
            everything(status(200));
            HttpDestination destination = closed(simple().batch(HttpBatch.post("/bulk", 100))
                    .deleteBatch(
                            HttpBatch.post("/gone", 50).document(publication -> "{\"id\":" + publication.id() + "}"))
                    .build());

            sendAll(destination, ONE, GONE, TWO, GONE_TOO).forEach(HttpContract::answer);

            assertThat(destination.batchSize()).isEqualTo(50);
            assertThat(destination.batchOf(PublicationKind.DELETE, false))
                    .isNotNull()
                    .isNotEqualTo(destination.batchOf(PublicationKind.CREATE, false));
            assertThat(destination.batchOf(PublicationKind.UPDATE, false))
                    .isEqualTo(destination.batchOf(PublicationKind.CREATE, true));
            assertThat(calls(postRequestedFor(urlEqualTo("/bulk"))).get(0).getBodyAsString())
                    .isEqualTo("[{\"id\":1},{\"id\":2}]");
            assertThat(calls(postRequestedFor(urlEqualTo("/gone"))).get(0).getBodyAsString())
                    .isEqualTo("[{\"id\":8},{\"id\":9}]");
        }

        @Test
        void mayTakeAllKindsTogether() {
            stub(post("/bulk"), okJson("[{\"k\":8,\"s\":200},{\"k\":1,\"s\":201}]"));
            HttpBatch all = HttpBatch.post("/bulk", 100)
                    .resultsAt("")
                    .keyAt("/k")
                    .statusAt("/s")
                    .document(publication -> publication.kind() + " " + publication.id());
            HttpDestination destination =
                    closed(simple().batch(all).deleteBatch(all).build());

            sendAll(destination, ONE, GONE).forEach(HttpContract::answer);

            assertThat(onlyCall().getBodyAsString()).isEqualTo("[CREATE 1,DELETE 8]");
        }

        @Test
        void ofDeletesAreByTheApisIds() {
            stub(post("/bulk"), okJson("[{\"k\":\"b\",\"s\":500},{\"k\":\"a\\\"\",\"s\":204}]"));
            HttpDestination destination = closed(posting()
                    .lookup("/orders?key={id}")
                    .deleteBatch(
                            HttpBatch.post("/bulk", 9).resultsAt("").keyAt("/k").statusAt("/s"))
                    .build());

            List<CompletionStage<PublishResult>> stages =
                    sendAll(destination, GONE.known("a\""), GONE_TOO.known("b"), TestPublication.delete(10L));

            assertThat(answer(stages.get(0))).isEqualTo(PublishResult.done());
            assertInDoubt(failure(stages.get(1)));
            assertThat(answer(stages.get(2))).isEqualTo(PublishResult.done()); // the lookup finds nothing
            assertThat(calls(postRequestedFor(urlEqualTo("/bulk"))).get(0).getBodyAsString())
                    .isEqualTo("[\"a\\\"\",\"b\"]");
        }

        @Test
        void areNotForCreatesThatAreLookedUpFirst() {
            HttpDestination destination = closed(api().post("/orders")
                    .put("/orders/{id}")
                    .delete("/orders/{id}")
                    .lookup("/orders/{id}")
                    .batch(HttpBatch.post("/bulk", 9))
                    .build());

            assertThat(destination.batchOf(PublicationKind.CREATE, true)).isNull();
            assertThat(destination.batchOf(PublicationKind.DELETE, false)).isNull();
            assertThat(destination.batchOf(PublicationKind.CREATE, false)).isNotNull();
        }

        @Test
        void tellTheApisIds() {
            stub(post("/bulk"), okJson("[{\"ref\":\"a\"},{\"ref\":\"b\"}]"));
            HttpDestination destination = closed(posting()
                    .batch(HttpBatch.post("/bulk", 100).resultsAt("").remoteIdAt("/ref"))
                    .build());

            List<CompletionStage<PublishResult>> stages = sendAll(destination, ONE, THREE);

            assertThat(answer(stages.get(0)).remoteId()).isEqualTo("a");
            assertThat(answer(stages.get(1)).remoteId()).isEqualTo("b");
        }

        @Test
        void adoptOneByOne() {
            stub(post("/bulk"), okJson("[{\"s\":201},{\"s\":409}]"));
            stub(put("/orders/3"), status(200));
            HttpDestination destination = closed(api().post("/orders")
                    .put("/orders/{id}")
                    .adoptOnConflict()
                    .batch(HttpBatch.post("/bulk", 100).resultsAt("").statusAt("/s"))
                    .build());

            sendAll(destination, ONE, THREE).forEach(HttpContract::answer);

            assertThat(calls(putRequestedFor(urlEqualTo("/orders/3")))).hasSize(1);
        }

        /** All of it is counted as one call in flight. */
        @Test
        void doWhatIsLeftOneAfterTheOther() throws IOException {
            AtomicInteger open = new AtomicInteger();
            AtomicInteger most = new AtomicInteger();
            RawServer server = closed(new RawServer((socket, out, request) -> {
                if (request.startsWith("POST /bulk")) {
                    String body = "[{\"s\":409},{\"s\":409},{\"s\":201},{\"s\":409},{\"s\":409}]";
                    RawServer.write(out, "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
                } else {
                    most.accumulateAndGet(open.incrementAndGet(), Math::max);
                    RawServer.write(out, "HTTP/1.1 200 OK\r\n");
                    out.flush();
                    RawServer.write(out, "Content-Length: 0\r\n");
                    open.decrementAndGet();
                    RawServer.write(out, "\r\n");
                }
            }));
            HttpDestination destination = closed(to(server.url())
                    .post("/orders")
                    .put("/orders/{id}")
                    .lookup("/orders/{id}")
                    .adoptOnConflict()
                    .batch(HttpBatch.post("/bulk", 100).resultsAt("").statusAt("/s"))
                    .build());

            List<CompletionStage<PublishResult>> stages = destination.sendAll(LongStream.rangeClosed(1, 5)
                    .mapToObj(id -> TestPublication.create(id, "{}"))
                    .toList());

            stages.forEach(HttpContract::answer);
            assertThat(most).hasValue(1);
            assertThat(server.requests.stream().map(request -> request.substring(0, request.indexOf(" HTTP"))))
                    .containsExactly(
                            "POST /bulk",
                            "GET /orders/1",
                            "PUT /orders/1",
                            "GET /orders/2",
                            "PUT /orders/2",
                            "GET /orders/4",
                            "PUT /orders/4",
                            "GET /orders/5",
                            "PUT /orders/5");
        }

        @Test
        void doWhatIsLeftAfterOneThatHangs() throws IOException {
            RawServer server = closed(new RawServer((socket, out, request) -> {
                if (request.startsWith("POST /bulk")) {
                    String body = "[{\"s\":409},{\"s\":409},{\"s\":409}]";
                    RawServer.write(out, "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
                } else if (request.startsWith("PUT /orders/1 ")) {
                    socket.getInputStream().read();
                } else {
                    RawServer.write(out, RawServer.OK);
                }
            }));
            HttpDestination destination = closed(to(server.url())
                    .post("/orders")
                    .put("/orders/{id}")
                    .adoptOnConflict()
                    .batch(HttpBatch.post("/bulk", 100).resultsAt("").statusAt("/s"))
                    .build());

            List<CompletionStage<PublishResult>> stages =
                    sendAll(destination, ONE.within(SHORT), TestPublication.create(2L, "{}"), THREE);

            assertInDoubt(failure(stages.get(0)));
            assertThat(answer(stages.get(1))).isEqualTo(PublishResult.done());
            assertThat(answer(stages.get(2))).isEqualTo(PublishResult.done());
        }

        @Test
        void leaveOutWhoseTimeHasPassed() {
            stub(post("/bulk"), status(200));

            List<CompletionStage<PublishResult>> stages =
                    sendAll(destination(HttpBatch.post("/bulk", 100)), ONE, THREE.within(Duration.ZERO), TWO);

            assertThat(answer(stages.get(0))).isEqualTo(PublishResult.done());
            assertThat(failure(stages.get(1))).isInstanceOf(NotAcceptedException.class);
            assertThat(onlyCall().getBodyAsString()).isEqualTo("[{\"id\":1},{\"id\":2}]");
        }

        @Test
        void mayBeWrapped() {
            stub(post("/bulk"), status(200));

            sendAll(
                            destination(HttpBatch.of("POST", "/bulk", 10)
                                    .document(publication -> "{\"key\":" + publication.id() + "}")
                                    .body(documents -> "{\"items\":" + documents + "}")),
                            ONE,
                            TWO)
                    .forEach(HttpContract::answer);

            assertThat(onlyCall().getBodyAsString()).isEqualTo("{\"items\":[{\"key\":1}, {\"key\":2}]}");
        }

        @Test
        void refreshTheirToken() {
            AtomicInteger asked = new AtomicInteger();
            everything(status(401));
            api.stubFor(post("/bulk")
                    .withHeader("Authorization", equalTo("Bearer t2"))
                    .willReturn(status(200)));
            HttpDestination destination = closed(simple().bearer(() -> "t" + asked.incrementAndGet())
                    .batch(HttpBatch.post("/bulk", 10))
                    .build());

            sendAll(destination, ONE, TWO).forEach(HttpContract::answer);

            assertThat(calls()).hasSize(2);
        }
    }

    /** Answers of 202, of which it is asked what becomes of them. */
    @Nested
    class Accepted {

        private static final Duration OFTEN = Duration.ofMillis(20);
        private static final HttpPolling POLLING = HttpPolling.location()
                .every(OFTEN)
                .doneWhen("/state", "done")
                .failedWhen("/state", "failed")
                .remoteIdAt("/result/id");
        private static final String DONE = "{\"id\":\"op-1\",\"state\":\"done\",\"result\":{\"id\":\"r-1\"}}";
        private static final String RUNNING = "{\"id\":\"op-1\",\"state\":\"running\"}";

        private int states;

        @BeforeEach
        void accept() {
            accept("/operations/1?t=x");
        }

        private void accept(String place) {
            everything(status(202).withHeader("Location", place).withBody("{\"id\":\"op-1\"}"));
        }

        /** Answers this to one time of asking, and the last to all that follow. */
        private void then(ResponseDefinitionBuilder... answers) {
            for (int i = 0; i < answers.length; i++) {
                boolean last = i == answers.length - 1;
                String state = states == 0 ? Scenario.STARTED : Integer.toString(states);
                states += last ? 0 : 1;
                stub(
                        get("/operations/1?t=x")
                                .inScenario("operation")
                                .whenScenarioStateIs(state)
                                .willSetStateTo(last ? state : Integer.toString(states)),
                        answers[i]);
            }
        }

        private int asked() {
            return calls(getRequestedFor(urlEqualTo("/operations/1?t=x"))).size();
        }

        @Test
        void areAskedUntilTheyAreDone() {
            then(status(202), okJson(RUNNING), okJson(DONE));

            assertThat(result(posting().polling(POLLING), create())).isEqualTo(PublishResult.withRemoteId("r-1"));

            assertThat(asked()).isEqualTo(3);
            assertThat(calls(postRequestedFor(urlEqualTo("/orders")))).hasSize(1);
        }

        @Test
        void areDoneByTheStatusAloneWhereNothingElseIsSaid() {
            then(status(202), status(202).withBody(DONE), status(204));

            assertThat(result(simple().polling(HttpPolling.location().every(OFTEN)), update()))
                    .isEqualTo(PublishResult.done());
            assertThat(asked()).isEqualTo(3);
        }

        @Test
        void areJudgedByTheirContentAsOthersAre() {
            then(okJson("{\"ok\":false}"));
            HttpDestination.Builder builder = simple().successWhen("/ok", "true")
                    .polling(HttpPolling.location().every(OFTEN));

            assertThat(failure(builder, update())).isInstanceOf(NotAcceptedException.class);
        }

        @Test
        void mayBeDeletes() {
            then(okJson(RUNNING), okJson(DONE));

            assertThat(result(simple().polling(POLLING), delete7())).isEqualTo(PublishResult.done());
            assertThat(asked()).isEqualTo(2);
        }

        @Test
        void areAskedWhereTheBodySays() {
            everything(status(202).withBody("{\"links\":{\"status\":\"/operations/1?t=x\"}}"));
            then(okJson(DONE));
            HttpPolling polling = HttpPolling.at("/links/status").every(OFTEN).doneWhen("/state", "done");

            assertThat(result(simple().polling(polling), update())).isEqualTo(PublishResult.done());
        }

        @Test
        void areAskedWhereAnotherHeaderSays() {
            everything(status(202).withHeader("Operation-Location", api.baseUrl() + "/operations/1?t=x"));
            then(okJson(DONE));
            HttpPolling polling =
                    HttpPolling.header("operation-location").every(OFTEN).doneWhen("/state", "done");

            assertThat(result(simple().polling(polling), update())).isEqualTo(PublishResult.done());
        }

        @Test
        void thatFailAreRefused() {
            then(okJson(RUNNING), okJson("{\"state\":\"failed\",\"why\":\"no such country\"}"));

            Throwable failure = failure(simple().failureMessageAt("/why").polling(POLLING), update());

            assertThat(failure)
                    .isInstanceOf(RejectedException.class)
                    .hasMessage("status of PUT /orders/{id}: 200 no such country");
        }

        @Test
        void thatFailMeanWhatIsDeclared() {
            then(okJson("{\"state\":\"lost\"}"));

            assertThat(failure(
                            simple().polling(POLLING.failedWhen("/state", "lost", FailureKind.notAccepted())),
                            update()))
                    .isInstanceOf(NotAcceptedException.class);
        }

        @Test
        void thatDoNotEndInTimeAreInDoubt() {
            then(okJson(RUNNING));

            Throwable failure = failure(simple().polling(POLLING), update().within(SHORT));

            assertInDoubt(failure);
            assertThat(failure).hasMessageStartingWith("status of PUT /orders/{id}: ");
        }

        @Test
        void areAskedNoLongerThanIsSaid() {
            then(okJson(RUNNING));
            long start = System.nanoTime();

            Throwable failure = failure(simple().polling(POLLING.longest(SHORT)), update());

            assertInDoubt(failure);
            assertThat(failure).hasMessageContaining("the end is not known in time");
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(MUCH_LESS);
        }

        @Test
        void areNotWaitedForLongerThanIsSaid() throws Exception {
            RawServer server = closed(new RawServer((socket, out, request) -> {
                if (request.startsWith("PUT")) {
                    RawServer.write(out, ACCEPTED);
                } else {
                    socket.getInputStream().read();
                }
            }));
            long start = System.nanoTime();

            assertInDoubt(failure(simple(server.url()).polling(POLLING.longest(SHORT)), update()));

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(MUCH_LESS);
            assertThat(server.left.await(8, TimeUnit.SECONDS)).isTrue();
        }

        private static final String ACCEPTED = "HTTP/1.1 202 OK\r\nLocation: /status\r\nContent-Length: 0\r\n\r\n";

        @Test
        void onAnotherHostAreNotAskedForAndInDoubt() throws IOException {
            RawServer other = closed(new RawServer(RawServer.text(RawServer.OK)));
            HttpDestination destination =
                    closed(simple().polling(POLLING).bearer(() -> "s3cret").build());

            for (String place : List.of(
                    other.url() + "/operations/1",
                    "//127.0.0.1:" + other.port() + "/operations/1",
                    "http://me@127.0.0.1:" + api.port() + "/operations/1",
                    "https://127.0.0.1:" + api.port() + "/operations/1",
                    "http://[",
                    "mailto:me@example.com")) {
                accept(place);
                Throwable failure = failure(send(destination, update()));
                assertInDoubt(failure);
                assertThat(failure).hasMessageContaining("none, or of another host, by header Location");
            }
            assertThat(other.requests).isEmpty();
            assertThat(calls(getRequestedFor(anyUrl()))).isEmpty();
        }

        @Test
        void thatAreRedirectedToAnotherHostAreNotFollowed() throws IOException {
            RawServer other = closed(new RawServer(RawServer.text(RawServer.OK)));
            then(status(303).withHeader("Location", other.url() + "/orders/7"));

            assertInDoubt(failure(simple().polling(POLLING), update()));

            assertThat(other.requests).isEmpty();
        }

        @Test
        void mayEndWithARedirectToWhatWasMade() {
            then(status(202), status(303).withHeader("Location", "/orders/7"));
            stub(get("/orders/7"), okJson("{\"id\":\"r-7\"}"));

            assertThat(result(posting().polling(HttpPolling.location().every(OFTEN)), create()))
                    .isEqualTo(PublishResult.withRemoteId("r-7"));
        }

        @Test
        void withoutAPlaceToAskAreInDoubt() {
            everything(status(202));

            Throwable failure = failure(simple().polling(POLLING), update());

            assertInDoubt(failure);
            assertThat(failure).hasMessageContaining("no place to ask by header Location");
        }

        @Test
        void areAskedAgainAsLateAsTheySay() {
            then(status(429).withHeader("Retry-After", "1"), okJson(DONE));
            long start = System.nanoTime();

            assertThat(result(simple().polling(POLLING), update())).isEqualTo(PublishResult.done());

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            assertThat(asked()).isEqualTo(2);
        }

        @Test
        void areAskedFirstAsLateAsTheySay() {
            everything(status(202).withHeader("Location", "/operations/1?t=x").withHeader("Retry-After", "1"));
            then(okJson(DONE));
            long start = System.nanoTime();

            result(simple().polling(POLLING), update());

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            assertThat(asked()).isEqualTo(1);
        }

        @Test
        void thatWouldBeAskedTooLateAreInDoubtAtOnce() {
            then(okJson(RUNNING).withHeader("Retry-After", "3600"));
            long start = System.nanoTime();

            assertInDoubt(failure(simple().polling(POLLING), update()));

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(MUCH_LESS);
            assertThat(asked()).isEqualTo(1);
        }

        @Test
        void areAskedAgainAfterWhatMayPass() {
            then(
                    status(503),
                    aResponse().withFault(Fault.CONNECTION_RESET_BY_PEER),
                    status(408),
                    status(500),
                    okJson(DONE));

            assertThat(result(simple().polling(POLLING), update())).isEqualTo(PublishResult.done());
        }

        @ParameterizedTest
        @ValueSource(ints = {400, 403, 404, 410, 304})
        void thatAreNotKnownAreInDoubt(int status) {
            then(status(status));

            assertInDoubt(failure(simple().polling(POLLING), update()));
            assertThat(asked()).isEqualTo(1);
        }

        @Test
        void thatSayTooMuchAreInDoubt() {
            then(okJson("{\"state\":\"done\",\"x\":\"" + "x".repeat(2000) + "\"}"));

            assertInDoubt(failure(simple().maxAnswerBytes(1024).polling(POLLING), update()));
        }

        @Test
        void areAskedWithAFreshToken() {
            AtomicInteger tokens = new AtomicInteger();
            then(status(401), okJson(DONE));

            assertThat(result(
                            simple().bearer(() -> "t" + tokens.incrementAndGet())
                                    .polling(POLLING),
                            update()))
                    .isEqualTo(PublishResult.done());
            assertThat(calls(getRequestedFor(anyUrl()))
                            .get(1)
                            .header("Authorization")
                            .firstValue())
                    .isEqualTo("Bearer t2");
        }

        @Test
        void holdNoThreadMeanwhile() {
            then(okJson(DONE));
            HttpDestination destination =
                    closed(simple().polling(POLLING.every(SHORT)).build());
            List<CompletableFuture<PublishResult>> all = new ArrayList<>();
            long start = System.nanoTime();

            for (int i = 0; i < 100; i++) {
                all.add(send(destination, update()));
            }
            all.forEach(HttpContract::answer);

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(SHORT.multipliedBy(100 / 8));
        }

        @Test
        void areNotAskedAnyMoreOnceTheyAreCancelled() throws Exception {
            RawServer server = closed(new RawServer((socket, out, request) -> {
                if (request.startsWith("PUT")) {
                    RawServer.write(out, ACCEPTED);
                } else {
                    socket.getInputStream().read();
                }
            }));
            CompletableFuture<PublishResult> sent = send(simple(server.url()).polling(POLLING), update());
            await().until(() -> server.requests.size() == 2);

            sent.cancel(true);

            assertThat(server.left.await(8, TimeUnit.SECONDS)).isTrue();
        }

        @Test
        void areInDoubtWhereTheDestinationIsClosed() {
            HttpDestination destination =
                    simple().polling(POLLING.every(Duration.ofSeconds(6))).build();
            CompletableFuture<PublishResult> sent = send(destination, update());
            await().until(() -> calls().size() == 1);
            long start = System.nanoTime();

            destination.close();

            assertInDoubt(failure(sent));
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(MUCH_LESS);
        }

        @Test
        void mayBeWholeBatches() {
            then(okJson(RUNNING), okJson("{\"state\":\"done\",\"results\":[{\"s\":200},{\"s\":422}]}"));
            HttpDestination destination = closed(simple().polling(POLLING)
                    .batch(HttpBatch.post("/bulk", 9).resultsAt("/results").statusAt("/s"))
                    .build());

            List<CompletionStage<PublishResult>> stages =
                    destination.sendAll(List.of(update(), TestPublication.update(8L, PAID)));

            assertThat(answer(stages.get(0))).isEqualTo(PublishResult.done());
            assertThat(failure(stages.get(1))).isInstanceOf(RejectedException.class);
            assertThat(asked()).isEqualTo(2);
        }

        @Test
        void areSuccessesWhereNothingIsSaid() {
            assertThat(result(simple(), update())).isEqualTo(PublishResult.done());
            assertThat(calls()).hasSize(1);
        }
    }

    @Nested
    class Closing {

        @Test
        void sendsNothingMore() {
            HttpDestination destination = simple().build();
            destination.close();
            destination.close();

            assertThat(failure(send(destination, update()))).isInstanceOf(NotAcceptedException.class);
            assertThat(calls()).isEmpty();
        }

        @Test
        void abortsWhatIsUnderWay() throws Exception {
            RawServer server = closed(new RawServer(
                    (socket, out, request) -> socket.getInputStream().read()));
            HttpDestination destination = simple(server.url()).build();
            CompletableFuture<PublishResult> sent = send(destination, update());
            await().until(() -> server.requests.size() == 1);

            destination.close();

            assertInDoubt(failure(sent));
            assertThat(server.left.await(8, TimeUnit.SECONDS)).isTrue();
        }

        @Test
        void leavesSiblingsTheirConnections() {
            everything(status(200));
            HttpDestination orders =
                    simple().header("X-Api", "2").bearer(() -> "s3cret").build();
            HttpDestination customers =
                    closed(orders.sibling().put("/customers/{id}").build());
            orders.close();

            answer(send(customers, update()));

            assertThat(customers.name()).isEqualTo(orders.name());
            assertThat(onlyCall().getUrl()).isEqualTo("/customers/7");
            assertThat(onlyCall().header("X-Api").firstValue()).isEqualTo("2");
            assertThat(onlyCall().header("Authorization").firstValue()).isEqualTo("Bearer s3cret");
        }
    }

    @Nested
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    class Tls {

        private Certificates own;
        private Certificates other;
        private WireMockServer secure;
        private WireMockServer strict;

        @BeforeAll
        void startSecure(@TempDir Path folder) throws Exception {
            own = Certificates.of(folder, "localhost");
            other = Certificates.of(folder, "api.example");
            secure = secure(own, false, folder);
            strict = secure(own, true, folder);
        }

        private WireMockServer secure(Certificates certificates, boolean needsClient, Path folder) throws Exception {
            WireMockServer server = new WireMockServer(options()
                    .dynamicPort()
                    .dynamicHttpsPort()
                    .keystorePath(certificates.file.toString())
                    .keystoreType("PKCS12")
                    .keystorePassword(Certificates.PASSWORD)
                    .keyManagerPassword(Certificates.PASSWORD)
                    .needClientAuth(needsClient)
                    .trustStorePath(other.trustFile(folder).toString())
                    .trustStoreType("PKCS12")
                    .trustStorePassword(Certificates.PASSWORD));
            server.start();
            server.stubFor(any(anyUrl()).willReturn(status(200)));
            return server;
        }

        @AfterAll
        void stopSecure() {
            secure.stop();
            strict.stop();
        }

        private String url(WireMockServer server) {
            return "https://localhost:" + server.httpsPort();
        }

        @Test
        void isSpokenToWhoIsTrusted() throws Exception {
            assertThat(result(simple(url(secure)).sslContext(own.trustedBy()), update()))
                    .isEqualTo(PublishResult.done());
        }

        @Test
        void isHttp2WhereItIsOffered() throws Exception {
            secure.resetRequests();

            result(simple(url(secure)).sslContext(own.trustedBy()), update());

            assertThat(secure.findAll(putRequestedFor(anyUrl())).get(0).getProtocol())
                    .isEqualTo("HTTP/2.0");
        }

        @Test
        void isNotSpokenToWhoIsNotTrusted() {
            secure.resetRequests();

            assertThat(failure(simple(url(secure)), update())).isInstanceOf(NotAcceptedException.class);
            assertThat(secure.findAll(anyRequestedFor(anyUrl()))).isEmpty();
        }

        @Test
        void isNotSpokenToWhoHasAnotherName() throws Exception {
            secure.resetRequests();

            assertThat(failure(simple("https://127.0.0.1:" + secure.httpsPort()).sslContext(own.trustedBy()), update()))
                    .isInstanceOf(NotAcceptedException.class);
            assertThat(secure.findAll(anyRequestedFor(anyUrl()))).isEmpty();
        }

        @Test
        void showsACertificate() throws Exception {
            assertThat(result(simple(url(strict)).sslContext(own.trustedBy(other)), update()))
                    .isEqualTo(PublishResult.done());
        }

        @Test
        void failsWithoutACertificateThatIsAskedFor() throws Exception {
            strict.resetRequests();

            Throwable failure = failure(simple(url(strict)).sslContext(own.trustedBy()), update());

            assertThat(failure).isInstanceOfAny(NotAcceptedException.class, IOException.class);
            assertThat(strict.findAll(anyRequestedFor(anyUrl()))).isEmpty();
        }

        @Test
        void isNotMistakenForPlainText() {
            assertThat(failure(simple("https://localhost:" + secure.port()), update()))
                    .isInstanceOf(NotAcceptedException.class);
        }
    }
}
