package io.syncmachine.spi;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import java.util.Set;

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
 */
public record Change(
        String tenant, String type, String id, ChangeKind kind, ChangedProperties changed, Set<String> machines) {

    /** The tenant of an application that has only one. */
    public static final String DEFAULT_TENANT = "default";
}
