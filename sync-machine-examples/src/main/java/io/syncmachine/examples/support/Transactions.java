package io.syncmachine.examples.support;

import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Changes entities as any application does. */
public final class Transactions implements AutoCloseable {

    private static final int THREADS = 4;

    private final EntityManagerFactory factory;
    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);

    /** Of this factory. */
    public Transactions(EntityManagerFactory factory) {
        this.factory = factory;
    }

    /** Does something in one transaction. */
    public void run(Consumer<EntityManager> work) {
        EntityManager entities = factory.createEntityManager();
        try {
            entities.getTransaction().begin();
            work.accept(entities);
            entities.getTransaction().commit();
        } finally {
            if (entities.getTransaction().isActive()) {
                entities.getTransaction().rollback();
            }
            entities.close();
        }
    }

    /**
     * Does something for each item, so many in one transaction, some transactions at a time.
     *
     * @return how many items there were
     */
    public <T> long forEach(List<T> items, int perTransaction, BiConsumer<EntityManager, T> work)
            throws InterruptedException {
        List<Future<?>> transactions = new ArrayList<>();
        for (int from = 0; from < items.size(); from += perTransaction) {
            List<T> some = items.subList(from, Math.min(from + perTransaction, items.size()));
            transactions.add(threads.submit(() -> run(entities -> some.forEach(item -> work.accept(entities, item)))));
        }
        for (Future<?> transaction : transactions) {
            try {
                transaction.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException("a transaction failed: " + e.getCause(), e.getCause());
            }
        }
        return items.size();
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
