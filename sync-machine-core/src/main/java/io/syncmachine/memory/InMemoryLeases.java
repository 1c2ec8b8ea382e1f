package io.syncmachine.memory;

import io.syncmachine.spi.LeaseStore;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Leases in a map. */
final class InMemoryLeases implements LeaseStore {

    private final Elapsed time;
    private final Map<String, Lease> leases = new HashMap<>();

    private record Lease(String holder, long end) {}

    InMemoryLeases(Elapsed time) {
        this.time = time;
    }

    @Override
    public synchronized Set<String> tryAcquire(Collection<String> keys, String holder, Duration ttl) {
        Set<String> granted = new LinkedHashSet<>();
        for (String key : keys) {
            Lease lease = leases.get(key);
            if (lease == null || hasEnded(lease) || lease.holder().equals(holder)) {
                leases.put(key, new Lease(holder, time.in(ttl)));
                granted.add(key);
            }
        }
        return granted;
    }

    @Override
    public synchronized Optional<String> holder(String key) {
        Lease lease = leases.get(key);
        return lease == null || hasEnded(lease) ? Optional.empty() : Optional.of(lease.holder());
    }

    @Override
    public synchronized Set<String> renew(Collection<String> keys, String holder, Duration ttl) {
        Set<String> renewed = new LinkedHashSet<>();
        for (String key : keys) {
            Lease lease = leases.get(key);
            if (lease != null && !hasEnded(lease) && lease.holder().equals(holder)) {
                leases.put(key, new Lease(holder, time.in(ttl)));
                renewed.add(key);
            }
        }
        return renewed;
    }

    @Override
    public synchronized void release(Collection<String> keys, String holder) {
        for (String key : keys) {
            leases.computeIfPresent(key, (same, lease) -> lease.holder().equals(holder) ? null : lease);
        }
    }

    private boolean hasEnded(Lease lease) {
        return lease.end() <= time.now();
    }
}
