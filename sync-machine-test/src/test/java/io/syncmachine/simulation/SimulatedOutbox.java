package io.syncmachine.simulation;

import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.Coverage;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Outbox;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * Rows whose numbers are drawn when their transaction begins and which are seen when it commits. Kept either with the jobs, and then
 * taken and turned into jobs in one transaction; or elsewhere, and then deleted after the jobs are enqueued, or where jobs may be forgotten,
 * after they are done: until then a node holds them, and lets them go when jobs were forgotten.
 */
final class SimulatedOutbox implements Outbox {

    private final World world;
    private final List<Row> rows = new ArrayList<>();
    private final IdentityHashMap<JobExecutor, Held> held = new IdentityHashMap<>();
    private long lastSeen;

    private static final class Row {
        final long number;
        final Change change;
        long heldUntil;

        Row(long number, Change change) {
            this.number = number;
            this.change = change;
        }

        long number() {
            return number;
        }

        Change change() {
            return change;
        }
    }

    /** What a node holds. */
    private static final class Held {
        final List<Batch> batches = new ArrayList<>();
        String memory = "";
    }

    private record Batch(List<Row> rows, long request) {}

    SimulatedOutbox(World world) {
        this.world = world;
    }

    @Override
    public void append(Collection<Change> changes) {
        changes.forEach(change -> world.host
                .asCaptured(change)
                .forEach(captured -> rows.add(new Row(world.host.transaction(), captured))));
        world.log(() -> "outbox " + world.host.transaction() + " "
                + changes.stream()
                        .map(change -> change.kind() + " " + change.type() + " " + change.id())
                        .toList());
    }

    /** One that is seen by a node, whose jobs may be somewhere else. */
    @Override
    public int relay(int limit, Router router, JobExecutor jobs) {
        if (world.plan.forgetfulJobs) {
            return relayAndHold(limit, router, jobs);
        }
        List<Row> taken = new ArrayList<>(rows);
        if (taken.size() > 1 && world.faults.strikes(Fault.DELIVERED_OUT_OF_ORDER)) {
            Collections.shuffle(taken, world.random);
        }
        taken = taken.subList(0, Math.min(taken.size(), limit));
        if (world.sabotages(Sabotage.RELAYED_ABOVE_THE_LAST_SEEN)) {
            taken = new ArrayList<>(rows);
            taken.removeIf(row -> row.number() <= lastSeen);
            taken.forEach(row -> lastSeen = Math.max(lastSeen, row.number()));
            rows.clear();
        }
        if (taken.isEmpty()) {
            return 0;
        }
        if (world.sabotages(Sabotage.DELETED_FROM_OUTBOX_BEFORE_ENQUEUED)) {
            rows.removeAll(taken);
        }
        List<JobRequest> requests = router.route(taken.stream().map(Row::change).toList());
        if (!requests.isEmpty()) {
            (world.plan.outboxElsewhere ? jobs : world.jobs).enqueue(requests);
        }
        rows.removeAll(taken);
        return taken.size();
    }

    /** What {@code HeldChanges} of the JDBC store does, for a node with these jobs. */
    private int relayAndHold(int limit, Router router, JobExecutor jobs) {
        Held own = held.computeIfAbsent(jobs, node -> new Held());
        Coverage before = jobs.coverage();
        if (!before.memory().equals(own.memory) && !world.sabotages(Sabotage.FORGETTING_NOT_NOTICED)) {
            own.batches.forEach(batch -> hold(batch.rows(), Duration.ZERO));
            own.batches.clear();
            own.memory = before.memory();
        }
        while (!own.batches.isEmpty()
                && before.covers(Node.MACHINE, own.batches.get(0).request())) {
            rows.removeAll(own.batches.remove(0).rows());
        }
        own.batches.forEach(batch -> hold(batch.rows(), world.plan.lease));
        List<Row> taken = rows.stream()
                .filter(row -> row.heldUntil <= world.now())
                .limit(limit)
                .toList();
        if (taken.isEmpty()) {
            return 0;
        }
        hold(taken, world.plan.lease);
        Coverage after;
        try {
            jobs.enqueue(router.route(taken.stream().map(Row::change).toList()));
            after = jobs.coverage();
        } catch (RuntimeException e) {
            hold(taken, Duration.ZERO);
            throw e;
        }
        if (after.memory().equals(own.memory) || world.sabotages(Sabotage.FORGETTING_NOT_NOTICED)) {
            own.batches.add(new Batch(taken, after.requested()));
        } else {
            hold(taken, Duration.ZERO);
        }
        return taken.size();
    }

    private void hold(List<Row> held, Duration duration) {
        held.forEach(row -> row.heldUntil = world.now() + duration.toNanos());
    }

    @Override
    public long depth() {
        return rows.size();
    }

    @Override
    public Duration lag() {
        return Duration.ZERO;
    }
}
