package io.syncmachine.internal;

import io.syncmachine.ChangedProperties;
import io.syncmachine.ReadPolicy;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.DerivedPaths;
import io.syncmachine.spi.DerivedPaths.Edge;
import io.syncmachine.spi.DerivedPaths.Found;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the subjects of changed entities along the edges of declared paths, those of many entities together. Where that fails, each is
 * looked for alone, so that it spoils no other; if not even that works for a single one, the source is away.
 */
final class PathFinder<ID> {

    private static final Logger log = LoggerFactory.getLogger(PathFinder.class);
    private static final Duration ENOUGH_FAILURES = Duration.ofSeconds(5);

    private final Machine<?, ID, ?> machine;
    private final DerivedPaths<ID> paths;
    private final EngineClock clock;
    private final Sink sink;

    /** Takes what is found. */
    interface Sink {
        void found(Claim claim, String subjectId, Lane lane);

        /** The subjects of a claim cannot be found, while those of others can. */
        void failed(Claim claim, Throwable failure);

        /** Nothing can be found. */
        void unread(Claim claim, Throwable failure);
    }

    PathFinder(Machine<?, ID, ?> machine, DerivedPaths<ID> paths, EngineClock clock, Sink sink) {
        this.machine = machine;
        this.paths = paths;
        this.clock = clock;
        this.sink = sink;
    }

    /**
     * Finds the subjects of claims for entities of one type.
     *
     * @return the claims whose subjects were found; the others were told
     * @throws Exception if nothing can be found; each claim was told
     */
    List<Claim> find(String type, List<Claim> claims) throws Exception {
        Map<String, List<Claim>> byTenant = new LinkedHashMap<>();
        claims.forEach(claim -> byTenant.computeIfAbsent(claim.key().tenant(), tenant -> new ArrayList<>())
                .add(claim));
        List<Claim> done = new ArrayList<>();
        Exception unreadable = null;
        for (Map.Entry<String, List<Claim>> tenant : byTenant.entrySet()) {
            try {
                done.addAll(find(tenant.getKey(), type, tenant.getValue()));
            } catch (Exception e) {
                unreadable = e; // its claims were told; those of other tenants may live elsewhere
            }
        }
        if (unreadable != null) {
            done.forEach(claim -> sink.unread(claim, new IllegalStateException("another tenant's cannot be read")));
            throw unreadable;
        }
        return done;
    }

    private List<Claim> find(String tenant, String type, List<Claim> claims) throws Exception {
        try {
            findAll(tenant, type, claims);
            return claims;
        } catch (Exception e) {
            log.debug("finding the subjects of a batch of {} failed; they are looked for one by one", type, e);
        }
        return findAlone(tenant, type, claims);
    }

    private List<Claim> findAlone(String tenant, String type, List<Claim> claims) throws Exception {
        List<Claim> done = new ArrayList<>();
        Map<Claim, Exception> failures = new LinkedHashMap<>();
        Exception latest = null;
        long start = clock.nanos();
        for (Claim claim : claims) {
            if (latest != null && done.isEmpty() && clock.nanos() - start > ENOUGH_FAILURES.toNanos()) {
                failures.put(claim, latest);
                continue;
            }
            try {
                findAll(tenant, type, List.of(claim));
                done.add(claim);
            } catch (IllegalArgumentException e) {
                sink.failed(claim, e);
            } catch (Exception e) {
                latest = e;
                failures.put(claim, e);
            }
        }
        if (latest != null && done.isEmpty()) {
            failures.forEach(sink::unread);
            throw latest;
        }
        failures.forEach(sink::failed);
        return done;
    }

    private void findAll(String tenant, String type, List<Claim> claims) throws Exception {
        Map<Edge, Map<String, Claim>> byEdge = new LinkedHashMap<>();
        for (Claim claim : claims) {
            for (Edge edge : machine.edges(type, claim.changed())) {
                byEdge.computeIfAbsent(edge, key -> new LinkedHashMap<>())
                        .put(claim.key().entityId(), claim);
            }
        }
        for (Map.Entry<Edge, Map<String, Claim>> edge : byEdge.entrySet()) {
            findAlong(tenant, edge.getKey(), edge.getValue());
        }
    }

    private void findAlong(String tenant, Edge edge, Map<String, Claim> claims) throws Exception {
        Map<String, ChangedProperties> changed = new HashMap<>();
        claims.forEach((id, claim) -> changed.put(id, claim.changed()));
        paths.find(tenant, edge, changed, page -> {
            for (Found<? extends ID> found : page) {
                Claim claim = claims.get(found.changed());
                if (claim != null) {
                    sink.found(claim, machine.encode(found.subject()), lane(edge, claim.changed()));
                }
            }
        });
    }

    private static Lane lane(Edge edge, ChangedProperties changed) {
        return edge.concerns(changed).orElse(ReadPolicy.NOW) == ReadPolicy.PACED ? Lane.BACKGROUND : Lane.LIVE;
    }
}
