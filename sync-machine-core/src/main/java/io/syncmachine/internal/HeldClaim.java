package io.syncmachine.internal;

import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EngineClock;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A claim of this node, and how long it may rely on it. Safe for use by several threads. */
final class HeldClaim {

    final Claim claim;
    /** Before it was asked for. */
    final long sinceNanos;

    private final EngineClock clock;
    private volatile long endNanos;
    private volatile @Nullable SubjectLease lease;

    /** What excludes others where the job executor does not: the right to a key, under the name of its holder. */
    record SubjectLease(String key, String holder) {}

    HeldClaim(Claim claim, long sinceNanos, Duration lease, EngineClock clock) {
        this.claim = claim;
        this.sinceNanos = sinceNanos;
        this.clock = clock;
        this.endNanos = sinceNanos + lease.toNanos();
    }

    void leasedBy(SubjectLease lease) {
        this.lease = lease;
    }

    @Nullable
    SubjectLease lease() {
        return lease;
    }

    /** The keys of leases, by who holds them. */
    static Map<String, List<String>> keysByHolder(Collection<SubjectLease> leases) {
        return leases.stream()
                .collect(Collectors.groupingBy(
                        SubjectLease::holder,
                        LinkedHashMap::new,
                        Collectors.mapping(SubjectLease::key, Collectors.toList())));
    }

    /** It lasts until then, counted from before the renewal was asked for. */
    void lastsUntil(long endNanos) {
        this.endNanos = endNanos;
    }

    /** It is another's. */
    void lost() {
        endNanos = clock.nanos();
    }

    Duration left() {
        return leftAt(clock.nanos());
    }

    Duration leftAt(long nanos) {
        return Duration.ofNanos(Math.max(endNanos - nanos, 0));
    }
}
