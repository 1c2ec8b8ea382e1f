package io.syncmachine.spi;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells an entity source which changes matter; given to it when the engine starts. Every method is quick, touches no store and is
 * safe for use by several threads.
 */
public interface ChangeListener {

    /** Whether any machine listens to this type, given by its declared name. */
    boolean listensTo(String type);

    /**
     * The machines that a change concerns; empty if it can be dropped.
     *
     * @param properties the changed ones; ignored for creations and deletions, which always count
     */
    Set<String> concerned(String type, ChangeKind kind, Collection<String> properties);

    /** The trace context that the current thread is in, as a W3C traceparent, if there is one. */
    @Nullable
    String trace();

    /** The machines for which {@link #subjectsOf} may answer something for this type. */
    Set<String> findersOf(String type);

    /**
     * The changes that an entity's subjects must be told of, from a machine's finder, which needs the entity itself: one per subject.
     * Asked before the transaction is committed, where the entity may not be there when its change has become a job: when it is
     * deleted, for afterwards it is gone; and when one of its references is set to something else, for it may be deleted soon after, and then
     * nobody could tell what it referred to before.
     *
     * @param machine one of {@link #findersOf}; where its finder fails, those of others still count
     * @param type its declared name
     * @param kind a deletion, or an update; of an update nothing is answered if the subjects are very many: its job finds them
     * @param entity the entity as it was deleted, or as it is after the update
     * @param changed with the old references
     * @throws Exception whatever the finder throws
     */
    List<Change> subjectsOf(
            String machine, String tenant, String type, ChangeKind kind, Object entity, ChangedProperties changed)
            throws Exception;

    /**
     * The jobs that look at an entity as if all of it had changed, in the background lane: for a source that has lost sight of what changed, and goes
     * through all that there is.
     *
     * @param type its declared name
     * @param id its encoded id
     */
    default List<JobRequest> look(String tenant, String type, String id) {
        throw new UnsupportedOperationException("this listener is not asked for entities that may not have changed");
    }
}
