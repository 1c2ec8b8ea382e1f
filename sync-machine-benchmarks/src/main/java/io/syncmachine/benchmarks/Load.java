package io.syncmachine.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** The application's threads. What belongs to one order or customer is done by one of them, in order. */
final class Load implements AutoCloseable {

    private static final int CREATED_AT_ONCE = 100;
    private static final int STATUSES = 5;

    private final int writers;
    private final ExecutorService threads;

    Load(int writers) {
        this.writers = writers;
        this.threads = Executors.newFixedThreadPool(writers);
    }

    /** Does a work; answers how many transactions that were. */
    int run(Work work, Shop shop, Stock stock, long seed) {
        return switch (work) {
            case CREATE -> each(chunks(stock.orderIds(), CREATED_AT_ONCE), orders -> shop.create(stock, orders));
            case BURST ->
                each(byKey(burst(stock, seed)), keys -> keys.forEach(shop::nextStatus), STATUSES * stock.fewOrders());
            case FAN_OUT_MANY -> each(stock.customerIds(), customer -> shop.rename(customer, "Name " + seed));
            case FAN_OUT_ONE -> each(List.of(stock.bigCustomer()), customer -> shop.rename(customer, "Name " + seed));
            case IRRELEVANT -> each(stock.fewOrderIds(), order -> shop.move(order, "W" + seed));
        };
    }

    /** Each of some orders gets a new status. */
    int changeStatuses(Shop shop, List<Long> orders, int perTransaction) {
        return each(chunks(orders, perTransaction), chunk -> {
            if (perTransaction == 1) {
                shop.nextStatus(chunk.get(0));
            } else {
                shop.nextStatuses(chunk);
            }
        });
    }

    private static List<Long> burst(Stock stock, long seed) {
        List<Long> orders = new ArrayList<>();
        for (int i = 0; i < STATUSES; i++) {
            orders.addAll(stock.fewOrderIds());
        }
        Collections.shuffle(orders, new Random(seed));
        return orders;
    }

    private List<List<Long>> byKey(List<Long> ids) {
        List<List<Long>> parts = IntStream.range(0, writers)
                .<List<Long>>mapToObj(i -> new ArrayList<>())
                .toList();
        ids.forEach(id -> parts.get((int) (id % writers)).add(id));
        return parts;
    }

    private static List<List<Long>> chunks(List<Long> ids, int size) {
        return IntStream.range(0, (ids.size() + size - 1) / size)
                .mapToObj(i -> ids.subList(i * size, Math.min((i + 1) * size, ids.size())))
                .toList();
    }

    private <T> int each(List<T> parts, Consumer<T> action) {
        return each(parts, action, parts.size());
    }

    /** Does all parts, each by the next thread that is free. */
    private <T> int each(List<T> parts, Consumer<T> action, int transactions) {
        List<Future<?>> futures = new ArrayList<>();
        parts.forEach(part -> futures.add(threads.submit(() -> action.accept(part))));
        for (Future<?> future : futures) {
            try {
                future.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException("the application failed", e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
        return transactions;
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
