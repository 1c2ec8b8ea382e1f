package io.syncmachine.torture;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.syncmachine.torture.Ledger.Effect;
import io.syncmachine.torture.Shop.Document;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The API: {@code PUT /orders/{id}} and {@code DELETE /orders/{id}} over HTTP 1.1, on bare sockets, for it answers as no server should. It
 * answers what it took with JSON that repeats id and version.
 */
final class Api implements AutoCloseable {

    /** How a caller says until when its call may take effect, as milliseconds by the clock on the wall. */
    static final String DEADLINE = "Publication-Deadline";

    static final String VERSION = "Publication-Version";
    static final String WORKER = "Worker";

    private static final int HUGE = 50 * 1024 * 1024;
    private static final String PATH = "/orders/";
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .build();

    private final ServerSocket listening = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    private final ExecutorService threads = Executors.newCachedThreadPool(runnable -> {
        Thread thread = new Thread(runnable, "api");
        thread.setDaemon(true);
        return thread;
    });
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private final Ledger ledger;
    private final LongFunction<Fault> faults;

    private record Request(String method, long id, Map<String, String> headers, String body) {

        long number(String header) throws IOException {
            String value = headers.get(header.toLowerCase(Locale.ROOT));
            if (value == null) {
                throw new IOException("a request without " + header);
            }
            return Long.parseLong(value);
        }
    }

    private Api(Ledger ledger, LongFunction<Fault> faults) throws IOException {
        this.ledger = ledger;
        this.faults = faults;
    }

    /**
     * Starts one on a free port.
     *
     * @param faults tells how to answer the next call of a subject
     */
    static Api start(Ledger ledger, LongFunction<Fault> faults) throws IOException {
        Api api = new Api(ledger, faults);
        api.threads.execute(api::accept);
        return api;
    }

    /** Where it listens. */
    String url() {
        return "http://127.0.0.1:" + listening.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listening.accept();
                connections.add(socket);
                threads.execute(() -> serve(socket));
            }
        } catch (IOException | RejectedExecutionException e) {
            // closed
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(socket.getInputStream());
            Request request;
            do {
                request = read(in);
            } while (request != null && answer(request, socket));
        } catch (IOException e) {
            // The caller is gone, and with it the connection.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            connections.remove(socket);
        }
    }

    private static @Nullable Request read(InputStream in) throws IOException {
        String first = line(in);
        if (first == null) {
            return null;
        }
        String[] words = first.split(" ", -1);
        Map<String, String> headers = new HashMap<>();
        String line;
        while ((line = line(in)) != null && !line.isEmpty()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
        byte[] body = in.readNBytes(length);
        if (line == null || body.length < length || words.length != 3 || !words[1].startsWith(PATH)) {
            throw new IOException("not a request, or half of one");
        }
        return new Request(
                words[0],
                Long.parseLong(words[1].substring(PATH.length())),
                headers,
                new String(body, StandardCharsets.UTF_8));
    }

    private static @Nullable String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder(80);
        int next;
        while ((next = in.read()) != '\n') {
            if (next < 0) {
                return null;
            }
            line.append((char) next);
        }
        line.setLength(Math.max(line.length() - 1, 0));
        return line.toString();
    }

    /** Answers one; whether the connection may be used again. */
    private boolean answer(Request request, Socket socket) throws IOException, InterruptedException {
        try (Ledger.Call call =
                ledger.begin(request.id(), request.number(VERSION), request.number(DEADLINE), request.number(WORKER))) {
            Fault fault = faults.apply(call.id());
            byte[] answer = http("503 Service Unavailable", "{\"error\":\"try again\"}");
            if (fault.isApplied()) {
                Document document = null;
                if (!request.method().equals("DELETE")) {
                    document = document(request);
                    if (document == null || document.status().equals(Shop.REFUSED)) {
                        return send(socket, http("422 Unprocessable Content", "{\"error\":\"refused\"}"));
                    }
                }
                Effect effect = call.apply(document);
                if (effect == Effect.OUTDATED) {
                    return send(socket, http("409 Conflict", "{\"error\":\"a later version was accepted\"}"));
                }
                if (fault.losesAnswer() || call.millisLeft() <= ApiClient.MARGIN.toMillis()) {
                    call.answerLost();
                }
                answer = http(
                        effect == Effect.NOTHING_TO_DELETE ? "404 Not Found" : "200 OK",
                        "{\"id\":" + call.id() + ",\"version\":" + call.version() + "}");
            }
            return misbehave(fault, call, answer, socket);
        }
    }

    private static @Nullable Document document(Request request) throws IOException {
        try {
            Document document = JSON.readValue(request.body(), Document.class);
            return document.id() == request.id() ? document : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    private static boolean misbehave(Fault fault, Ledger.Call call, byte[] answer, Socket socket)
            throws IOException, InterruptedException {
        return switch (fault) {
            case NONE, UNAVAILABLE -> send(socket, answer);
            case THROTTLED_FOR_SECONDS ->
                send(socket, http("429 Too Many Requests", "{\"error\":\"too many\"}", "Retry-After: 1"));
            case THROTTLED_UNTIL_DATE ->
                send(
                        socket,
                        http(
                                "429 Too Many Requests",
                                "{\"error\":\"too many\"}",
                                "Retry-After: "
                                        + DateTimeFormatter.RFC_1123_DATE_TIME.format(
                                                Instant.now().plusSeconds(2).atOffset(ZoneOffset.UTC))));
            case FAILING -> send(socket, http("500 Internal Server Error", "{\"error\":\"something broke\"}"));
            case TIMEOUT_AFTER, TIMEOUT_BEFORE -> {
                Thread.sleep(call.millisLeft());
                yield false;
            }
            case RESET_AFTER, RESET_BEFORE -> {
                socket.setSoLinger(true, 0);
                yield false;
            }
            case HTML -> send(socket, http("200 OK", "<html><body>We will be back soon.</body></html>"));
            case CUT_JSON -> send(socket, http("200 OK", "{\"id\":" + call.id() + ",\"ver"));
            case CUT_ANSWER -> {
                socket.getOutputStream().write(answer, 0, answer.length - 3);
                yield false;
            }
            case HUGE -> {
                byte[] spaces = new byte[64 * 1024];
                Arrays.fill(spaces, (byte) ' ');
                OutputStream out = socket.getOutputStream();
                out.write(head("200 OK", HUGE));
                for (int sent = 0; sent < HUGE; sent += spaces.length) {
                    out.write(spaces);
                }
                yield true;
            }
            case SLOW -> {
                OutputStream out = socket.getOutputStream();
                out.write(head("200 OK", 1_000));
                while (call.millisLeft() > 0) {
                    out.write(' ');
                    Thread.sleep(Math.min(call.millisLeft(), 1_000));
                }
                yield false;
            }
        };
    }

    private static boolean send(Socket socket, byte[] answer) throws IOException {
        socket.getOutputStream().write(answer);
        return true;
    }

    private static byte[] http(String status, String body, String... headers) {
        byte[] bytes = body.getBytes(StandardCharsets.US_ASCII);
        byte[] head = head(status, bytes.length, headers);
        byte[] all = Arrays.copyOf(head, head.length + bytes.length);
        System.arraycopy(bytes, 0, all, head.length, bytes.length);
        return all;
    }

    private static byte[] head(String status, int length, String... headers) {
        StringBuilder head = new StringBuilder("HTTP/1.1 ").append(status).append("\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        head.append("Content-Type: application/json\r\nContent-Length: ")
                .append(length)
                .append("\r\n\r\n");
        return head.toString().getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void close() throws IOException {
        listening.close();
        threads.shutdownNow();
        for (Socket socket : connections) {
            socket.close();
        }
    }
}
