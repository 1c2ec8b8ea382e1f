package io.syncmachine.mongo;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.ChangeListener;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Listens to everything for one machine, whose finder answers one subject. */
final class AllListener implements ChangeListener {

    static final String MACHINE = "machine";

    @Override
    public boolean listensTo(String type) {
        return true;
    }

    @Override
    public Set<String> concerned(String type, ChangeKind kind, Collection<String> properties) {
        return Set.of(MACHINE);
    }

    @Override
    public @Nullable String trace() {
        return null;
    }

    @Override
    public Set<String> findersOf(String type) {
        return Set.of(MACHINE);
    }

    @Override
    public List<Change> subjectsOf(
            String machine, String tenant, String type, ChangeKind kind, Object entity, ChangedProperties changed) {
        return List.of(new Change(tenant, "#" + type, "of " + entity, kind, changed, Set.of(machine)));
    }
}
