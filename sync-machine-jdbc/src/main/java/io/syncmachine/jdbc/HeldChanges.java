package io.syncmachine.jdbc;

import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.Coverage;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Outbox.Router;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes that become jobs of an executor elsewhere. While it is asked, no transaction is open: they are held by this node. If the node dies,
 * others may take them as soon as it holds them no longer.
 *
 * <p>They go from the outbox after a durable executor has kept their jobs; from then on, that is who must not lose them. With one that
 * may forget jobs, they stay, held, until their jobs are done; when it has forgotten some, all of them are let go, and enqueued again.
 */
final class HeldChanges {

    /** So many jobs are in the memory of this process at most, more or less; all others are safe in the outbox. */
    private static final int MOST = 10_000;

    private static final Duration HOLD = Duration.ofMinutes(1);
    /** From then on, where other processes run the jobs of one that died. */
    private static final Duration SHARED_HOLD = Duration.ofMinutes(10);

    private static final Logger log = LoggerFactory.getLogger(HeldChanges.class);

    private static final int MOST_AT_ONCE = 10;

    private final JdbcOutbox outbox;
    private final Database database;
    private final List<Batch> batches = new ArrayList<>();
    /** What the executor remembers, in which the batches are numbered. */
    private String memory = "";

    /**
     * Changes for the same machines that were relayed together.
     *
     * @param ids of their rows
     * @param machines which have jobs of them
     * @param request the number of the latest request that they led to
     * @param renewAt when they are to be held for longer, by the JVM's clock, in nanoseconds
     */
    private record Batch(List<Long> ids, Set<String> machines, long request, long renewAt) {

        boolean isDone(Coverage coverage) {
            return machines.stream().allMatch(machine -> coverage.covers(machine, request));
        }
    }

    /** A change in its row. */
    record Row(long id, Change change) {}

    HeldChanges(JdbcOutbox outbox, Database database) {
        this.outbox = outbox;
        this.database = database;
    }

    /** To a durable executor: enqueued first, deleted then. Safe for use by several threads. */
    int handOver(int limit, Router router, JobExecutor jobs) {
        List<Row> rows = take(limit);
        if (!rows.isEmpty()) {
            enqueue(rows, router, jobs, () -> true);
            delete(idsOf(rows));
        }
        return rows.size();
    }

    /** To one that may forget. Not safe for use by several threads. */
    int relay(int limit, Router router, JobExecutor jobs) {
        boolean shared = jobs.capabilities().contains(JobExecutor.Capability.SHARED);
        Coverage before = jobs.coverage();
        if (!before.memory().equals(memory)) {
            letGoAll();
            memory = before.memory();
        }
        forgetDone(before);
        keepHolding(shared ? SHARED_HOLD : HOLD);
        if (!shared && jobs.backlog() >= MOST) {
            return 0;
        }
        long renewAt = renewAt(HOLD);
        List<Row> rows = take(limit);
        if (!rows.isEmpty()) {
            Coverage after = enqueue(rows, router, jobs, jobs::coverage);
            if (after.memory().equals(memory)) {
                rows.stream()
                        .collect(Collectors.groupingBy(row -> row.change().machines()))
                        .forEach((machines, some) ->
                                batches.add(new Batch(idsOf(some), machines, after.requested(), renewAt)));
            } else {
                hold(idsOf(rows), Duration.ZERO);
            }
        }
        return rows.size();
    }

    private static long renewAt(Duration hold) {
        return System.nanoTime() + hold.toNanos() / 3;
    }

    private List<Row> take(int limit) {
        return database.inTransaction(connection -> outbox.hold(connection, limit, HOLD));
    }

    /** If that fails, some of the jobs may be kept nevertheless: the changes are for whoever comes next, which repeats those. */
    private <T> T enqueue(List<Row> rows, Router router, JobExecutor jobs, Supplier<T> answer) {
        try {
            List<JobRequest> requests =
                    router.route(rows.stream().map(Row::change).toList());
            if (!requests.isEmpty()) {
                jobs.enqueue(requests);
            }
            return answer.get();
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

    /** For another node, because this one ends. If the database is away, they are held until the hold ends by itself. */
    void close() {
        try {
            letGoAll();
        } catch (RuntimeException e) {
            log.debug("changes stay held for a while", e);
        }
    }

    /** What was enqueued may be forgotten. Each batch is a statement: there may be many. */
    private void letGoAll() {
        batches.forEach(batch -> hold(batch.ids(), Duration.ZERO));
        batches.clear();
    }

    private void forgetDone(Coverage coverage) {
        List<Batch> done =
                batches.stream().filter(batch -> batch.isDone(coverage)).toList();
        for (int from = 0; from < done.size(); from += MOST_AT_ONCE) {
            List<Batch> some = done.subList(from, Math.min(from + MOST_AT_ONCE, done.size()));
            delete(some.stream().flatMap(batch -> batch.ids().stream()).toList());
            batches.removeAll(some);
        }
    }

    private void delete(List<Long> ids) {
        database.inTransaction(connection -> {
            outbox.delete(connection, ids);
            return true;
        });
    }

    private void keepHolding(Duration hold) {
        batches.replaceAll(batch -> {
            if (System.nanoTime() - batch.renewAt() < 0) {
                return batch;
            }
            long renewAt = renewAt(hold);
            hold(batch.ids(), hold);
            return new Batch(batch.ids(), batch.machines(), batch.request(), renewAt);
        });
    }

    private void hold(List<Long> ids, Duration hold) {
        database.inTransaction(connection -> {
            outbox.hold(connection, ids, hold);
            return true;
        });
    }
}
