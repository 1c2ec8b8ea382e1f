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
 * Changes that became jobs of an executor that forgets them when its process ends: they stay in the outbox, held by this node, until their jobs
 * are done. If the node dies, others may take them as soon as it holds them no longer. Not safe for use by several threads.
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

    int relay(int limit, Router router, JobExecutor jobs) {
        forgetDone(jobs.covered());
        keepHolding();
        if (jobs.backlog() >= MOST) {
            return 0;
        }
        long since = System.nanoTime();
        List<Row> rows = database.inTransaction(connection -> outbox.hold(connection, limit, HOLD));
        if (rows.isEmpty()) {
            return 0;
        }
        List<Long> ids = rows.stream().map(Row::id).toList();
        try {
            List<JobRequest> requests =
                    router.route(rows.stream().map(Row::change).toList());
            if (!requests.isEmpty()) {
                jobs.enqueue(requests);
            }
        } catch (RuntimeException e) {
            hold(ids, Duration.ZERO);
            throw e;
        }
        batches.add(new Batch(ids, jobs.requested(), since));
        return rows.size();
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
