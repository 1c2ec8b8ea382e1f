package io.syncmachine.internal;

import io.syncmachine.internal.HeldClaim.SubjectLease;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews the claims of this node before they end, and the leases beside them; so that work may take longer than a lease while the lease of a
 * node that died ends soon. What hangs is not renewed for ever: after ten leases its claim ends, and another node may try.
 *
 * <p>An optimisation: a claim that is lost costs a repetition. Whoever holds one looks how long it lasts before it acts on it.
 */
final class Heartbeat implements EngineThreads.Step {

    private static final Logger log = LoggerFactory.getLogger(Heartbeat.class);
    private static final int MOST_LEASES = 10;
    private static final int BEATS = 6;
    private static final int BATCH = 500;

    private final Store store;
    private final Duration lease;
    private final EngineClock clock;
    private final Map<Long, HeldClaim> held = new ConcurrentSkipListMap<>();
    private final Lock beating = new ReentrantLock();
    private volatile long latestNanos;

    Heartbeat(Store store, Duration lease, EngineClock clock) {
        this.store = store;
        this.lease = lease;
        this.clock = clock;
        this.latestNanos = clock.nanos();
    }

    /**
     * Holds a claim from now on.
     *
     * @param sinceNanos before it was asked for
     */
    HeldClaim hold(Claim claim, long sinceNanos) {
        HeldClaim holding = new HeldClaim(claim, sinceNanos, lease, clock);
        held.put(claim.token(), holding);
        return holding;
    }

    /** Lets go of a claim that is settled. */
    void drop(HeldClaim claim) {
        held.remove(claim.claim.token());
    }

    @Override
    public Duration run() {
        beat();
        return lease.dividedBy(BEATS);
    }

    /** The same between the items of a batch that takes long; if the store does not answer, others will find out. */
    void tryBeat() {
        try {
            beat();
        } catch (RuntimeException e) {
            latestNanos = clock.nanos();
            log.debug("claims could not be renewed", e);
        }
    }

    /** Renews what has lasted for a third of its lease, if nobody did so lately or does now. */
    private void beat() {
        long now = clock.nanos();
        if (now - latestNanos < lease.toNanos() / (2 * BEATS) || !beating.tryLock()) {
            return;
        }
        try {
            renewAll();
            latestNanos = now;
        } finally {
            beating.unlock();
        }
    }

    private void renewAll() {
        List<HeldClaim> due = new ArrayList<>();
        for (HeldClaim claim : held.values()) {
            if (isDue(claim)) {
                due.add(claim);
            } else if (claim.left().isZero()) {
                drop(claim); // whoever holds it has seen, or will see, that nothing is left of it
            }
        }
        for (int from = 0; from < due.size(); from += BATCH) {
            renew(due.subList(from, Math.min(from + BATCH, due.size())));
        }
    }

    private boolean isDue(HeldClaim claim) {
        Duration left = claim.left();
        return !left.isZero()
                && left.compareTo(lease.multipliedBy(2).dividedBy(3)) < 0
                && clock.nanos() - claim.sinceNanos < lease.toNanos() * MOST_LEASES;
    }

    private void renew(List<HeldClaim> claims) {
        long end = clock.nanos() + lease.toNanos();
        Set<Long> renewed =
                store.jobs().renew(claims.stream().map(claim -> claim.claim).toList(), lease);
        Set<SubjectLease> lapsed = renewLeases(claims);
        for (HeldClaim claim : claims) {
            if (renewed.contains(claim.claim.token()) && !lapsed.contains(claim.lease())) {
                claim.lastsUntil(end);
            } else {
                claim.lost();
            }
        }
    }

    /** Renews the leases beside the claims, and answers those that are another's. */
    private Set<SubjectLease> renewLeases(List<HeldClaim> claims) {
        List<SubjectLease> leases = claims.stream()
                .flatMap(claim -> Stream.ofNullable(claim.lease()))
                .toList();
        Set<SubjectLease> lapsed = new HashSet<>(leases);
        HeldClaim.keysByHolder(leases)
                .forEach((holder, keys) -> store.leases()
                        .renew(keys, holder, lease)
                        .forEach(key -> lapsed.remove(new SubjectLease(key, holder))));
        return lapsed;
    }
}
