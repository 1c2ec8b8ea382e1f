package io.syncmachine.internal;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Hook;
import io.syncmachine.event.HookCall;
import io.syncmachine.function.CheckedBiFunction;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stage 1: which changes of which types concern which machines. Immutable. */
final class Listeners implements ChangeListener {

    private static final Logger log = LoggerFactory.getLogger(Listeners.class);
    /** A finder that answers more is not waited for within the application's transaction. */
    private static final int MOST = 1_000;

    private final Map<String, List<Interest>> interestsByType = new HashMap<>();
    private final Hooks hooks;
    private final Supplier<@Nullable String> trace;

    Listeners(Collection<? extends Interest> interests, Settings settings) {
        this.hooks = settings.hooks();
        this.trace = settings.trace();
        for (Interest interest : interests) {
            interest.types()
                    .forEach(type -> interestsByType
                            .computeIfAbsent(type, key -> new ArrayList<>())
                            .add(interest));
        }
    }

    private List<Interest> interests(String type) {
        return interestsByType.getOrDefault(type, List.of());
    }

    @Override
    public boolean listensTo(String type) {
        return interestsByType.containsKey(type);
    }

    @Override
    public Set<String> concerned(String type, ChangeKind kind, Collection<String> properties) {
        Set<String> names = new TreeSet<>();
        for (Interest interest : interests(type)) {
            if (kind != ChangeKind.UPDATE || interest.concerns(type, properties)) {
                names.add(interest.storedName());
            }
        }
        return names;
    }

    @Override
    public @Nullable String trace() {
        try {
            return trace.get();
        } catch (RuntimeException e) {
            log.debug("the trace context cannot be told", e);
            return null;
        }
    }

    @Override
    public Set<String> findersOf(String type) {
        Set<String> names = new TreeSet<>();
        for (Interest interest : interests(type)) {
            if (interest instanceof Machine<?, ?, ?> machine && machine.hasFinder(type)) {
                names.add(machine.storedName());
            }
        }
        return names;
    }

    @Override
    public List<Change> subjectsOf(
            String machineName, String tenant, String type, ChangeKind kind, Object entity, ChangedProperties changed)
            throws Exception {
        List<Change> result = new ArrayList<>();
        for (Interest interest : interests(type)) {
            if (interest.storedName().equals(machineName) && interest instanceof Machine<?, ?, ?> machine) {
                Set<String> ids = ids(machine, tenant, type, entity, changed);
                if (ids == null && kind == ChangeKind.DELETE) {
                    log.warn(
                            "machine {}: the finder of a deleted {} answers more than {} subjects; the machine goes through"
                                    + " all of them instead",
                            machine.name(),
                            type,
                            MOST);
                    return List.of(Change.resync(tenant, Set.of(machineName), trace()));
                }
                for (String id : ids == null ? Set.<String>of() : ids) {
                    result.add(new Change(
                            tenant,
                            Relay.subjectFoundBy(type),
                            id,
                            kind,
                            ChangedProperties.all(),
                            Set.of(machineName),
                            trace()));
                }
            }
        }
        return result;
    }

    @Override
    public List<JobRequest> look(String tenant, String type, String id) {
        List<JobRequest> jobs = new ArrayList<>();
        for (Interest interest : interests(type)) {
            boolean subject = interest instanceof Machine<?, ?, ?> machine && machine.isSubject(type);
            JobKey key = subject
                    ? JobKey.ensurePublication(tenant, interest.storedName(), id)
                    : JobKey.findSubjects(tenant, interest.storedName(), type, id);
            jobs.add(new JobRequest(key, ChangedProperties.all(), Lane.BACKGROUND, List.of()));
        }
        return jobs;
    }

    /** Null if there are too many. */
    private <ID> @Nullable Set<String> ids(
            Machine<?, ID, ?> machine, String tenant, String type, Object entity, ChangedProperties changed)
            throws Exception {
        Machine.BoundListener<?, ID> bound = machine.listener(type);
        Set<String> ids = new LinkedHashSet<>();
        if (bound == null) {
            return ids;
        }
        try {
            hooks.call(() -> new HookCall(Hook.SUBJECT_IDS, machine.name(), tenant, type, "", List.of()), () -> {
                find(bound, entity, changed, id -> add(ids, machine.encode(id)));
                return null;
            });
        } catch (TooManyException e) {
            return null;
        }
        return ids;
    }

    private static void add(Set<String> ids, String id) throws TooManyException {
        if (ids.size() >= MOST && !ids.contains(id)) {
            throw new TooManyException();
        }
        ids.add(id);
    }

    /** Ends a finder that answers more than the application's transaction should wait for. */
    private static final class TooManyException extends Exception {

        private static final long serialVersionUID = 1L;
    }

    /** Takes each id that a finder answers. */
    interface IdSink {
        void accept(Object id) throws Exception;
    }

    /** Calls a listener's finder, if it has one, and hands on what it answers, page by page as it comes. */
    static <E, ID> void find(Machine.BoundListener<E, ID> bound, Object entity, ChangedProperties changed, IdSink ids)
            throws Exception {
        CheckedBiFunction<E, ChangedProperties, ? extends Iterable<? extends ID>> finder =
                bound.listener().finder();
        if (finder == null) {
            return;
        }
        Iterable<? extends ID> found = finder.apply(bound.listener().entity().cast(entity), changed);
        if (found == null) {
            return;
        }
        try {
            for (ID id : found) {
                if (id != null) {
                    ids.accept(id);
                }
            }
        } finally {
            if (found instanceof AutoCloseable closeable) {
                closeable.close();
            }
        }
    }
}
