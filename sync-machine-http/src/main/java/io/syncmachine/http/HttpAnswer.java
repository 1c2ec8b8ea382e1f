package io.syncmachine.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What an API answered. Immutable. Its {@code toString} shows the status alone. */
public final class HttpAnswer {

    private final int status;
    private final Map<String, List<String>> headers;
    private final byte[] body;
    private final boolean cut;
    private boolean parsed;
    private @Nullable JsonNode json;

    private HttpAnswer(int status, Map<String, List<String>> headers, byte[] body, boolean cut) {
        this.status = status;
        this.headers = headers;
        this.body = body;
        this.cut = cut;
    }

    /**
     * Made by a transport.
     *
     * @param headers by names in any case
     * @param body what was read of it; not to be changed afterwards
     * @param cut whether the body goes on
     */
    public static HttpAnswer of(int status, Map<String, List<String>> headers, byte[] body, boolean cut) {
        Map<String, List<String>> lower = new TreeMap<>();
        headers.forEach((name, values) -> lower.computeIfAbsent(name.toLowerCase(Locale.ROOT), key -> new ArrayList<>())
                .addAll(values));
        return new HttpAnswer(status, lower, body, cut);
    }

    /** The same with another body. */
    HttpAnswer with(byte[] body, boolean cut) {
        return new HttpAnswer(status, headers, body, cut);
    }

    /** The same with another status. */
    HttpAnswer with(int status) {
        return new HttpAnswer(status, headers, body, cut);
    }

    /** The status, from 100 to 999. */
    public int status() {
        return status;
    }

    /** The first header of this name, in any case. */
    public Optional<String> header(String name) {
        return headers(name).stream().findFirst();
    }

    /** All headers of this name, in any case. */
    public List<String> headers(String name) {
        return List.copyOf(headers.getOrDefault(name.toLowerCase(Locale.ROOT), List.of()));
    }

    /** Whether the body was longer than it may be, and only its beginning was read. */
    public boolean isCut() {
        return cut;
    }

    /** The body as text. */
    public String body() {
        return new String(body, StandardCharsets.UTF_8);
    }

    byte[] bytes() {
        return body;
    }

    /**
     * The value at a JSON pointer (RFC 6901) into the body: text without quotes, or a number, or true or false. Empty if there is none,
     * or it is null, an object or an array, or if the body is cut or no JSON.
     *
     * @throws IllegalArgumentException if this is no JSON pointer
     */
    public Optional<String> at(String pointer) {
        return json().flatMap(node -> Json.text(node.at(Json.pointer(pointer))));
    }

    /** The body; empty if it is cut or no JSON. */
    synchronized Optional<JsonNode> json() {
        if (!parsed) {
            json = cut ? null : Json.parse(body).orElse(null);
            parsed = true;
        }
        return Optional.ofNullable(json);
    }

    @Override
    public String toString() {
        return "HttpAnswer[" + status + "]";
    }
}
