package io.syncmachine.internal;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.function.CheckedBiFunction;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Stage 1: which changes of which types concern which machines. Immutable. */
final class Listeners implements ChangeListener {

    private final Map<String, List<Machine<?, ?, ?>>> machinesByType = new HashMap<>();

    Listeners(Collection<Machine<?, ?, ?>> machines) {
        for (Machine<?, ?, ?> machine : machines) {
            machine.types()
                    .forEach(type -> machinesByType
                            .computeIfAbsent(type, key -> new ArrayList<>())
                            .add(machine));
        }
    }

    @Override
    public boolean listensTo(String type) {
        return machinesByType.containsKey(type);
    }

    @Override
    public Set<String> concerned(String type, ChangeKind kind, Collection<String> properties) {
        Set<String> names = new TreeSet<>();
        for (Machine<?, ?, ?> machine : machinesByType.getOrDefault(type, List.of())) {
            Machine.BoundListener<?, ?> bound = machine.listener(type);
            if (bound != null && (kind != ChangeKind.UPDATE || bound.concerns(properties))) {
                names.add(machine.name());
            }
        }
        return names;
    }

    @Override
    public Set<String> findersOfDeleted(String type) {
        Set<String> names = new TreeSet<>();
        for (Machine<?, ?, ?> machine : machinesByType.getOrDefault(type, List.of())) {
            if (!machine.isSubject(type)) {
                names.add(machine.name());
            }
        }
        return names;
    }

    @Override
    public List<Change> subjectsOfDeleted(
            String machineName, String tenant, String type, Object entity, ChangedProperties changed) throws Exception {
        List<Change> result = new ArrayList<>();
        for (Machine<?, ?, ?> machine : machinesByType.getOrDefault(type, List.of())) {
            if (machine.name().equals(machineName)) {
                for (String id : idsOfDeleted(machine, type, entity, changed)) {
                    result.add(new Change(
                            tenant,
                            Relay.SUBJECT,
                            id,
                            ChangeKind.UPDATE,
                            ChangedProperties.all(),
                            Set.of(machineName)));
                }
            }
        }
        return result;
    }

    private static <ID> Set<String> idsOfDeleted(
            Machine<?, ID, ?> machine, String type, Object entity, ChangedProperties changed) throws Exception {
        Machine.BoundListener<?, ID> bound = machine.listener(type);
        Set<String> ids = new LinkedHashSet<>();
        if (bound != null) {
            find(bound, entity, changed, id -> ids.add(machine.encode(id)));
        }
        return ids;
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
