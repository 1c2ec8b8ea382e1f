package io.syncmachine.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.hc.client5.http.async.methods.SimpleHttpRequest;
import org.apache.hc.client5.http.async.methods.SimpleHttpResponse;
import org.apache.hc.client5.http.async.methods.SimpleRequestBuilder;
import org.apache.hc.client5.http.classic.methods.HttpPut;
import org.apache.hc.client5.http.impl.async.CloseableHttpAsyncClient;
import org.apache.hc.client5.http.impl.async.HttpAsyncClients;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.impl.nio.PoolingAsyncClientConnectionManagerBuilder;
import org.apache.hc.core5.concurrent.FutureCallback;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.apache.hc.core5.io.CloseMode;
import org.jspecify.annotations.Nullable;

/** As many calls as a work needs, straight from HttpClient 5, without a database: nobody who uses it can be faster. */
final class BareSession implements PeerControl {

    private final Setting setting;
    private final FlightRecorder recorder = new FlightRecorder();
    private final AtomicInteger version = new AtomicInteger();
    private final @Nullable CloseableHttpClient classic;
    private final @Nullable CloseableHttpAsyncClient async;

    BareSession(Setting setting) {
        this.setting = setting;
        if (setting.kind() == PeerKind.BARE_CLASSIC) {
            classic = HttpClients.custom()
                    .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                            .setMaxConnTotal(setting.inFlight())
                            .setMaxConnPerRoute(setting.inFlight())
                            .build())
                    .disableCookieManagement()
                    .disableContentCompression()
                    .disableRedirectHandling()
                    .build();
            async = null;
        } else {
            classic = null;
            async = HttpAsyncClients.custom()
                    .setConnectionManager(PoolingAsyncClientConnectionManagerBuilder.create()
                            .setMaxConnTotal(setting.inFlight())
                            .setMaxConnPerRoute(setting.inFlight())
                            .build())
                    .disableCookieManagement()
                    .disableContentCompression()
                    .disableRedirectHandling()
                    .build();
            async.start();
        }
    }

    @Override
    public Done run(Work work, boolean warmUp, long seed) {
        Stock stock = warmUp ? setting.stock().warm(setting.warmCustomers()) : setting.stock();
        List<Long> orders = stock.orderIds().subList(0, work.needed(stock));
        int now = version.incrementAndGet();
        long started = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        long start = System.nanoTime();
        AtomicInteger next = new AtomicInteger();
        CountDownLatch left = new CountDownLatch(orders.size());
        AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
        if (async != null) {
            for (int i = 0; i < Math.min(setting.inFlight(), orders.size()); i++) {
                send(async, orders, next, now, left, failure);
            }
        } else if (classic != null) {
            ExecutorService threads = Executors.newFixedThreadPool(setting.inFlight());
            for (int i = 0; i < setting.inFlight(); i++) {
                threads.execute(() -> sendAll(classic, orders, next, now, left, failure));
            }
            threads.shutdown();
        }
        try {
            left.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (failure.get() != null) {
            throw new IllegalStateException(failure.get());
        }
        return new Done(started, (System.nanoTime() - start) / 1e9, 0);
    }

    private static String document(long order, int version) {
        return "{\"customer\":\"Anna " + order + " Smith\",\"id\":" + order + ",\"status\":\"new\",\"version\":"
                + version + "}";
    }

    private String address(long order) {
        return setting.api() + "/orders/" + order;
    }

    private void send(
            CloseableHttpAsyncClient client,
            List<Long> orders,
            AtomicInteger next,
            int now,
            CountDownLatch left,
            AtomicReference<@Nullable Exception> failure) {
        int index = next.getAndIncrement();
        if (index >= orders.size()) {
            return;
        }
        long order = orders.get(index);
        SimpleHttpRequest put = SimpleRequestBuilder.put(address(order))
                .setBody(document(order, now).getBytes(StandardCharsets.UTF_8), ContentType.APPLICATION_JSON)
                .build();
        Future<SimpleHttpResponse> unused = client.execute(put, new FutureCallback<>() {
            @Override
            public void completed(SimpleHttpResponse response) {
                goOn();
            }

            @Override
            public void failed(Exception e) {
                failure.set(e);
                goOn();
            }

            @Override
            public void cancelled() {
                goOn();
            }

            private void goOn() {
                left.countDown();
                send(client, orders, next, now, left, failure);
            }
        });
    }

    private void sendAll(
            CloseableHttpClient client,
            List<Long> orders,
            AtomicInteger next,
            int now,
            CountDownLatch left,
            AtomicReference<@Nullable Exception> failure) {
        for (int index = next.getAndIncrement(); index < orders.size(); index = next.getAndIncrement()) {
            long order = orders.get(index);
            HttpPut put = new HttpPut(address(order));
            put.setEntity(new StringEntity(document(order, now), ContentType.APPLICATION_JSON));
            try {
                client.execute(put, response -> {
                    EntityUtils.consume(response.getEntity());
                    return response.getCode();
                });
            } catch (IOException e) {
                failure.set(e);
            } finally {
                left.countDown();
            }
        }
    }

    @Override
    public long change(long order) {
        throw new UnsupportedOperationException("it has no database");
    }

    @Override
    public double startMillis() {
        return 0;
    }

    @Override
    public Captured capture(int perTransaction, int turns, int transactions) {
        throw new UnsupportedOperationException("it has no database");
    }

    @Override
    public boolean isIdle() {
        return true;
    }

    @Override
    public Used used() {
        return PeerSession.usedByThisProcess();
    }

    @Override
    public void startRecording() {
        recorder.start();
    }

    @Override
    public void stopRecording(String file) {
        recorder.stop(file);
    }

    @Override
    public void close() {
        try {
            if (classic != null) {
                classic.close();
            }
            if (async != null) {
                async.close(CloseMode.GRACEFUL);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
