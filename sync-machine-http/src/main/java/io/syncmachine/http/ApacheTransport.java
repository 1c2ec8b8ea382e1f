package io.syncmachine.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import javax.net.ssl.SSLHandshakeException;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.apache.hc.client5.http.async.AsyncExecCallback;
import org.apache.hc.client5.http.async.AsyncExecChain;
import org.apache.hc.client5.http.async.AsyncExecRuntime;
import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.auth.UsernamePasswordCredentials;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.config.TlsConfig;
import org.apache.hc.client5.http.impl.ChainElement;
import org.apache.hc.client5.http.impl.async.CloseableHttpAsyncClient;
import org.apache.hc.client5.http.impl.async.HttpAsyncClientBuilder;
import org.apache.hc.client5.http.impl.auth.BasicCredentialsProvider;
import org.apache.hc.client5.http.impl.nio.PoolingAsyncClientConnectionManagerBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.ssl.ClientTlsStrategyBuilder;
import org.apache.hc.core5.concurrent.FutureCallback;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.RequestNotExecutedException;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.message.BasicHttpRequest;
import org.apache.hc.core5.http.nio.AsyncEntityProducer;
import org.apache.hc.core5.http.nio.AsyncResponseConsumer;
import org.apache.hc.core5.http.nio.CapacityChannel;
import org.apache.hc.core5.http.nio.entity.AsyncEntityProducers;
import org.apache.hc.core5.http.nio.support.BasicRequestProducer;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.http2.HttpVersionPolicy;
import org.apache.hc.core5.http2.config.H2Config;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** On Apache HttpClient 5, its asynchronous form. */
final class ApacheTransport implements HttpTransport {

    /** The pool limits nothing: how many calls are in flight is said by policies, and what waited for a connection would be late. */
    private static final int MOST_CONNECTIONS = 10_000;

    /** Shorter than what servers and balancers keep, so that few calls meet a connection that is just being closed. */
    private static final Timeout IDLE = Timeout.ofSeconds(30);

    private static final int LONGEST_HEADER = 32 * 1024;
    private static final int MOST_HEADERS = 200;

    private static final int UNKNOWN_TO_PROXY = 407;
    private static final String SENDING = "sync-machine.sending";
    private static final Logger log = LoggerFactory.getLogger(ApacheTransport.class);

    private final CloseableHttpAsyncClient client;
    private volatile boolean closed;

    private ApacheTransport(HttpAsyncClientBuilder builder) {
        this.client = builder.setIoReactorExceptionCallback(this::report).build();
    }

    static HttpTransport open(Settings settings) {
        Timeout connect = Timeout.of(settings.connectTimeout());
        PoolingAsyncClientConnectionManagerBuilder connections = PoolingAsyncClientConnectionManagerBuilder.create()
                .setMaxConnTotal(MOST_CONNECTIONS)
                .setMaxConnPerRoute(MOST_CONNECTIONS)
                .setDnsResolver(
                        settings.refusesPrivateAddresses() ? new PublicDns() : SystemDefaultDnsResolver.INSTANCE)
                .setDefaultTlsConfig(TlsConfig.custom()
                        .setHandshakeTimeout(connect)
                        .setVersionPolicy(HttpVersionPolicy.NEGOTIATE)
                        .build())
                .setDefaultConnectionConfig(ConnectionConfig.custom()
                        .setConnectTimeout(connect)
                        .setIdleTimeout(IDLE)
                        .build());
        settings.sslContext()
                .ifPresent(context -> connections.setTlsStrategy(
                        ClientTlsStrategyBuilder.create().setSslContext(context).buildAsync()));
        HttpAsyncClientBuilder client = HttpAsyncClientBuilder.create()
                .setConnectionManager(connections.build())
                .setThreadFactory(DaemonThreads.named("sync-machine-http-apache"))
                .setHttp1Config(Http1Config.custom()
                        .setMaxLineLength(LONGEST_HEADER)
                        .setMaxHeaderCount(MOST_HEADERS)
                        .build())
                .setH2Config(H2Config.custom()
                        .setPushEnabled(false)
                        .setMaxHeaderListSize(LONGEST_HEADER)
                        .build())
                .setDefaultRequestConfig(RequestConfig.custom()
                        .setConnectionRequestTimeout(connect)
                        .setRedirectsEnabled(false)
                        .setContentCompressionEnabled(false)
                        .setProtocolUpgradeEnabled(false)
                        .build())
                .addExecInterceptorBefore(ChainElement.MAIN_TRANSPORT.name(), SENDING, ApacheTransport::send)
                .disableAutomaticRetries()
                .disableRedirectHandling()
                .disableCookieManagement()
                .disableContentCompression()
                .disableConnectionState();
        settings.proxy().ifPresent(proxy -> goThrough(client, proxy));
        ApacheTransport transport = new ApacheTransport(client);
        transport.client.start();
        return transport;
    }

    private static void goThrough(HttpAsyncClientBuilder client, Proxy proxy) {
        client.setProxy(new HttpHost("http", proxy.host(), proxy.port()));
        if (proxy.user() != null && proxy.password() != null) {
            BasicCredentialsProvider credentials = new BasicCredentialsProvider();
            credentials.setCredentials(
                    new AuthScope(proxy.host(), proxy.port()),
                    new UsernamePasswordCredentials(
                            proxy.user(), proxy.password().get().toCharArray()));
            client.setDefaultCredentialsProvider(credentials);
        }
    }

    @Override
    public CompletableFuture<HttpAnswer> exchange(HttpCall call) {
        CompletableFuture<HttpAnswer> answer = new CompletableFuture<>();
        BasicHttpRequest request = new BasicHttpRequest(call.method(), call.uri());
        call.headers().forEach(request::addHeader);
        Sending sending = new Sending(answer);
        HttpClientContext context = HttpClientContext.create();
        context.setAttribute(SENDING, sending);
        try {
            Future<?> sent = client.execute(
                    new BasicRequestProducer(
                            request,
                            call.body()
                                    .map(body -> AsyncEntityProducers.create(body, null))
                                    .orElse(null)),
                    new Incoming(call.maxAnswerBytes(), sending),
                    null,
                    context,
                    sending);
            Stages.whenDone(answer, (result, failure) -> {
                if (failure != null || result.isCut()) {
                    sent.cancel(true);
                    sending.abort();
                }
            });
        } catch (RuntimeException e) {
            sending.failed(e);
        }
        return answer;
    }

    @Override
    public void close() {
        closed = true;
        client.close(CloseMode.IMMEDIATE);
    }

    private void report(Exception failure) {
        if (!closed) {
            log.warn("a thread of Apache HttpClient failed", failure);
        }
    }

    /** Comes where there is a connection, and tells the exchange that it is being sent. */
    private static void send(
            HttpRequest request,
            @Nullable AsyncEntityProducer body,
            AsyncExecChain.Scope scope,
            AsyncExecChain chain,
            AsyncExecCallback callback)
            throws HttpException, IOException {
        Object sending = scope.clientContext.getAttribute(SENDING);
        if (sending instanceof Sending own && !own.begin(scope.execRuntime)) {
            callback.failed(new CancellationException("aborted"));
        } else {
            chain.proceed(request, body, scope, callback);
        }
    }

    /** Knows whether anything was sent, and by which connection. */
    private static final class Sending implements FutureCallback<HttpAnswer> {

        private final CompletableFuture<HttpAnswer> answer;
        private volatile @Nullable AsyncExecRuntime connection;

        Sending(CompletableFuture<HttpAnswer> answer) {
            this.answer = answer;
        }

        boolean begin(AsyncExecRuntime connection) {
            this.connection = connection;
            return !answer.isDone();
        }

        /** Cancelling alone leaves the connection open until the server says something. */
        void abort() {
            AsyncExecRuntime current = connection;
            if (current != null) {
                current.discardEndpoint();
            }
        }

        /** Where nothing was sent, it is the proxy that has answered: that nobody is let in who is not known, or that there is no tunnel. */
        @Override
        public void completed(HttpAnswer result) {
            if (connection != null || result.status() == UNKNOWN_TO_PROXY) {
                answer.complete(result);
            } else {
                answer.completeExceptionally(new NotSentException("the proxy answered " + result.status(), null));
            }
        }

        /** A server that ends the handshake late, for our certificate, has not looked at what came after it. */
        @Override
        public void failed(Exception failure) {
            boolean unseen = connection == null
                    || failure instanceof RequestNotExecutedException
                    || failure instanceof SSLHandshakeException;
            answer.completeExceptionally(
                    unseen ? new NotSentException(failure.getClass().getSimpleName(), failure) : failure);
        }

        @Override
        public void cancelled() {
            failed(new CancellationException("aborted"));
        }
    }

    /** Reads an answer up to a limit. */
    private static final class Incoming implements AsyncResponseConsumer<HttpAnswer> {

        private final int limit;
        private final Sending sending;
        private final ByteArrayOutputStream read = new ByteArrayOutputStream();
        private final Map<String, List<String>> headers = new HashMap<>();
        private int status;
        private @Nullable FutureCallback<HttpAnswer> callback;

        Incoming(int limit, Sending sending) {
            this.limit = limit;
            this.sending = sending;
        }

        @Override
        public void consumeResponse(
                HttpResponse response,
                @Nullable EntityDetails entity,
                HttpContext context,
                FutureCallback<HttpAnswer> callback) {
            this.callback = callback;
            status = response.getCode();
            for (Header header : response.getHeaders()) {
                headers.computeIfAbsent(header.getName(), name -> new ArrayList<>())
                        .add(header.getValue() == null ? "" : header.getValue());
            }
            if (entity == null) {
                callback.completed(result(false));
            }
        }

        @Override
        public void informationResponse(HttpResponse response, HttpContext context) {
            // not the answer yet
        }

        @Override
        public void updateCapacity(CapacityChannel capacity) throws IOException {
            capacity.update(Integer.MAX_VALUE);
        }

        @Override
        public void consume(ByteBuffer source) {
            byte[] bytes = new byte[Math.min(source.remaining(), limit - read.size())];
            boolean more = source.remaining() > bytes.length;
            source.get(bytes);
            source.position(source.limit());
            read.writeBytes(bytes);
            if (more) {
                sending.completed(result(true));
            }
        }

        @Override
        public void streamEnd(@Nullable List<? extends Header> trailers) {
            if (callback != null) {
                callback.completed(result(false));
            }
        }

        private HttpAnswer result(boolean cut) {
            return HttpAnswer.of(status, headers, read.toByteArray(), cut);
        }

        @Override
        public void failed(Exception failure) {
            // told to the callback of the exchange
        }

        @Override
        public void releaseResources() {
            // nothing to release
        }
    }

    /** Passes over private addresses, whoever answers with them. */
    private static final class PublicDns implements DnsResolver {

        @Override
        public InetAddress[] resolve(String host) throws UnknownHostException {
            InetAddress[] allowed = Arrays.stream(SystemDefaultDnsResolver.INSTANCE.resolve(host))
                    .filter(PublicAddresses::contain)
                    .toArray(InetAddress[]::new);
            if (allowed.length == 0) {
                throw new UnknownHostException(host + " has no public address");
            }
            return allowed;
        }

        @Override
        public String resolveCanonicalHostname(String host) throws UnknownHostException {
            return SystemDefaultDnsResolver.INSTANCE.resolveCanonicalHostname(host);
        }
    }
}
