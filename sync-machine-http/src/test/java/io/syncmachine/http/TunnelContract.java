package io.syncmachine.http;

import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.status;
import static com.github.tomakehurst.wiremock.core.WireMockConfiguration.options;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What a destination promises behind a proxy, whose tunnels lead to an API that speaks TLS. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TunnelContract {

    private static final String PASSWORD = "pr0xy-s3cret";
    private static final String TOKEN = "ap1-s3cret";

    private Certificates certificates;
    private WireMockServer server;
    private WireMockServer older;

    /**
     * One call through a proxy.
     *
     * @param kind U for an update, else a delete
     * @param user for the proxy; null for none
     */
    record Way(
            Path file,
            int port,
            int proxy,
            String kind,
            @Nullable String user,
            String password) {

        /** Sends, and says what became of it, with everything that a failure tells. */
        String send(HttpTransport.Factory transport) throws Exception {
            HttpDestination.Builder builder = HttpDestination.to("https://localhost:" + port)
                    .put("/orders/{id}")
                    .delete("/orders/{id}")
                    .bearer(() -> TOKEN)
                    .sslContext(Certificates.load(file).trustedBy())
                    .transport(transport);
            builder = user == null
                    ? builder.proxy("127.0.0.1", proxy)
                    : builder.proxy("127.0.0.1", proxy, user, () -> password);
            StringWriter told = new StringWriter();
            try (HttpDestination destination = builder.build()) {
                told.write(destination + " ");
                TestPublication publication =
                        kind.equals("U") ? TestPublication.update(7L, "{}") : TestPublication.delete(7L);
                told.write(destination
                        .send(publication)
                        .toCompletableFuture()
                        .get()
                        .toString());
            } catch (ExecutionException e) {
                Objects.requireNonNull(e.getCause()).printStackTrace(new PrintWriter(told, true));
            }
            return told.toString();
        }
    }

    /** What becomes of it, and all that is logged meanwhile. */
    protected abstract String send(Way way) throws Exception;

    /** In this JVM. */
    static String sendHere(Way way, HttpTransport.Factory transport) throws Exception {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        Logger own = (Logger) LoggerFactory.getLogger("io.syncmachine");
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        logged.start();
        root.addAppender(logged);
        own.setLevel(Level.TRACE);
        try {
            return way.send(transport)
                    + List.copyOf(logged.list).stream()
                            .filter(event -> event.getLevel().isGreaterOrEqual(Level.INFO)
                                    || event.getLoggerName().startsWith("io.syncmachine"))
                            .map(event -> event.getFormattedMessage() + event.getThrowableProxy())
                            .collect(Collectors.joining("\n", "\n", ""));
        } finally {
            own.setLevel(null);
            root.detachAppender(logged);
        }
    }

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        certificates = Certificates.of(folder, "localhost");
        server = server(false);
        older = server(true);
    }

    private WireMockServer server(boolean isOld) {
        WireMockServer server = new WireMockServer(options()
                .dynamicPort()
                .http2TlsDisabled(isOld)
                .dynamicHttpsPort()
                .keystorePath(certificates.file.toString())
                .keystoreType("PKCS12")
                .keystorePassword(Certificates.PASSWORD)
                .keyManagerPassword(Certificates.PASSWORD));
        server.start();
        server.stubFor(any(anyUrl()).willReturn(status(200)));
        return server;
    }

    @AfterAll
    void stop() {
        server.stop();
        older.stop();
    }

    @BeforeEach
    void reset() {
        server.resetAll();
        server.stubFor(any(anyUrl()).willReturn(status(200)));
        older.resetRequests();
    }

    private String send(TunnelProxy proxy, String kind, @Nullable String user, String password) throws Exception {
        return send(server, proxy, kind, user, password);
    }

    private String send(WireMockServer to, TunnelProxy proxy, String kind, @Nullable String user, String password)
            throws Exception {
        String told = send(new Way(certificates.file, to.httpsPort(), proxy.port(), kind, user, password));
        assertThat(told).doesNotContain(PASSWORD, TunnelProxy.coded("me", PASSWORD), TOKEN);
        if (!password.isEmpty()) {
            assertThat(told).doesNotContain(password, TunnelProxy.coded("me", password));
        }
        return told;
    }

    private List<LoggedRequest> calls() {
        return server.findAll(anyRequestedFor(anyUrl()));
    }

    @Test
    void whatIsSentIsNotSeenByTheProxy() throws Exception {
        try (TunnelProxy proxy = TunnelProxy.open()) {
            assertThat(send(proxy, "U", null, "")).contains("PublishResult");

            assertThat(proxy.heads).hasSize(1);
            assertThat(proxy.heads.get(0))
                    .startsWith("CONNECT localhost:" + server.httpsPort() + " HTTP/1.1\r\n")
                    .doesNotContain("orders", "Idempotency", TOKEN);
            assertThat(calls()).hasSize(1);
            assertThat(calls().get(0).header("Authorization").firstValue()).isEqualTo("Bearer " + TOKEN);
        }
    }

    @Test
    void aPasswordIsForTheProxyAlone() throws Exception {
        try (TunnelProxy proxy = TunnelProxy.forUser("me", PASSWORD)) {
            assertThat(send(proxy, "U", "me", PASSWORD)).contains("PublishResult");

            assertThat(proxy.heads)
                    .allSatisfy(head -> assertThat(head).startsWith("CONNECT ").doesNotContain("orders", TOKEN));
            assertThat(calls()).hasSize(1);
            assertThat(calls().get(0).getProtocol()).isEqualTo("HTTP/2.0");
            assertThat(calls().get(0).containsHeader("Proxy-Authorization")).isFalse();
            proxy.heads.clear();

            assertThat(send(older, proxy, "U", "me", PASSWORD)).contains("PublishResult");

            assertThat(proxy.heads).isNotEmpty();
            LoggedRequest call = older.findAll(anyRequestedFor(anyUrl())).get(0);
            assertThat(call.getProtocol()).isEqualTo("HTTP/1.1");
            assertThat(call.containsHeader("Proxy-Authorization")).isFalse();
        }
    }

    /** That there is a password for the proxy must not keep the API's answer from being judged. */
    @Test
    void theApiMayStillRefuseTheToken() throws Exception {
        server.stubFor(any(anyUrl()).willReturn(status(401)));
        try (TunnelProxy proxy = TunnelProxy.forUser("me", PASSWORD)) {
            assertThat(send(proxy, "U", "me", PASSWORD)).contains("io.syncmachine.UnauthorizedException", ": 401");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"U", "D"})
    void aWrongPasswordIsNotLetInAndNothingIsSent(String kind) throws Exception {
        try (TunnelProxy proxy = TunnelProxy.forUser("me", PASSWORD)) {
            assertThat(send(proxy, kind, "me", "wr0ng-s3cret"))
                    .contains("io.syncmachine.UnauthorizedException", ": 407");

            assertThat(calls()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"U", "D"})
    void aPasswordThatIsMissingIsNotLetInAndNothingIsSent(String kind) throws Exception {
        try (TunnelProxy proxy = TunnelProxy.forUser("me", PASSWORD)) {
            assertThat(send(proxy, kind, null, "")).contains("io.syncmachine.UnauthorizedException", ": 407");

            assertThat(calls()).isEmpty();
        }
    }

    /** What the proxy answers is no answer of the API's: not that of a delete of what is not there, for instance. */
    @ParameterizedTest
    @ValueSource(ints = {403, 404, 429, 502, 503})
    void aTunnelThatIsRefusedSendsNothing(int status) throws Exception {
        try (TunnelProxy proxy = TunnelProxy.refusing(status)) {
            assertThat(send(proxy, "D", null, "")).contains("io.syncmachine.NotAcceptedException");
            assertThat(send(proxy, "U", null, "")).contains("io.syncmachine.NotAcceptedException");

            assertThat(calls()).isEmpty();
        }
    }
}
