package io.syncmachine.internal;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.Events;
import io.syncmachine.SyncMachine;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
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
        Collection<Handler<?>> handlers,
        EntitySource source,
        ChangeListener listener,
        @Nullable Object transaction,
        @Nullable String tenant)
        implements Events {

    @Override
    public Events ofTenant(String tenant) {
        return new OwnEvents(machines, handlers, source, listener, transaction, tenant);
    }

    private EntityReference refer(Object entity) {
        EntityReference reference = source.refer(transaction, entity);
        return tenant == null ? reference : new EntityReference(tenant, reference.type(), reference.id());
    }

    @Override
    public void changed(Object entity) {
        EntityReference reference = refer(entity);
        append(reference, reference.type(), concerned(reference.type()));
    }

    @Override
    public void changed(Class<?> type, Collection<?> ids) {
        EntityDescription<?, ?> entity = source.describe(type);
        List<String> encoded = encode(entity, ids);
        String owner = tenant == null ? source.tenant(transaction) : tenant;
        List<String> names = new ArrayList<>(List.of(entity.name()));
        names.addAll(entity.names());
        List<Change> changes = new ArrayList<>();
        Set<String> told = new TreeSet<>();
        for (String name : names) { // some may be interested in a subclass only
            Set<String> further = interested(name);
            further.removeAll(told);
            if (!further.isEmpty()) {
                encoded.forEach(id -> changes.add(change(owner, name, id, further)));
                told.addAll(further);
            }
        }
        if (told.isEmpty()) {
            throw interestsNobody(entity.name());
        }
        append(changes);
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
        EntityReference reference = refer(entity);
        Set<String> own =
                names(known -> known.definition.equals(machine.definition()) && known.concerns(reference.type()));
        if (own.isEmpty()) {
            throw new IllegalArgumentException(
                    "machine '" + machine.name() + "' is not run by this engine, or has nothing to do with "
                            + reference.type() + ": it must be its subject or listened to");
        }
        append(reference, reference.type(), own);
    }

    @Override
    public void signal(String event, Object entity) {
        String type = Machine.eventType(event);
        Set<String> listening = names(machine -> machine.listener(type) != null);
        if (listening.isEmpty()) {
            throw new IllegalArgumentException(
                    "no machine listens to the event '" + event + "'; declare listenToEvent(\"" + event + "\") on one");
        }
        EntityReference reference = refer(entity);
        for (Machine<?, ?, ?> machine : machines) {
            Machine.BoundListener<?, ?> bound = machine.listener(type);
            if (bound != null && !bound.entity().names().contains(reference.type())) {
                throw new IllegalArgumentException("machine '" + machine.name() + "' expects the event '" + event
                        + "' with a " + bound.entity().name() + ", but it is signalled with a " + reference.type());
            }
        }
        append(reference, type, listening);
    }

    private Set<String> concerned(String type) {
        Set<String> concerned = interested(type);
        if (concerned.isEmpty()) {
            throw interestsNobody(type);
        }
        return concerned;
    }

    private Set<String> interested(String type) {
        Set<String> interested = names(machine -> machine.concerns(type));
        handlers.stream()
                .filter(handler -> handler.types().contains(type))
                .forEach(handler -> interested.add(handler.storedName()));
        return interested;
    }

    private static IllegalArgumentException interestsNobody(String type) {
        return new IllegalArgumentException(
                "no machine or handler listens to " + type + ", and no machine publishes it");
    }

    private Set<String> names(Predicate<Machine<?, ?, ?>> which) {
        Set<String> names = new TreeSet<>();
        machines.stream().filter(which).forEach(machine -> names.add(machine.storedName()));
        return names;
    }

    private Change change(String owner, String type, String id, Set<String> names) {
        return new Change(
                owner, type, StorableId.check(id), ChangeKind.TOLD, ChangedProperties.all(), names, listener.trace());
    }

    private void append(EntityReference reference, String type, Set<String> names) {
        append(List.of(change(reference.tenant(), type, reference.id(), names)));
    }

    private void append(List<Change> changes) {
        if (!changes.isEmpty()) {
            source.append(transaction, changes);
        }
    }
}
