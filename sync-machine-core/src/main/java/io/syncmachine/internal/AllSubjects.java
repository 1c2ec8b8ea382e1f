package io.syncmachine.internal;

import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.PayloadStore.State;
import io.syncmachine.spi.SubjectKey;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Goes through all subjects of a machine, page by page and each once: first those that are known to be at the API, of every tenant, for
 * they may be gone; then those that exist besides.
 */
final class AllSubjects<S, ID> {

    /** Where it is. */
    enum Part {
        /** Among those that are known to be at the API. */
        RECORDS,
        /** Among those that exist. */
        ENTITIES,
        /** Through. */
        END
    }

    /**
     * A place between two subjects.
     *
     * @param part among which
     * @param tenant among the entities of which tenant, of those that are gone through
     * @param afterTenant the tenant of the record that was last; null if none was
     * @param after the id that was last; null if none was
     */
    record Cursor(
            Part part,
            int tenant,
            @Nullable String afterTenant,
            @Nullable String after) {

        static final Cursor BEGIN = new Cursor(Part.RECORDS, 0, null, null);
    }

    /**
     * Some subjects.
     *
     * @param keys may be none, where more follow all the same
     * @param next where to go on
     */
    record Page(List<SubjectKey> keys, Cursor next) {}

    private final Machine<S, ID, ?> machine;
    private final EntitySource source;
    private final PayloadStore payloads;

    AllSubjects(Machine<S, ID, ?> machine, EntitySource source, PayloadStore payloads) {
        this.machine = machine;
        this.source = source;
        this.payloads = payloads;
    }

    /**
     * The page after a place.
     *
     * @param tenants whose entities to go through
     * @throws Exception if the entities cannot be read
     */
    Page page(Cursor cursor, List<String> tenants, int limit) throws Exception {
        return switch (cursor.part()) {
            case RECORDS -> records(cursor, limit);
            case ENTITIES -> entities(cursor, tenants, limit);
            case END -> new Page(List.of(), cursor);
        };
    }

    /** The records of subjects that are present, whatever builder published them; none at the end. */
    private Page records(Cursor cursor, int limit) {
        SubjectKey last = cursor.after() == null || cursor.afterTenant() == null
                ? null
                : new SubjectKey(cursor.afterTenant(), machine.storedName(), cursor.after());
        List<SubjectKey> keys = payloads.outdated(machine.storedName(), Integer.MAX_VALUE, last, limit);
        if (keys.isEmpty()) {
            return new Page(keys, new Cursor(Part.ENTITIES, 0, null, null));
        }
        SubjectKey end = keys.get(keys.size() - 1);
        return new Page(keys, new Cursor(Part.RECORDS, 0, end.tenant(), end.id()));
    }

    private Page entities(Cursor cursor, List<String> tenants, int limit) throws Exception {
        if (cursor.tenant() >= tenants.size()) {
            return new Page(List.of(), new Cursor(Part.END, 0, null, null));
        }
        String tenant = tenants.get(cursor.tenant());
        ID last = cursor.after() == null ? null : machine.subjectIds.decode(cursor.after());
        List<ID> ids = source.ids(tenant, machine.definition.subject(), last, limit);
        if (ids.isEmpty()) {
            return new Page(List.of(), new Cursor(Part.ENTITIES, cursor.tenant() + 1, null, null));
        }
        List<SubjectKey> keys = ids.stream()
                .map(id -> new SubjectKey(tenant, machine.storedName(), machine.encode(id)))
                .toList();
        Map<SubjectKey, PayloadRecord> known = payloads.find(keys);
        Cursor next = new Cursor(
                Part.ENTITIES, cursor.tenant(), null, keys.get(keys.size() - 1).id());
        return new Page(keys.stream().filter(key -> !isPresent(known.get(key))).toList(), next);
    }

    private static boolean isPresent(@Nullable PayloadRecord known) {
        return known != null && known.state() == State.PRESENT;
    }
}
