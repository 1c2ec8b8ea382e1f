package io.syncmachine.simulation;

import io.syncmachine.spi.Change;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Outbox;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

/**
 * Rows whose numbers are drawn when their transaction begins and which are seen when it commits. Kept either with the jobs, and then
 * taken and turned into jobs in one transaction; or elsewhere, and then deleted after the jobs are enqueued.
 */
final class SimulatedOutbox implements Outbox {

    private final World world;
    private final List<Row> rows = new ArrayList<>();
    private long lastSeen;

    private record Row(long number, Change change) {}

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

    @Override
    public long depth() {
        return rows.size();
    }

    @Override
    public Duration lag() {
        return Duration.ZERO;
    }
}
