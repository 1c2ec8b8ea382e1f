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

    /** The machines for which {@link #subjectsOfDeleted} may answer something for this type. */
    Set<String> findersOfDeleted(String type);

    /**
     * The changes that a deleted entity's subjects must be told of, from a machine's finder, which needs the entity itself: one per
     * subject. Run before the deletion is committed, for afterwards the entity is gone.
     *
     * @param machine one of {@link #findersOfDeleted}; where its finder fails, those of others still count
     * @param type its declared name
     * @param entity the entity as it was
     * @throws Exception whatever the finder throws
     */
    List<Change> subjectsOfDeleted(String machine, String tenant, String type, Object entity, ChangedProperties changed)
            throws Exception;
}
