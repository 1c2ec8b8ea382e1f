package io.syncmachine.http;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The connections to an API, its credentials, and the threads that judge answers: shared by destinations, closed by the last of them. */
final class Api {

    private static final int FEWEST_THREADS = 4;
    private static final long IDLE_SECONDS = 10;

    final HttpTransport transport;
    final Authentication.Source authentication;
    final ThreadPoolExecutor executor;
    private final Set<Abort> underWay = ConcurrentHashMap.newKeySet();
    private int users = 1;

    /** Ends what is under way. */
    private interface Abort {
        void because(IOException reason);
    }

    Api(HttpTransport transport, Authentication authentication) {
        this.transport = transport;
        int threads = Math.max(FEWEST_THREADS, Runtime.getRuntime().availableProcessors());
        this.executor = new ThreadPoolExecutor(
                threads,
                threads,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                DaemonThreads.named("sync-machine-http"));
        executor.allowCoreThreadTimeOut(true);
        this.authentication = authentication.on(executor);
    }

    /** One destination more uses it. */
    synchronized void use() {
        if (users == 0) {
            throw new IllegalStateException("the destination is closed; make siblings before that");
        }
        users++;
    }

    /**
     * Follows what is under way, which is given up if this is closed.
     *
     * @param closed how it fails if this is closed already
     */
    void follow(CompletableFuture<?> result, Supplier<IOException> closed) {
        Abort abort = result::completeExceptionally;
        underWay.add(abort);
        Stages.whenDone(result, (answered, failure) -> underWay.remove(abort));
        if (executor.isShutdown()) {
            result.completeExceptionally(closed.get());
        }
    }

    /** One destination uses it no more. */
    void release() {
        synchronized (this) {
            if (users == 0 || --users > 0) {
                return;
            }
        }
        executor.shutdown();
        underWay.forEach(abort -> abort.because(new IOException("the destination was closed")));
        transport.close();
    }
}
