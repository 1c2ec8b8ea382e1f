package io.syncmachine.internal;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Outbox;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Folds captured changes into keyed jobs. Where an entity is itself the subject, the job ensures its publication directly. A change
 * for a machine that this node does not know, or that does not listen to the type here, becomes a job that waits for a node where it
 * does.
 */
final class Relay implements EngineThreads.Step {

    /** The type of a change that names a subject and not an entity: its finder has run already. No entity has such a name. */
    static final String SUBJECT = "#subject";

    private static final int BATCH = 1000;

    private final Outbox outbox;
    private final JobExecutor jobs;
    private final Map<String, Machine<?, ?, ?>> machines;
    private final Runnable wakeWorkers;
    private final AdaptivePoll poll;

    Relay(
            Outbox outbox,
            JobExecutor jobs,
            Map<String, Machine<?, ?, ?>> machines,
            Runnable wakeWorkers,
            AdaptivePoll poll) {
        this.outbox = outbox;
        this.jobs = jobs;
        this.machines = machines;
        this.wakeWorkers = wakeWorkers;
        this.poll = poll;
    }

    @Override
    public Duration run() {
        int taken = outbox.relay(BATCH, this::route, jobs);
        if (taken == 0) {
            return poll.nothing();
        }
        wakeWorkers.run();
        return poll.found();
    }

    private List<JobRequest> route(List<Change> changes) {
        Map<JobKey, JobRequest> folded = new LinkedHashMap<>();
        for (Change change : changes) {
            for (String machine : change.machines()) {
                JobRequest request = request(change, machine);
                if (request != null) {
                    folded.merge(request.key(), request, Relay::fold);
                }
            }
        }
        return new ArrayList<>(folded.values());
    }

    private @Nullable JobRequest request(Change change, String machineName) {
        Machine<?, ?, ?> machine = machines.get(machineName);
        if (change.type().equals(SUBJECT) || (machine != null && machine.isSubject(change.type()))) {
            return new JobRequest(
                    JobKey.ensurePublication(change.tenant(), machineName, change.id()), ChangedProperties.all());
        }
        if (change.kind() == ChangeKind.DELETE && machine != null && machine.listener(change.type()) != null) {
            return null; // its subjects were found when it was deleted
        }
        return new JobRequest(
                JobKey.findSubjects(change.tenant(), machineName, change.type(), change.id()), change.changed());
    }

    private static JobRequest fold(JobRequest one, JobRequest other) {
        return new JobRequest(one.key(), one.changed().union(other.changed()));
    }
}
