package io.syncmachine.internal;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.Events;
import io.syncmachine.SyncMachine;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.EntityDescription;
import io.syncmachine.spi.EntityReference;
import io.syncmachine.spi.EntitySource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Turns what the application tells into changes. */
record OwnEvents(
        Collection<Machine<?, ?, ?>> machines,
        EntitySource source,
        @Nullable Object transaction) implements Events {

    @Override
    public void changed(Object entity) {
        EntityReference reference = source.refer(entity);
        append(reference.type(), List.of(reference.id()), concerned(reference.type()));
    }

    @Override
    public void changed(Class<?> type, Collection<?> ids) {
        EntityDescription<?, ?> entity = source.describe(type);
        List<String> encoded = encode(entity, ids);
        Set<String> told = names(machine -> machine.concerns(entity.name()));
        append(entity.name(), encoded, told);
        for (String subtype : entity.names()) {
            Set<String> further = names(machine -> machine.concerns(subtype) && !told.contains(machine.name()));
            append(subtype, encoded, further);
            told.addAll(further);
        }
        if (told.isEmpty()) {
            throw concernsNobody(entity.name());
        }
    }

    private static <E, ID> List<String> encode(EntityDescription<E, ID> entity, Collection<?> ids) {
        List<String> encoded = new ArrayList<>(ids.size());
        for (Object id : ids) {
            if (!entity.idType().isInstance(id)) {
                throw new IllegalArgumentException("ids of " + entity.name() + " must be of "
                        + entity.idType().getName() + ", but '" + id + "' is of "
                        + id.getClass().getName());
            }
            encoded.add(entity.ids().encode(entity.idType().cast(id)));
        }
        return encoded;
    }

    @Override
    public void changed(SyncMachine<?, ?> machine, Object entity) {
        EntityReference reference = source.refer(entity);
        Set<String> own =
                names(known -> known.definition.equals(machine.definition()) && known.concerns(reference.type()));
        if (own.isEmpty()) {
            throw new IllegalArgumentException(
                    "machine '" + machine.name() + "' is not run by this engine, or has nothing to do with "
                            + reference.type() + ": it must be its subject or listened to");
        }
        append(reference.type(), List.of(reference.id()), own);
    }

    @Override
    public void signal(String event, Object entity) {
        String type = Machine.eventType(event);
        Set<String> listening = names(machine -> machine.listener(type) != null);
        if (listening.isEmpty()) {
            throw new IllegalArgumentException(
                    "no machine listens to the event '" + event + "'; declare listenToEvent(\"" + event + "\") on one");
        }
        EntityReference reference = source.refer(entity);
        for (Machine<?, ?, ?> machine : machines) {
            Machine.BoundListener<?, ?> bound = machine.listener(type);
            if (bound != null && !bound.entity().names().contains(reference.type())) {
                throw new IllegalArgumentException("machine '" + machine.name() + "' expects the event '" + event
                        + "' with a " + bound.entity().name() + ", but it is signalled with a " + reference.type());
            }
        }
        append(type, List.of(reference.id()), listening);
    }

    private Set<String> concerned(String type) {
        Set<String> concerned = names(machine -> machine.concerns(type));
        if (concerned.isEmpty()) {
            throw concernsNobody(type);
        }
        return concerned;
    }

    private static IllegalArgumentException concernsNobody(String type) {
        return new IllegalArgumentException("no machine listens to " + type + " or publishes it");
    }

    private Set<String> names(Predicate<Machine<?, ?, ?>> which) {
        Set<String> names = new TreeSet<>();
        machines.stream().filter(which).forEach(machine -> names.add(machine.name()));
        return names;
    }

    private void append(String type, Collection<String> ids, Set<String> machines) {
        List<Change> changes = ids.stream()
                .map(StorableId::check)
                .map(id -> new Change(
                        Change.DEFAULT_TENANT, type, id, ChangeKind.UPDATE, ChangedProperties.all(), machines))
                .toList();
        if (!changes.isEmpty() && !machines.isEmpty()) {
            source.append(transaction, changes);
        }
    }
}
