package io.syncmachine.http;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.syncmachine.Publication;
import io.syncmachine.RejectedException;
import io.syncmachine.StoredDocument;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A path with places for values: <code>{id}</code>, <code>{remoteId}</code>, <code>{tenant}</code>, or a JSON pointer into the document. */
final class Template {

    private static final String OTHER_UNRESERVED = "-._~";

    private final String text;
    private final List<Part> parts;

    private sealed interface Part {}

    private record Literal(String text) implements Part {}

    private record Id() implements Part {}

    private record RemoteId() implements Part {}

    private record Tenant() implements Part {}

    private record Member(JsonPointer pointer) implements Part {}

    private Template(String text, List<Part> parts) {
        this.text = text;
        this.parts = parts;
    }

    /**
     * Reads a template.
     *
     * @param what is named in errors
     * @throws IllegalArgumentException if it does not begin with a slash, has a name that is unknown, or is no path
     */
    static Template of(String what, String text) {
        if (!text.startsWith("/") || text.startsWith("//")) {
            throw new IllegalArgumentException(what + " must begin with one slash, but is '" + text + "'");
        }
        List<Part> parts = new ArrayList<>();
        StringBuilder sample = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            int open = text.indexOf('{', at);
            int end = open < 0 ? text.length() : open;
            if (end > at) {
                parts.add(new Literal(text.substring(at, end)));
                sample.append(text, at, end);
            }
            if (open < 0) {
                break;
            }
            int close = text.indexOf('}', open);
            if (close < 0) {
                throw new IllegalArgumentException(what + " has a '{' that is never closed: '" + text + "'");
            }
            parts.add(part(what, text, text.substring(open + 1, close)));
            sample.append('x');
            at = close + 1;
        }
        if (sample.indexOf("#") >= 0 || !isUri("http://host" + sample)) {
            throw new IllegalArgumentException(
                    what + " must be a path, percent-encoded, without fragment, but is '" + text + "'");
        }
        return new Template(text, List.copyOf(parts));
    }

    private static Part part(String what, String text, String name) {
        return switch (name) {
            case "id" -> new Id();
            case "remoteId" -> new RemoteId();
            case "tenant" -> new Tenant();
            default -> {
                if (!name.startsWith("/")) {
                    throw new IllegalArgumentException(
                            what + " has the unknown name {" + name + "}: '" + text
                                    + "'; known are {id}, {remoteId}, {tenant}, and JSON pointers into the document as {/name}");
                }
                yield new Member(Json.pointer(name));
            }
        };
    }

    private static boolean isUri(String text) {
        try {
            return URI.create(text).getHost() != null;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Whether it has no places for values. */
    boolean isFixed() {
        return parts.stream().allMatch(Literal.class::isInstance);
    }

    boolean needsRemoteId() {
        return parts.stream().anyMatch(RemoteId.class::isInstance);
    }

    /**
     * The path for a publication.
     *
     * @param remoteId null where it is not needed
     * @throws RejectedException if a value is missing, or would make another path of it
     */
    String fill(Publication<?, ?, ?> publication, Function<Object, String> ids, @Nullable String remoteId) {
        StringBuilder path = new StringBuilder();
        for (Part part : parts) {
            if (part instanceof Literal literal) {
                path.append(literal.text());
            } else {
                path.append(encode(value(part, publication, ids, remoteId)));
            }
        }
        return path.toString();
    }

    private String value(
            Part part, Publication<?, ?, ?> publication, Function<Object, String> ids, @Nullable String remoteId) {
        String value = null;
        if (part instanceof Id) {
            value = ids.apply(publication.id());
        } else if (part instanceof RemoteId) {
            value = remoteId;
        } else if (part instanceof Tenant) {
            value = publication.tenant();
        } else if (part instanceof Member member) {
            value = document(publication)
                    .flatMap(document -> Json.text(document.at(member.pointer())))
                    .orElse(null);
        }
        if (value == null || value.isEmpty() || value.equals(".") || value.equals("..")) {
            String why = value == null ? "is not known" : "must not be '" + value + "'";
            throw new RejectedException("path " + text + ": " + name(part) + " " + why);
        }
        return value;
    }

    private static String name(Part part) {
        return part instanceof Member member
                ? "{" + member.pointer() + "}"
                : part instanceof Id ? "{id}" : part instanceof Tenant ? "{tenant}" : "{remoteId}";
    }

    private static Optional<JsonNode> document(Publication<?, ?, ?> publication) {
        return publication
                .json()
                .or(() -> publication.previous().map(StoredDocument::json))
                .map(Json::document);
    }

    private static String encode(String value) {
        StringBuilder encoded = new StringBuilder(value.length());
        for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (isUnreserved(c)) {
                encoded.append(c);
            } else {
                encoded.append('%')
                        .append(Character.toUpperCase(Character.forDigit(c >> 4, 16)))
                        .append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
            }
        }
        return encoded.toString();
    }

    private static boolean isUnreserved(char c) {
        boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return letter || (c >= '0' && c <= '9') || OTHER_UNRESERVED.indexOf(c) >= 0;
    }

    /** As it was written, without values. */
    @Override
    public String toString() {
        return text;
    }
}
