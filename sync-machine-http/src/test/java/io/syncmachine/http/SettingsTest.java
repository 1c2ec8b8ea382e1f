package io.syncmachine.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.syncmachine.FailureKind;
import io.syncmachine.NotAcceptedException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLContext;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said wrongly is told. */
class SettingsTest {

    private static HttpDestination.Builder to() {
        return HttpDestination.to("https://api.example.com").transport(HttpTransport.jdk());
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> fails(UnaryOperator<HttpDestination.Builder> said) {
        return assertThatThrownBy(() -> said.apply(to()).build().close());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "api.example.com",
                "ftp://api.example.com",
                "https://",
                "https://me:s3cret@api.example.com",
                "https://api.example.com?key=s3cret",
                "https://api.example.com#s3cret",
                "http://[",
                "file:///etc/s3cret"
            })
    void aBaseAddressIsAUrl(String text) {
        assertThatThrownBy(() -> HttpDestination.to(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("the base address must be ")
                .message()
                .doesNotContain("s3cret");
    }

    @Test
    void theNameIsTheHost() {
        assertThat(name("https://API.example.com/v1")).isEqualTo("api.example.com");
        assertThat(name("http://localhost:8080")).isEqualTo("localhost-8080");
        assertThat(name("http://[::1]:8080")).isEqualTo("---1--8080");
    }

    private static String name(String base) {
        try (HttpDestination destination = HttpDestination.to(base)
                .transport(HttpTransport.jdk())
                .put("/{id}")
                .build()) {
            return destination.name();
        }
    }

    @Test
    void whatIsMissingIsTold() {
        fails(to -> to).hasMessageStartingWith("create is missing: say put(path) for both");
        fails(to -> to.post("/orders")).hasMessageStartingWith("update is missing");
        fails(to -> to.patch("/orders/{id}")).hasMessageStartingWith("create is missing");
        fails(to -> to.put("/orders/{remoteId}").remoteIdAt("/id"))
                .hasMessageStartingWith("create is missing, as put(/orders/{remoteId}) needs the API's id");
        fails(to -> to.post("/orders").put("/orders/{remoteId}"))
                .hasMessageStartingWith("PUT /orders/{remoteId} needs {remoteId}, but it is not said where");
        fails(to -> to.put("/{id}").delete("/{remoteId}"))
                .hasMessageStartingWith("DELETE /{remoteId} needs {remoteId}");
        fails(to -> to.post("/orders")
                        .put("/orders/{remoteId}")
                        .remoteIdAt("/id")
                        .adoptOnConflict())
                .hasMessageStartingWith("adoptOnConflict() needs lookup(…)");
        fails(to -> to.post("/o").put("/o/{remoteId}").remoteIdAt("/id").batch(HttpBatch.post("/b", 9)))
                .hasMessageStartingWith("batch needs resultsAt(…)");
        fails(to -> to.put("/{id}").deleteBatch(HttpBatch.post("/b", 9)))
                .hasMessageStartingWith("deleteBatch needs delete(path)");
    }

    @Test
    void whatIsContradictoryIsTold() {
        fails(to -> to.put("/{id}").post("/").patch("/{id}")).hasMessageStartingWith("put(/{id}) is never used");
        fails(to -> to.put("/{id}").adoptOnConflict())
                .hasMessage("adoptOnConflict() needs an update that differs from the create, but both are PUT /{id}");
        fails(to -> to.put("/{id}").patchDifference("/{id}").body(publication -> ""))
                .hasMessageContaining("exclude each other");
        fails(to -> to.put("/{id}").versionHeader("idempotency-key")).hasMessageContaining("must differ");
        fails(to -> to.put("/{id}").header("idempotency-key", publication -> ""))
                .hasMessageContaining("is said twice, as it has");
        fails(to -> to.put("/{id}").refusePrivateAddresses().proxy("proxy", 3128))
                .hasMessageContaining("exclude each other");
        fails(to -> to.put("/{id}").bearer(() -> "").basic("me", () -> "")).hasMessageContaining("said twice");
        fails(to -> to.put("/{id}").bearer(() -> "").header("Authorization", publication -> ""))
                .hasMessageContaining("leave one out");
        fails(to -> to.put("/{id}").header("Authorization", "Bearer s3cret")).hasMessageContaining("is a secret");
        assertThatThrownBy(() -> HttpDestination.to("http://localhost")
                        .put("/{id}")
                        .sslContext(SSLContext.getDefault())
                        .build())
                .hasMessageContaining("is not https");
    }

    @Test
    void whatIsWrongWithPollingIsTold() {
        fails(to -> to.put("/{id}").polling(HttpPolling.location()).successOnStatus(202))
                .hasMessageContaining("of which another meaning is said");
        fails(to -> to.polling(HttpPolling.location()).polling(HttpPolling.location()))
                .hasMessageContaining("polling is said twice");
        assertThatThrownBy(() -> HttpPolling.at("status")).hasMessageContaining("must be a JSON pointer");
        assertThatThrownBy(() -> HttpPolling.location().every(Duration.ZERO))
                .hasMessage("every must be from 10 ms to a day, but is PT0S");
        assertThatThrownBy(() -> HttpPolling.location().longest(Duration.ofDays(2)))
                .hasMessageStartingWith("longest must be from 10 ms");
        assertThatThrownBy(() -> HttpPolling.location().doneWhen("/s", "x").failedWhen("/s", "x"))
                .hasMessage("what 'x' at '/s' means is said twice");
    }

    @Test
    void whatIsSaidTwiceIsTold() {
        fails(to -> to.put("/a").put("/b")).hasMessage("put is said twice, before as PUT /a");
        fails(to -> to.post("/a").create("PUT", "/b")).hasMessage("create is said twice, before as POST /a");
        fails(to -> to.patch("/a").patchDifference("/b")).hasMessageContaining("update is said twice");
        fails(to -> to.delete("/a").delete("/b")).hasMessageContaining("delete is said twice");
        fails(to -> to.lookup("/a").lookup("/b", "/id")).hasMessageContaining("lookup is said twice");
        fails(to -> to.remoteIdAt("/a").remoteIdFromLocation()).hasMessageContaining("said twice, before as '/a'");
        fails(to -> to.successWhen("/a", "b").successWhen("/a", "b")).hasMessageContaining("successWhen is said twice");
        fails(to -> to.onStatus(404, FailureKind.rejected()).successOnStatus(404))
                .hasMessageContaining("the meaning of status 404 is said twice");
        fails(to -> to.header("X-A", "1").secretHeader("x-a", () -> "2")).hasMessage("header x-a is said twice");
        fails(to -> to.connectTimeout(Duration.ofSeconds(1)).connectTimeout(Duration.ofSeconds(1)))
                .hasMessageContaining("said twice");
        fails(to -> to.transport(HttpTransport.jdk())).hasMessageContaining("transport is said twice");
    }

    @Test
    void rangesAreTold() {
        fails(to -> to.timeout(Duration.ZERO))
                .hasMessage("timeout must be above zero and at most 365 days, but is PT0S");
        fails(to -> to.connectTimeout(Duration.ofSeconds(-1))).hasMessageStartingWith("connectTimeout must be above");
        fails(to -> to.defaultPause(Duration.ofDays(400))).hasMessageStartingWith("defaultPause must be");
        fails(to -> to.longestPause(Duration.ZERO)).hasMessageStartingWith("longestPause must be");
        fails(to -> to.maxAnswerBytes(1)).hasMessage("maxAnswerBytes must be from 1024 to 67108864, but is 1");
        fails(to -> to.onStatus(99, FailureKind.rejected())).hasMessage("a status must be from 200 to 599, but is 99");
        fails(to -> to.name("a b")).hasMessageStartingWith("name must be 1 to 100 letters");
        fails(to -> to.proxy("", 1)).hasMessageStartingWith("proxy must be a host");
        fails(to -> to.proxy("proxy", 70_000)).hasMessageStartingWith("proxy must be a host and a port");
        fails(to -> to.header("Content-Length", "1")).hasMessageContaining("is set by itself");
        fails(to -> to.header("X A", "1")).hasMessageContaining("must be the name of a header");
        fails(to -> to.header("X-A", "a\nb")).hasMessageContaining("must be visible ASCII");
        fails(to -> to.update("patch", "/a")).hasMessageContaining("must be in capitals");
        fails(to -> to.remoteIdAt("id")).hasMessage("remoteIdAt must be a JSON pointer such as /data/id, but is 'id'");
        fails(to -> to.basic("a:b", () -> "")).hasMessageStartingWith("user must not be empty");
        fails(to -> to.post("/{remoteId}")).hasMessageContaining("cannot have {remoteId}");
        fails(to -> to.lookup("/{remoteId}")).hasMessageContaining("cannot have {remoteId}");
        assertThatThrownBy(() -> HttpBatch.post("/b", 1))
                .hasMessage("the size of a batch must be from 2 to 10000, but is 1");
        assertThatThrownBy(() -> HttpBatch.post("/{id}", 2)).hasMessageContaining("must have no values");
    }

    @Test
    void secretsDoNotGoAsPlainText() {
        Consumer<UnaryOperator<HttpDestination.Builder>> plain =
                said -> said.apply(HttpDestination.to("http://api.example.com")
                                .transport(HttpTransport.jdk())
                                .put("/{id}"))
                        .build()
                        .close();

        assertThatThrownBy(() -> plain.accept(to -> to.bearer(() -> "s3cret")))
                .hasMessageStartingWith("secrets would go to http://api.example.com as plain text");
        assertThatThrownBy(() -> plain.accept(to -> to.secretHeader("X-Key", () -> "s3cret")))
                .hasMessageContaining("plain text");
        plain.accept(to -> to.bearer(() -> "s3cret").allowPlainHttp());
        plain.accept(to -> to);
    }

    @Test
    void aTransportThatCannotDoItSaysSo() {
        fails(to -> to.put("/{id}").refusePrivateAddresses()).hasMessageContaining("cannot be kept by java.net.http");
        fails(to -> to.put("/{id}").proxy("proxy", 3128, "me", () -> "s3cret"))
                .hasMessageContaining("jdk.http.auth.tunneling.disabledSchemes")
                .message()
                .doesNotContain("s3cret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"})
    void privateAddressesAreNotConnectedTo(String base) throws Exception {
        try (HttpDestination destination =
                HttpDestination.to(base).put("/{id}").refusePrivateAddresses().build()) {
            assertThatThrownBy(() -> destination
                            .send(TestPublication.create(1, "{}"))
                            .toCompletableFuture()
                            .get())
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOf(NotAcceptedException.class)
                    .hasMessageContaining("UnknownHostException");
        }
    }

    @Test
    void siblingsShareConnections() {
        try (HttpDestination destination = to().put("/{id}").name("partner").build()) {
            assertThatThrownBy(() -> destination.sibling().proxy("proxy", 3128))
                    .hasMessage(
                            "proxy belongs to the connections, which this sibling of destination 'partner' shares; say it there");
            try (HttpDestination sibling =
                    destination.sibling().put("/other/{id}").build()) {
                assertThat(sibling.name()).isEqualTo("partner");
            }
        }
    }

    @Test
    void aClientCertificateIsRead(@TempDir Path folder) throws Exception {
        Certificates certificates = Certificates.of(folder, "client");
        to().put("/{id}")
                .clientCertificate(certificates.file, Certificates.PASSWORD::toCharArray)
                .build()
                .close();

        fails(to -> to.clientCertificate(certificates.file, "wrong-one"::toCharArray))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot be read");
    }

    @Test
    void whatItCanDoIsSaid() {
        try (HttpDestination plain = to().put("/{id}").build();
                HttpDestination full = to().post("/")
                        .put("/{remoteId}")
                        .delete("/{remoteId}")
                        .remoteIdAt("/id")
                        .batch(HttpBatch.post("/b", 50).resultsAt(""))
                        .build()) {
            assertThat(plain.deletes()).isFalse();
            assertThat(plain.givesRemoteIds()).isFalse();
            assertThat(plain.batchSize()).isEqualTo(1);
            assertThat(full.deletes()).isTrue();
            assertThat(full.givesRemoteIds()).isTrue();
            assertThat(full.batchSize()).isEqualTo(50);
            assertThat(full)
                    .hasToString(
                            "HttpDestination[api.example.com, https://api.example.com, create POST /, update PUT /{remoteId},"
                                    + " delete DELETE /{remoteId}, lookup null, batch HttpBatch[POST /b, at most 50]]");
        }
    }
}
