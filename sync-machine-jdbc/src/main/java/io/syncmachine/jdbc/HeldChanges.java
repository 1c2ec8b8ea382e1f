package io.syncmachine.jdbc;

import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Outbox.Router;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;

/**
 * Changes that become jobs of an executor elsewhere. While it is asked, no transaction is open: they are held by this node. If the node dies,
 * others may take them as soon as it holds them no longer.
 *
 * <p>They go from the outbox after a durable executor has kept their jobs; from then on, that is who must not lose them. With one that
 * forgets its jobs when its process ends, they stay, held, until their jobs are done.
 */
final class HeldChanges {

    /** So many jobs are in memory at most, more or less; all others are safe in the outbox. */
    private static final int MOST = 10_000;

    private static final Duration HOLD = Duration.ofMinutes(1);

    private final JdbcOutbox outbox;
    private final Database database;
    private final Deque<Batch> batches = new ArrayDeque<>();

    /**
     * Changes that were relayed together.
     *
     * @param ids of their rows
     * @param request the number of the latest request that they led to
     * @param heldSince by the JVM's clock, in nanoseconds
     */
    private record Batch(List<Long> ids, long request, long heldSince) {}

    /** A change in its row. */
    record Row(long id, Change change) {}

    HeldChanges(JdbcOutbox outbox, Database database) {
        this.outbox = outbox;
        this.database = database;
    }

    /** To a durable executor: enqueued first, deleted then. Safe for use by several threads. */
    int handOver(int limit, Router router, JobExecutor jobs) {
        List<Row> rows = hold(limit);
        if (!rows.isEmpty()) {
            enqueue(rows, router, jobs);
            List<Long> ids = idsOf(rows);
            database.inTransaction(connection -> delete(connection, ids));
        }
        return rows.size();
    }

    /** To one that forgets. Not safe for use by several threads. */
    int relay(int limit, Router router, JobExecutor jobs) {
        forgetDone(jobs.covered());
        keepHolding();
        if (jobs.backlog() >= MOST) {
            return 0;
        }
        long since = System.nanoTime();
        List<Row> rows = hold(limit);
        if (!rows.isEmpty()) {
            enqueue(rows, router, jobs);
            batches.add(new Batch(idsOf(rows), jobs.requested(), since));
        }
        return rows.size();
    }

    private List<Row> hold(int limit) {
        return database.inTransaction(connection -> outbox.hold(connection, limit, HOLD));
    }

    /** If that fails, some of the jobs may be kept nevertheless: the changes are for whoever comes next, which repeats those. */
    private void enqueue(List<Row> rows, Router router, JobExecutor jobs) {
        try {
            List<JobRequest> requests =
                    router.route(rows.stream().map(Row::change).toList());
            if (!requests.isEmpty()) {
                jobs.enqueue(requests);
            }
        } catch (RuntimeException e) {
            letGo(rows, e);
            throw e;
        }
    }

    private void letGo(List<Row> rows, RuntimeException why) {
        try {
            hold(idsOf(rows), Duration.ZERO);
        } catch (RuntimeException e) {
            why.addSuppressed(e); // they are held until the hold ends by itself
        }
    }

    private static List<Long> idsOf(List<Row> rows) {
        return rows.stream().map(Row::id).toList();
    }

    private static List<Long> ids(Collection<Batch> batches) {
        return batches.stream().flatMap(batch -> batch.ids().stream()).toList();
    }

    /** Batches were requested in their order. */
    private void forgetDone(long covered) {
        List<Batch> done =
                batches.stream().takeWhile(batch -> batch.request() <= covered).toList();
        if (!done.isEmpty()) {
            database.inTransaction(connection -> delete(connection, ids(done)));
            done.forEach(batch -> batches.remove());
        }
    }

    private boolean delete(Connection connection, List<Long> ids) throws SQLException {
        outbox.delete(connection, ids);
        return true;
    }

    private void keepHolding() {
        long now = System.nanoTime();
        if (batches.isEmpty() || now - batches.element().heldSince() < HOLD.toNanos() / 3) {
            return;
        }
        List<Batch> held = List.copyOf(batches);
        hold(ids(held), HOLD);
        batches.clear();
        held.forEach(batch -> batches.add(new Batch(batch.ids(), batch.request(), now)));
    }

    private void hold(List<Long> ids, Duration hold) {
        database.inTransaction(connection -> {
            outbox.hold(connection, ids, hold);
            return true;
        });
    }
}
