package io.syncmachine.simulation;

import io.syncmachine.spi.LeaseStore;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Leases that are forgotten, or granted to two at once. */
final class UnreliableLeases implements LeaseStore {

    private final World world;
    private final LeaseStore leases;
    private final Map<String, String> holders = new TreeMap<>();

    UnreliableLeases(World world, LeaseStore leases) {
        this.world = world;
        this.leases = leases;
    }

    @Override
    public Set<String> tryAcquire(Collection<String> keys, String holder, java.time.Duration ttl) {
        if (world.faults.strikes(Fault.LEASES_FORGOTTEN)) {
            holders.forEach((key, who) -> leases.release(List.of(key), who));
            holders.clear();
        }
        Set<String> granted = new LinkedHashSet<>(leases.tryAcquire(keys, holder, ttl));
        granted.forEach(key -> holders.put(key, holder));
        if (granted.size() < keys.size() && world.faults.strikes(Fault.LEASES_LIED)) {
            granted.addAll(keys);
        }
        return granted;
    }

    @Override
    public Optional<String> holder(String key) {
        return leases.holder(key);
    }

    @Override
    public Set<String> renew(Collection<String> keys, String holder, java.time.Duration ttl) {
        return leases.renew(keys, holder, ttl);
    }

    @Override
    public void release(Collection<String> keys, String holder) {
        leases.release(keys, holder);
    }
}
