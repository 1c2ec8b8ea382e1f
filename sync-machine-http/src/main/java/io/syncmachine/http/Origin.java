package io.syncmachine.http;

import java.net.URI;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Scheme, host and port: where what is sent, and who sends it, may be known. */
final class Origin {

    private Origin() {}

    /** What an API refers to, from this address; null if that is no address, or of another origin. */
    static @Nullable URI resolve(URI from, String reference) {
        try {
            URI target = from.resolve(reference);
            boolean same = !reference.isEmpty() && of(target).equals(of(from)) && target.getRawUserInfo() == null;
            return same ? target : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static String of(URI uri) {
        int port = uri.getPort() >= 0 ? uri.getPort() : "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
        return (uri.getScheme() + "://" + uri.getHost() + ":" + port).toLowerCase(Locale.ROOT);
    }
}
