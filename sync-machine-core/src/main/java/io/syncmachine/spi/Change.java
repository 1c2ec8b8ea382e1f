package io.syncmachine.spi;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A change of one entity that concerns at least one machine.
 *
 * @param tenant whose entity it is; {@link #DEFAULT_TENANT} where there is only one
 * @param type the declared name of the entity's type, not a class name
 * @param id the encoded id
 * @param kind what happened
 * @param changed which properties changed
 * @param machines the names of the machines that it concerns. They travel with the change, so that a node that does not know
 *     one of them passes the change on.
 * @param trace the trace context of the transaction that made it, as a W3C traceparent; null if there was none
 */
public record Change(
        String tenant,
        String type,
        String id,
        ChangeKind kind,
        ChangedProperties changed,
        Set<String> machines,
        @Nullable String trace) {

    /** The tenant of an application that has only one. */
    public static final String DEFAULT_TENANT = "default";

    /**
     * Begins the type of a change that names a subject and not an entity, for it was found already; the name of the entity's type follows.
     * No entity has such a name.
     */
    public static final String SUBJECT_OF = "#";

    /**
     * The type of a change that is none, but the wish that machines go through all of their subjects: something has changed of which it
     * cannot be told whom it concerns. No entity has such a name. Written like any other change, in the transaction of what has changed:
     * its id is {@link #RESYNC_ID}, its kind an update, all counts as changed, and its machines are machines' stored names, not those of
     * handlers. A resync that was asked for by one and has not begun serves for those that follow.
     */
    public static final String RESYNC_TYPE = "!resync";

    /** The id of a change of {@link #RESYNC_TYPE}. */
    public static final String RESYNC_ID = "*";

    /**
     * The wish that machines go through all of their subjects.
     *
     * @param tenant whose subjects; those that are known to be at the API are gone through for every tenant
     */
    public static Change resync(String tenant, Set<String> machines, @Nullable String trace) {
        return new Change(tenant, RESYNC_TYPE, RESYNC_ID, ChangeKind.UPDATE, ChangedProperties.all(), machines, trace);
    }

    /** One without a trace. */
    public Change(
            String tenant, String type, String id, ChangeKind kind, ChangedProperties changed, Set<String> machines) {
        this(tenant, type, id, kind, changed, machines, null);
    }
}
