package io.syncmachine.http;

import java.net.URI;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What an {@link HttpTransport} sends. Its {@code toString} shows neither headers nor body nor the values in the address. */
public final class HttpCall {

    private final String method;
    private final URI uri;
    private final Map<String, String> headers;
    private final byte @Nullable [] body;
    private final int maxAnswerBytes;

    HttpCall(String method, URI uri, Map<String, String> headers, byte @Nullable [] body, int maxAnswerBytes) {
        this.method = method;
        this.uri = uri;
        this.headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
        this.body = body;
        this.maxAnswerBytes = maxAnswerBytes;
    }

    /** The method, in capitals. */
    public String method() {
        return method;
    }

    /** The whole address, percent-encoded. */
    public URI uri() {
        return uri;
    }

    /** The headers, all but those of the connection and the length of the body. */
    public Map<String, String> headers() {
        return headers;
    }

    /** The body; not to be changed. */
    @SuppressWarnings("MutableArrayReturn") // a copy of every body is not worth it
    public Optional<byte[]> body() {
        return Optional.ofNullable(body);
    }

    /** How many bytes of an answer's body are read at most. */
    public int maxAnswerBytes() {
        return maxAnswerBytes;
    }

    @Override
    public String toString() {
        return "HttpCall[" + method + " " + uri.getScheme() + "://" + uri.getAuthority() + "]";
    }
}
