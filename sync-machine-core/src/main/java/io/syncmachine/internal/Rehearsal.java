package io.syncmachine.internal;

import io.syncmachine.ChangedProperties;
import io.syncmachine.DryRun;
import io.syncmachine.DryRun.Failure;
import io.syncmachine.DryRun.Sample;
import io.syncmachine.Explanation.Action;
import io.syncmachine.Explanation.Next;
import io.syncmachine.event.Hook;
import io.syncmachine.event.HookCall;
import io.syncmachine.spi.DerivedPaths;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntityReference;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Goes through subjects, page by page, and tells what runs would do about them. Reads only; of one use. */
final class Rehearsal<S, ID, D> {

    private static final int PAGE = 200;
    /** Looking for a page of keys may cost as much as there are, so that there are not many pages. */
    private static final int KEYS = 2_000;

    private static final int MOST_SAMPLES = 20;
    private static final int MOST_FAILURES = 10;

    private final Machine<S, ID, D> machine;
    private final EntitySource source;
    private final Store store;
    private final Settings settings;
    private final Foresight<S, ID, D> foresight;
    private final @Nullable String closed;
    private final Duration closedFor;
    private final Set<SubjectKey> page = new LinkedHashSet<>();
    private final Map<Action, Long> counts = new EnumMap<>(Action.class);
    private final List<Sample> samples = new ArrayList<>();
    private final List<Failure> failures = new ArrayList<>();

    /**
     * Makes one.
     *
     * @param closed why the machine publishes nothing here; null if it does
     * @param closedFor how long nothing is sent to its destination
     */
    Rehearsal(
            Machine<S, ID, D> machine,
            EntitySource source,
            Store store,
            Settings settings,
            @Nullable String closed,
            Duration closedFor) {
        this.machine = machine;
        this.source = source;
        this.store = store;
        this.settings = settings;
        this.foresight = new Foresight<>(machine, settings);
        this.closed = closed;
        this.closedFor = closedFor;
    }

    /** A way through subjects. */
    private interface Walk {
        void go() throws Exception;
    }

    /** Of some subjects of a tenant. */
    DryRun of(String tenant, Iterable<?> ids) {
        return walk(() -> {
            try {
                for (Object id : ids) {
                    add(tenant, machine.encode(id));
                }
            } finally {
                if (ids instanceof AutoCloseable closeable) {
                    closeable.close();
                }
            }
        });
    }

    /** Of all whose jobs wait. */
    DryRun ofWaiting() {
        return walk(() -> {
            JobKey last = null;
            List<JobKey> keys;
            do {
                keys = store.jobs().waiting(machine.storedName(), Stage.ENSURE_PUBLICATION, last, KEYS);
                for (JobKey key : keys) {
                    add(key.tenant(), key.key());
                    last = key;
                }
            } while (keys.size() == KEYS);
        });
    }

    /**
     * Of those that a change of an entity concerns.
     *
     * @throws IllegalArgumentException if the machine has nothing to do with it
     */
    DryRun ofChange(EntityReference entity) {
        Machine.BoundListener<?, ID> bound = machine.listener(entity.type());
        if (!machine.concerns(entity.type())) {
            throw new IllegalArgumentException("machine '" + machine.name() + "' has nothing to do with "
                    + entity.type() + ": it must be its subject or listened to");
        }
        return walk(() -> {
            if (machine.concernsItself(entity.type(), ChangedProperties.all())) {
                add(entity.tenant(), entity.id());
            }
            if (bound != null && machine.hasFinder(entity.type())) {
                find(bound, entity);
            }
            findAlongPaths(entity);
        });
    }

    private void findAlongPaths(EntityReference entity) throws Exception {
        DerivedPaths<ID> paths = machine.paths();
        if (paths == null) {
            return;
        }
        Map<String, ChangedProperties> changed = Map.of(entity.id(), ChangedProperties.all());
        Set<String> ids = new HashSet<>(); // one that several edges lead to counts once
        for (DerivedPaths.Edge edge : machine.edges(entity.type(), ChangedProperties.all())) {
            paths.find(entity.tenant(), edge, changed, page -> {
                for (DerivedPaths.Found<? extends ID> found : page) {
                    String id = machine.encode(found.subject());
                    if (ids.add(id)) {
                        add(entity.tenant(), id);
                    }
                }
            });
        }
    }

    private <E> void find(Machine.BoundListener<E, ID> bound, EntityReference reference) throws Exception {
        find(bound, bound.entity(), reference);
    }

    private <E, EID> void find(
            Machine.BoundListener<E, ID> bound, EntityDescription<E, EID> description, EntityReference reference)
            throws Exception {
        EID id = description.ids().decode(reference.id());
        source.read(reference.tenant(), description.type(), List.of(id), found -> {
            E entity = found.get(id);
            if (entity != null) {
                call(bound, entity, reference);
            }
            return null;
        });
    }

    private <E> void call(Machine.BoundListener<E, ID> bound, E entity, EntityReference reference) throws Exception {
        settings.hooks()
                .call(
                        () -> new HookCall(
                                Hook.SUBJECT_IDS,
                                machine.name(),
                                reference.tenant(),
                                bound.entity().name(),
                                reference.id(),
                                List.of()),
                        () -> {
                            Listeners.find(
                                    bound,
                                    entity,
                                    ChangedProperties.all(),
                                    id -> add(reference.tenant(), machine.encode(id)));
                            return null;
                        });
    }

    private DryRun walk(Walk walk) {
        try {
            walk.go();
            lookAtPage();
        } catch (Exception e) {
            throw new IllegalStateException(
                    "machine '" + machine.name() + "': the dry run ended early, after "
                            + counts.values().stream()
                                    .mapToLong(Long::longValue)
                                    .sum() + " subjects: "
                            + Failures.describe(e),
                    e);
        }
        return new DryRun(
                machine.name(),
                counts,
                samples,
                failures,
                Optional.ofNullable(closed),
                machine.definition.policy(),
                machine.definition.destination().batchSize(),
                closedFor);
    }

    private void add(String tenant, String id) throws Exception {
        page.add(new SubjectKey(tenant, machine.storedName(), id));
        if (page.size() == PAGE) {
            lookAtPage();
        }
    }

    private void lookAtPage() throws Exception {
        List<SubjectKey> keys = List.copyOf(page);
        page.clear();
        if (keys.isEmpty()) {
            return;
        }
        Map<SubjectKey, PayloadRecord> known = store.payloads().find(keys);
        new BatchReader<S, ID, SubjectKey>(
                        source,
                        settings.clock(),
                        machine.definition.subject(),
                        SubjectKey::tenant,
                        key -> machine.subjectIds.decode(key.id()),
                        new BatchReader.Work<>() {
                            @Override
                            public void handle(SubjectKey key, @Nullable S subject) throws Exception {
                                PayloadRecord record = known.getOrDefault(key, Foresight.NOTHING_KNOWN);
                                count(key, record, foresight.next(key, record, subject));
                            }

                            @Override
                            public void failed(SubjectKey key, Throwable failure) {
                                count(key, Foresight.NOTHING_KNOWN, Foresight.failure(failure));
                            }

                            @Override
                            public void unread(SubjectKey key, Throwable failure) {
                                // nothing can be read: that ends it
                            }
                        })
                .read(keys);
    }

    private void count(SubjectKey key, PayloadRecord known, Next next) {
        if (DryRun.isSent(next.action()) && samples.size() < MOST_SAMPLES) {
            samples.add(new Sample(
                    key.tenant(),
                    key.id(),
                    next.action(),
                    next.json(),
                    Foresight.differences(foresight.document(known), next)));
        }
        if (failures.size() < MOST_FAILURES) {
            next.failure().ifPresent(reason -> failures.add(new Failure(key.tenant(), key.id(), reason)));
        }
        counts.merge(next.action(), 1L, Long::sum);
    }
}
