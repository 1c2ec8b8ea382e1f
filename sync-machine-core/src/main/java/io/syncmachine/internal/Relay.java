package io.syncmachine.internal;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Cause;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.Settle;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Folds captured changes into keyed jobs. Where an entity is itself the subject, the job ensures its publication directly. A change
 * for a machine that this node does not know, or that does not listen to the type here, becomes a job that waits for a node where it
 * does.
 */
final class Relay implements EngineThreads.Step {

    private static final Logger log = LoggerFactory.getLogger(Relay.class);
    private static final int BATCH = 1000;
    private static final Duration LONGEST_DRAIN = Duration.ofMillis(200);

    private final Store store;
    private final Map<String, Machine<?, ?, ?>> machines;
    private final Consumer<JobQueue> wake;
    private final Runnable wakeAll;
    private final Consumer<Machine<?, ?, ?>> settling;
    private final EngineClock clock;
    private final AdaptivePoll poll;
    private volatile boolean woken;
    private boolean draining;
    private long drainingSinceNanos;
    /** Whose subjects the changes that are being folded let settle. */
    private final Set<Machine<?, ?, ?>> settled = new LinkedHashSet<>();

    /** The type of a change that names a subject, which the finder of an entity of this type found within the application's transaction. */
    static String subjectFoundBy(String type) {
        return Change.SUBJECT_OF + type;
    }

    /** Where jobs were enqueued that nobody was told of yet. */
    private final Set<JobQueue> requested = new LinkedHashSet<>();

    /**
     * Makes one.
     *
     * @param wake told where there are new jobs
     * @param wakeAll told when others may have made jobs
     * @param settling told of each machine whose subjects were just requested to settle
     */
    Relay(
            Store store,
            Map<String, Machine<?, ?, ?>> machines,
            Consumer<JobQueue> wake,
            Runnable wakeAll,
            Consumer<Machine<?, ?, ?>> settling,
            EngineClock clock) {
        this.store = store;
        this.machines = machines;
        this.wake = wake;
        this.wakeAll = wakeAll;
        this.settling = settling;
        this.clock = clock;
        this.poll = new AdaptivePoll(clock);
    }

    /** Somebody said that there may be changes, or jobs: if there are no changes, the workers have a look. */
    void woken() {
        woken = true;
    }

    /** Whoever said that there was something may have meant jobs of another node's: all have a look, but only when no changes are left. */
    @Override
    public Duration run() {
        int taken = store.outbox().relay(BATCH, this::route, store.jobs());
        settled.forEach(settling);
        settled.clear();
        if (taken == BATCH && mayDrainOn()) {
            return poll.found();
        }
        draining = false;
        requested.forEach(wake);
        requested.clear();
        if (taken > 0) {
            return poll.found();
        }
        if (woken) {
            woken = false;
            wakeAll.run();
        }
        return poll.nothing();
    }

    /** Whether to fold what else waits before the workers begin: changes of one subject far apart in the outbox are one run then. */
    private boolean mayDrainOn() {
        if (!draining) {
            draining = true;
            drainingSinceNanos = clock.nanos();
        }
        return clock.nanos() - drainingSinceNanos < LONGEST_DRAIN.toNanos();
    }

    private List<JobRequest> route(List<Change> changes) {
        Map<JobKey, JobRequest> folded = new LinkedHashMap<>();
        for (Change change : changes) {
            if (!StorableId.isStorable(change.id())) {
                log.error(
                        "a change of a {} is dropped: its id is longer than {} bytes, which no job can have",
                        change.type(),
                        StorableId.MOST_BYTES);
                continue;
            }
            for (String machine : change.machines()) {
                JobRequest request = request(change, machine);
                if (request != null) {
                    folded.merge(request.key(), request, JobRequest::union);
                    requested.add(JobQueue.of(request.key()));
                }
            }
        }
        return new ArrayList<>(folded.values());
    }

    private @Nullable JobRequest request(Change change, String machineName) {
        Machine<?, ?, ?> machine = machines.get(machineName);
        boolean alongEdges = machine != null
                && !machine.edges(change.type(), change.changed()).isEmpty();
        if (change.type().startsWith(Change.SUBJECT_OF)
                || (machine != null && machine.isSubject(change.type()) && !alongEdges)) {
            return new JobRequest(
                    JobKey.ensurePublication(change.tenant(), machineName, change.id()),
                    ChangedProperties.all(),
                    Lane.LIVE,
                    List.of(cause(change)),
                    machine == null ? null : settle(machine));
        }
        if (change.kind() == ChangeKind.DELETE && machine != null && !alongEdges && wereFound(machine, change)) {
            return null;
        }
        return new JobRequest(
                JobKey.findSubjects(change.tenant(), machineName, change.type(), change.id()),
                change.changed(),
                Lane.LIVE,
                List.of(cause(change)));
    }

    /** Whether the subjects of a deleted entity were found when it was deleted. */
    private static boolean wereFound(Machine<?, ?, ?> machine, Change change) {
        return machine.listener(change.type()) != null && !machine.concernsItself(change.type(), change.changed());
    }

    private @Nullable Settle settle(Machine<?, ?, ?> machine) {
        Settle settle = machine.settle().orElse(null);
        if (settle != null) {
            settled.add(machine);
        }
        return settle;
    }

    private static Cause cause(Change change) {
        boolean found = change.type().startsWith(Change.SUBJECT_OF);
        return new Cause(
                change.kind(),
                found ? change.type().substring(Change.SUBJECT_OF.length()) : change.type(),
                found ? "" : change.id(),
                change.changed().names(),
                change.trace());
    }
}
