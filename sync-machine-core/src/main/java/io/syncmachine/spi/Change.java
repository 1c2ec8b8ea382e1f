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

    /** One without a trace. */
    public Change(
            String tenant, String type, String id, ChangeKind kind, ChangedProperties changed, Set<String> machines) {
        this(tenant, type, id, kind, changed, machines, null);
    }
}
