package io.syncmachine.benchmarks;

import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** After the commit, a task per order for a pool of threads: nothing to set up, and everything in it is lost in a crash. */
final class HookPeer implements Peer {

    private final OrderPublisher publisher;
    private final boolean works;
    private final ExecutorService pool;
    private final AtomicInteger left = new AtomicInteger();

    HookPeer(Setting setting, OrderPublisher publisher) {
        this.publisher = publisher;
        this.works = setting.works();
        this.pool = Executors.newFixedThreadPool(setting.inFlight());
    }

    @Override
    public void changed(List<Changed> orders) {
        if (works) {
            left.addAndGet(orders.size());
            orders.forEach(order -> pool.execute(() -> publish(order.order())));
        }
    }

    private void publish(long order) {
        try {
            publisher.publish(order);
        } finally {
            left.decrementAndGet();
        }
    }

    @Override
    public boolean isIdle() {
        return left.get() == 0;
    }

    @Override
    public void close() {
        pool.shutdown();
        try {
            pool.awaitTermination(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
