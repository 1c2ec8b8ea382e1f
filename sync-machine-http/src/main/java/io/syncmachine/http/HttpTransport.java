package io.syncmachine.http;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * What makes HTTP exchanges for {@link HttpDestination}s: a client library with its connections. Exchanges, and nothing else: it follows
 * no redirects, repeats nothing, keeps no cookies, unpacks nothing and judges no status. All that is done by the destination.
 *
 * <p>Must be safe for use by several threads.
 */
public interface HttpTransport extends AutoCloseable {

    /**
     * Begins an exchange and answers what came back, whatever the status; the future may be completed by any thread. Where nothing has
     * reached the other side (no address, no connection, no TLS), it fails with {@link NotSentException}; with any other exception where
     * something may have. An answer whose body is longer than {@link HttpCall#maxAnswerBytes()} is answered
     * {@linkplain HttpAnswer#isCut() cut}, without reading on.
     *
     * <p>Cancelling the future aborts the exchange and closes its connection; who calls sets the time limit by that. May wait for no
     * more than the address of a host. Never throws.
     */
    CompletableFuture<HttpAnswer> exchange(HttpCall call);

    /** Aborts what is under way and closes the connections. What is begun later fails with {@link NotSentException}. */
    @Override
    void close();

    /** Apache HttpClient 5, which must be on the class path. HTTP/1.1, and HTTP/2 where a TLS server offers it. */
    static Factory apache() {
        return ApacheTransport::open;
    }

    /**
     * {@code java.net.http}, which needs nothing. HTTP/1.1, and HTTP/2 where a TLS server offers it. Cannot
     * {@linkplain HttpDestination.Builder#refusePrivateAddresses() refuse private addresses}, and sends a proxy's password through to
     * HTTPS servers only if the JVM's {@code jdk.http.auth.tunneling.disabledSchemes} is set to nothing; both are errors when the
     * destination is built.
     */
    static Factory jdk() {
        return JdkTransport::open;
    }

    /** What opens a transport. */
    @FunctionalInterface
    interface Factory {

        /**
         * Called once for a destination and its {@linkplain HttpDestination#sibling() siblings}, which close it.
         *
         * @throws IllegalStateException if it cannot do what the settings ask for: it must not pass over any
         */
        HttpTransport open(Settings settings);
    }

    /** What a transport keeps to. Immutable. */
    final class Settings {

        private final URI base;
        private final Duration connectTimeout;
        private final boolean refusesPrivateAddresses;
        private final @Nullable Proxy proxy;
        private final @Nullable SSLContext sslContext;

        Settings(
                URI base,
                Duration connectTimeout,
                boolean refusesPrivateAddresses,
                @Nullable Proxy proxy,
                @Nullable SSLContext sslContext) {
            this.base = base;
            this.connectTimeout = connectTimeout;
            this.refusesPrivateAddresses = refusesPrivateAddresses;
            this.proxy = proxy;
            this.sslContext = sslContext;
        }

        /** The address that all calls begin with. */
        public URI base() {
            return base;
        }

        /** How long connecting may take, its TLS handshake as well where the transport can tell. */
        public Duration connectTimeout() {
            return connectTimeout;
        }

        /** Whether only public addresses may be connected to. */
        public boolean refusesPrivateAddresses() {
            return refusesPrivateAddresses;
        }

        /** The proxy to go through. */
        public Optional<Proxy> proxy() {
            return Optional.ofNullable(proxy);
        }

        /** With the client's certificate and whom to trust; empty for the JVM's own. */
        public Optional<SSLContext> sslContext() {
            return Optional.ofNullable(sslContext);
        }

        @Override
        public String toString() {
            return "Settings[base=" + base + ", connectTimeout=" + connectTimeout + ", refusesPrivateAddresses="
                    + refusesPrivateAddresses + ", proxy=" + proxy + "]";
        }
    }

    /**
     * A proxy.
     *
     * @param host its name or address
     * @param port its port
     * @param user for basic authentication; null for none
     * @param password asked when the transport is opened; null for none
     */
    record Proxy(
            String host,
            int port,
            @Nullable String user,
            @Nullable Supplier<String> password) {

        @Override
        public String toString() {
            return host + ":" + port;
        }
    }
}
