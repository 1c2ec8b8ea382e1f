package io.syncmachine.spi;

import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;

/**
 * Exclusive rights to keys that expire by the store's own clock. An optimisation: a lease that is lost or granted twice may cost
 * a repeated publication, never a wrong state. Used where the {@link JobExecutor} is not exclusive. Safe for use by several
 * threads and nodes.
 */
public interface LeaseStore {

    /**
     * Grants the keys that nobody else holds, and answers them; the holder's own are granted anew. Never waits.
     *
     * @param holder who asks: unique among nodes
     * @param ttl how long the leases last from now
     */
    Set<String> tryAcquire(Collection<String> keys, String holder, Duration ttl);

    /** Who holds a key now; empty if nobody does. */
    Optional<String> holder(String key);

    /** Extends the leases that the holder still has, and answers their keys. */
    Set<String> renew(Collection<String> keys, String holder, Duration ttl);

    /** Ends the leases that the holder still has; those of others stay. */
    void release(Collection<String> keys, String holder);
}
