package io.syncmachine.examples.support;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * A small API on a free local port that takes POST, PUT and DELETE. It keeps the documents itself, or hands each call on to another
 * server, so that calls can be counted there too.
 */
public final class ApiServer implements AutoCloseable {

    private static final String ORDERS = "/orders/";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int NO_CONTENT = 204;
    private static final int BAD_GATEWAY = 502;
    private static final int CONNECT_MILLIS = 2_000;

    static {
        // Without it, small answers may wait 40 ms for an acknowledgement.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private final CallRecorder recorder = new CallRecorder();
    private final ExecutorService threads = Executors.newCachedThreadPool(runnable -> {
        Thread thread = new Thread(runnable, "api");
        thread.setDaemon(true);
        return thread;
    });
    private final HttpServer server;
    private final String prefix;
    private final @Nullable HttpApi target;

    private ApiServer(@Nullable HttpApi target, String prefix) throws IOException {
        this.target = target;
        this.prefix = prefix;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::handle);
        server.setExecutor(threads);
        server.start();
    }

    /**
     * Starts one for {@code /orders/{id}}.
     *
     * @param forwardTo where calls are handed on to; null to keep the documents here
     * @throws IOException if nothing listens there
     */
    public static ApiServer start(@Nullable URI forwardTo) throws IOException {
        return start(forwardTo, ORDERS);
    }

    /**
     * Starts.
     *
     * @param forwardTo where calls are handed on to; null to keep the documents here
     * @param prefix what of a path stands before the subject, between slashes; a create may end there and tell its id in the body
     * @throws IOException if nothing listens there
     */
    public static ApiServer start(@Nullable URI forwardTo, String prefix) throws IOException {
        if (forwardTo == null) {
            return new ApiServer(null, prefix);
        }
        tryToConnect(forwardTo);
        return new ApiServer(new HttpApi(forwardTo, HttpApi.CALL_TIMEOUT.minusMillis(300)), prefix);
    }

    private static void tryToConnect(URI uri) throws IOException {
        int port = uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(uri.getHost(), port), CONNECT_MILLIS);
        } catch (IOException e) {
            throw new IOException("nothing listens at " + uri + " (" + e.getMessage() + ")", e);
        }
    }

    /** Where it listens. */
    public URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** What happened. */
    public CallRecorder recorder() {
        return recorder;
    }

    private void handle(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        try (exchange;
                CallRecorder.Call call =
                        recorder.begin(subject(exchange.getRequestURI().getPath(), body))) {
            boolean delete = exchange.getRequestMethod().equals("DELETE");
            HttpApi.Answer answer = take(exchange, delete ? null : body);
            if (answer.isSuccess() || (delete && answer.isGone())) {
                call.accepted(delete ? null : body);
            }
            call.beforeAnswer();
            if (answer.retryAfter() != null) {
                exchange.getResponseHeaders().set("Retry-After", answer.retryAfter());
            }
            exchange.sendResponseHeaders(answer.status(), -1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String subject(String path, String body) throws IOException {
        return path.length() > prefix.length()
                ? path.substring(prefix.length())
                : JSON.readTree(body).path("id").asText();
    }

    private HttpApi.Answer take(HttpExchange exchange, @Nullable String document) throws InterruptedException {
        if (target == null) {
            return new HttpApi.Answer(NO_CONTENT, null);
        }
        try {
            return target.call(
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().getPath(),
                    document,
                    exchange.getRequestHeaders().getFirst(HttpApi.IDEMPOTENCY_KEY),
                    exchange.getRequestHeaders().getFirst(HttpApi.VERSION));
        } catch (IOException e) {
            return new HttpApi.Answer(BAD_GATEWAY, null);
        }
    }

    @Override
    public void close() {
        recorder.releaseAnswers();
        server.stop(0);
        threads.shutdownNow();
    }
}
