package io.syncmachine.benchmarks;

import com.gruelbox.transactionoutbox.Dialect;
import com.gruelbox.transactionoutbox.Instantiator;
import com.gruelbox.transactionoutbox.Persistor;
import com.gruelbox.transactionoutbox.Submitter;
import com.gruelbox.transactionoutbox.TransactionOutbox;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * transaction-outbox: a method call per change, written in the transaction in one batch, and made by a pool of threads after the commit.
 * A thread looks every second for calls that failed. It gives calls no unique ids: each would be inserted by a statement of its own.
 */
final class OutboxPeer implements Peer {

    /** The transaction that this thread is about to commit. */
    private static final ThreadLocal<OutboxTransactions.@Nullable Open> UNCOMMITTED = new ThreadLocal<>();

    private final DataSource pool;
    private final boolean works;
    private final OutboxTransactions transactions;
    private final ExecutorService threads;
    private final ScheduledExecutorService flusher = Executors.newSingleThreadScheduledExecutor();
    private final TransactionOutbox outbox;

    /** What is called. */
    interface Publishing {
        void publish(long order);
    }

    OutboxPeer(Setting setting, DataSource pool, OrderPublisher publisher) {
        this.pool = pool;
        this.works = setting.works();
        this.transactions = new OutboxTransactions(pool);
        this.threads = Executors.newFixedThreadPool(setting.inFlight());
        Publishing publishing = order ->
                transactions.requireTransaction(transaction -> publisher.publish(order, transaction.connection()));
        this.outbox = TransactionOutbox.builder()
                .transactionManager(transactions)
                .persistor(Persistor.forDialect(Dialect.POSTGRESQL_9))
                .instantiator(Instantiator.using(type -> publishing))
                .submitter(works ? Submitter.withExecutor(threads) : (entry, call) -> {})
                .build();
        if (works) {
            Future<?> unused = flusher.scheduleWithFixedDelay(this::flush, 1, 1, TimeUnit.SECONDS);
        }
    }

    private void flush() {
        boolean more = true;
        while (more && !Thread.currentThread().isInterrupted()) {
            more = outbox.flush();
        }
    }

    @Override
    public void changing(Connection transaction, List<Changed> orders) throws SQLException {
        OutboxTransactions.Open open = transactions.join(transaction, () -> {
            Publishing later = outbox.schedule(Publishing.class);
            orders.forEach(order -> later.publish(order.order()));
        });
        UNCOMMITTED.set(open);
    }

    @Override
    public void changed(List<Changed> orders) {
        OutboxTransactions.Open open = UNCOMMITTED.get();
        UNCOMMITTED.remove();
        if (open != null) {
            open.committed();
        }
    }

    @Override
    public boolean isIdle() {
        return Sql.holds(pool, "select not exists (select 1 from txno_outbox where not processed)");
    }

    @Override
    public void close() {
        flusher.shutdownNow();
        threads.shutdown();
        try {
            threads.awaitTermination(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
