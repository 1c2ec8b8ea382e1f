package io.syncmachine.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/** On {@code java.net.http}. */
final class JdkTransport implements HttpTransport {

    private static final String TUNNELING = "jdk.http.auth.tunneling.disabledSchemes";

    /** How the JDK says that a proxy has answered otherwise than by 200 or 407. */
    private static final String NO_TUNNEL = "Tunnel failed";

    private final ExecutorService executor;
    private final HttpClient client;
    private final Map<String, String> proxyHeaders;
    private final Set<Abort> underWay = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** Ends an exchange. */
    private interface Abort {
        void run();
    }

    private JdkTransport(ExecutorService executor, HttpClient client, Map<String, String> proxyHeaders) {
        this.proxyHeaders = proxyHeaders;
        this.executor = executor;
        this.client = client;
    }

    static HttpTransport open(Settings settings) {
        if (settings.refusesPrivateAddresses()) {
            throw new IllegalStateException(
                    "refusePrivateAddresses() cannot be kept by java.net.http; say transport(HttpTransport.apache())");
        }
        ExecutorService executor = Executors.newCachedThreadPool(DaemonThreads.named("sync-machine-http-jdk"));
        HttpClient.Builder client = HttpClient.newBuilder()
                .executor(executor)
                .connectTimeout(settings.connectTimeout())
                .followRedirects(HttpClient.Redirect.NEVER)
                .proxy(HttpClient.Builder.NO_PROXY)
                // Without TLS, it would ask each server to upgrade, which some do not understand.
                .version(isTls(settings) ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1);
        settings.sslContext().ifPresent(client::sslContext);
        settings.proxy().ifPresent(proxy -> goThrough(client, proxy, isTls(settings)));
        return new JdkTransport(executor, client.build(), proxyHeaders(settings));
    }

    private static boolean isTls(Settings settings) {
        return "https".equals(settings.base().getScheme());
    }

    private static void goThrough(HttpClient.Builder client, Proxy proxy, boolean tls) {
        client.proxy(ProxySelector.of(InetSocketAddress.createUnresolved(proxy.host(), proxy.port())));
        if (tls && proxy.user() != null && !"".equals(System.getProperty(TUNNELING))) {
            throw new IllegalStateException("java.net.http sends a proxy's password for an https address only with -D"
                    + TUNNELING + "= (nothing); set that, or say transport(HttpTransport.apache())");
        }
    }

    /**
     * What a proxy is to see is a header of each call, which the JDK tells nobody else. With an authenticator, it would judge answers of 401
     * itself, those of the API as well.
     */
    private static Map<String, String> proxyHeaders(Settings settings) {
        Proxy proxy = settings.proxy().orElse(null);
        if (proxy == null || proxy.user() == null || proxy.password() == null) {
            return Map.of();
        }
        byte[] user = (proxy.user() + ':' + proxy.password().get()).getBytes(StandardCharsets.UTF_8);
        return Map.of("Proxy-Authorization", "Basic " + Base64.getEncoder().encodeToString(user));
    }

    @Override
    public CompletableFuture<HttpAnswer> exchange(HttpCall call) {
        if (closed) {
            return CompletableFuture.failedFuture(new NotSentException("the transport is closed", null));
        }
        Outgoing outgoing = new Outgoing(call.body().orElseGet(() -> new byte[0]));
        HttpRequest.Builder request = HttpRequest.newBuilder(call.uri()).method(call.method(), outgoing);
        proxyHeaders.forEach(request::header);
        call.headers().forEach(request::header);
        CompletableFuture<HttpResponse<HttpAnswer>> sent =
                client.sendAsync(request.build(), info -> new Body(info, call.maxAnswerBytes()));
        Abort abort = () -> sent.cancel(true);
        underWay.add(abort);
        CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
        Stages.whenDone(sent, (response, failure) -> {
            underWay.remove(abort);
            if (failure == null) {
                HttpAnswer body = response.body();
                answer.complete(body == null ? refusedByProxy(response) : body);
            } else {
                answer.completeExceptionally(translated(failure, outgoing));
            }
        });
        Stages.whenDone(answer, (result, failure) -> {
            if (failure != null) {
                sent.cancel(true);
            }
        });
        if (closed) {
            abort.run();
        }
        return answer;
    }

    /** A proxy that lets nobody in who is not known is answered without a body. */
    private static HttpAnswer refusedByProxy(HttpResponse<?> response) {
        return HttpAnswer.of(response.statusCode(), response.headers().map(), new byte[0], false);
    }

    private static Throwable translated(Throwable failure, Outgoing outgoing) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        for (Throwable e = cause; e != null; e = e.getCause()) {
            if (e instanceof ConnectException
                    || e instanceof HttpConnectTimeoutException
                    || e instanceof UnresolvedAddressException
                    || e instanceof UnknownHostException
                    || e instanceof SSLHandshakeException) {
                return new NotSentException(e.getClass().getSimpleName(), cause);
            }
        }
        if (String.valueOf(cause.getMessage()).startsWith(NO_TUNNEL)) {
            return new NotSentException("the proxy makes no tunnel", cause);
        }
        return outgoing.isUnsent() ? new NotSentException(cause.getClass().getSimpleName(), cause) : cause;
    }

    /** Where the JDK's client can be closed, it is; else it ends when it is collected. */
    @Override
    public void close() {
        closed = true;
        underWay.forEach(Abort::run);
        executor.shutdown();
    }

    /** A body that knows whether anybody asked for it. */
    private static final class Outgoing implements HttpRequest.BodyPublisher {

        private final HttpRequest.BodyPublisher body;
        private volatile boolean begun;

        Outgoing(byte[] body) {
            this.body = HttpRequest.BodyPublishers.ofByteArray(body);
        }

        @Override
        public long contentLength() {
            return body.contentLength();
        }

        @Override
        public void subscribe(Subscriber<? super ByteBuffer> subscriber) {
            begun = true;
            body.subscribe(subscriber);
        }

        /** Whether a body is still all there: nobody applies a call without it. */
        boolean isUnsent() {
            return contentLength() > 0 && !begun;
        }
    }

    /** Reads a body up to a limit. */
    private static final class Body implements BodySubscriber<HttpAnswer> {

        private final ResponseInfo info;
        private final int limit;
        private final ByteArrayOutputStream read = new ByteArrayOutputStream();
        private final CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
        private @Nullable Subscription subscription;

        Body(ResponseInfo info, int limit) {
            this.info = info;
            this.limit = limit;
        }

        @Override
        public CompletionStage<HttpAnswer> getBody() {
            return answer;
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            this.subscription = subscription;
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer buffer : buffers) {
                byte[] bytes = new byte[Math.min(buffer.remaining(), limit - read.size())];
                boolean more = buffer.remaining() > bytes.length;
                buffer.get(bytes);
                read.writeBytes(bytes);
                if (more && subscription != null) {
                    subscription.cancel();
                    answer.complete(answer(true));
                    return;
                }
            }
        }

        @Override
        public void onError(Throwable failure) {
            answer.completeExceptionally(failure instanceof IOException ? failure : new IOException(failure));
        }

        @Override
        public void onComplete() {
            answer.complete(answer(false));
        }

        private HttpAnswer answer(boolean cut) {
            return HttpAnswer.of(info.statusCode(), info.headers().map(), read.toByteArray(), cut);
        }
    }
}
