package io.syncmachine.http;

import java.util.Locale;
import java.util.Set;

/** Checks of what is said in settings. */
final class Syntax {

    /** What belongs to the connection, to the body, or to the destination. */
    private static final Set<String> OWN_HEADERS = Set.of(
            "accept-encoding",
            "connection",
            "content-encoding",
            "content-length",
            "content-type",
            "expect",
            "host",
            "keep-alive",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade");

    private Syntax() {}

    static String method(String method) {
        if (!method.matches("[A-Z]{1,20}") || method.equals("CONNECT") || method.equals("TRACE")) {
            throw new IllegalArgumentException("a method must be in capitals, such as POST, but is '" + method + "'");
        }
        return method;
    }

    static String pointer(String what, String pointer) {
        try {
            Json.pointer(pointer);
            return pointer;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    what + " must be a JSON pointer such as /data/id, but is '" + pointer + "'", e);
        }
    }

    static String header(String what, String name) {
        if (!name.matches("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")) {
            throw new IllegalArgumentException(what + " must be the name of a header, but is '" + name + "'");
        }
        if (OWN_HEADERS.contains(name.toLowerCase(Locale.ROOT))) {
            throw new IllegalArgumentException(
                    what + " must not be " + name + ", which is set by itself; for the body's type say contentType(…)");
        }
        return name;
    }
}
