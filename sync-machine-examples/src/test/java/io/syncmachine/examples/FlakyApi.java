package io.syncmachine.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** An API of somebody else's, whose first answers are errors. */
final class FlakyApi implements AutoCloseable {

    private final Map<String, String> documents = new ConcurrentHashMap<>();
    private final AtomicInteger calls = new AtomicInteger();
    private final int failing;
    private final HttpServer server;

    FlakyApi(int failing) throws IOException {
        this.failing = failing;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::handle);
        server.start();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
            String path = exchange.getRequestURI().getPath();
            int status = 204;
            if (calls.incrementAndGet() <= failing) {
                status = 500;
            } else if (exchange.getRequestMethod().equals("PUT")) {
                documents.put(path, body);
            } else if (documents.remove(path) == null) {
                status = 404;
            }
            exchange.sendResponseHeaders(status, -1);
        }
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    }

    int failures() {
        return Math.min(calls.get(), failing);
    }

    Map<String, String> documents() {
        return documents;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
