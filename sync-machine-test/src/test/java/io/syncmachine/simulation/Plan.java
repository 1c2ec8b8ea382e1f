package io.syncmachine.simulation;

import io.syncmachine.Backoff;
import io.syncmachine.Limits;
import io.syncmachine.Policy;
import io.syncmachine.VersionRise;
import io.syncmachine.spi.Settle;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** What a seed's world is like, and how likely which fault is in it. Drawn once; immutable. */
final class Plan {

    static final long SECOND = 1_000_000_000L;
    static final long MILLI = 1_000_000L;
    static final Duration LONGEST_POLL = Duration.ofSeconds(5);

    final boolean faulty;
    final boolean exclusiveJobs;
    final boolean outboxElsewhere;
    /** Whether jobs may be forgotten, and changes are kept until theirs are done. */
    final boolean forgetfulJobs;

    final boolean remoteIds;
    /** Whether calls may arrive at any time, and the API refuses versions that are lower than it has seen. */
    final boolean apiRefusesLowerVersions;

    /** Whether moved entities' finders are asked within the transaction, as a source does that may; else only their jobs tell. */
    final boolean asksFindersAtOnce;

    /** Whether somebody asks for resyncs. */
    final boolean resyncs;

    final boolean versionsMixed;
    final VersionRise versionRise;
    final boolean deletesUnpublishable;
    final Policy.KeptPayload keptPayload;
    final int nodes;
    final int items;
    final int shelves;
    final int parts;
    final int inFlight;
    final Limits limits;
    /** None where changes are published at once. */
    final Optional<Settle> settle;

    final Duration lease;
    final Duration deadline;
    final Duration grace;
    final Backoff retry;
    final Duration longestBackoff;
    final Duration tombstones;
    final long activeNanos;
    final long transactionEvery;
    final double suspends;
    private final Map<Fault, Double> rates = new EnumMap<>(Fault.class);

    Plan(long seed, Random random) {
        faulty = random.nextInt(10) > 0;
        exclusiveJobs = !faulty || random.nextInt(100) < 55;
        outboxElsewhere = random.nextInt(100) < 40;
        // Of its own, so that the other seeds are what they were.
        Random own = new Random(~seed * 0x9E3779B97F4A7C15L);
        forgetfulJobs = faulty && outboxElsewhere && own.nextBoolean();
        remoteIds = random.nextInt(100) < 25;
        apiRefusesLowerVersions = faulty && !remoteIds && random.nextInt(100) < 20;
        versionsMixed = faulty && random.nextInt(100) < 30;
        versionRise = switch (random.nextInt(4)) {
            case 0 -> VersionRise.rebaselineOnly();
            case 1 -> VersionRise.trickle(1 + random.nextInt(4));
            default -> VersionRise.publishAll();
        };
        deletesUnpublishable = random.nextBoolean();
        keptPayload = random.nextInt(4) == 0 ? Policy.KeptPayload.FINGERPRINT_ONLY : Policy.KeptPayload.DOCUMENT;
        nodes = 1 + random.nextInt(3);
        items = 1 + random.nextInt(4);
        shelves = 1 + random.nextInt(2);
        parts = random.nextInt(4);
        inFlight = 1 + random.nextInt(4);
        deadline = Duration.ofMillis(1000 + random.nextInt(3000));
        grace = Duration.ofMillis(300 + random.nextInt(700));
        lease = deadline.plus(grace).multipliedBy(2).plusMillis(random.nextInt(12_000));
        longestBackoff = Duration.ofMillis(1000 + random.nextInt(4000));
        retry = Backoff.exponential(Duration.ofMillis(500), longestBackoff);
        tombstones = lease.plus(deadline).plus(grace).plusMillis(1 + random.nextInt(20_000));
        activeNanos = (60 + random.nextInt(90)) * SECOND;
        transactionEvery = (500 + random.nextInt(6000)) * MILLI;
        suspends = 0.02 + 0.2 * random.nextDouble();
        asksFindersAtOnce = random.nextBoolean();
        limits = limits(random);
        if (faulty) {
            drawRates(random);
        }
        if (forgetfulJobs) {
            rates.put(Fault.JOBS_FORGOTTEN, 0.002 + 0.03 * own.nextDouble());
        }
        settle = settle(own);
        resyncs = faulty && own.nextInt(100) < 30;
    }

    private static Limits limits(Random random) {
        Limits drawn = Limits.none();
        if (random.nextInt(100) < 25) {
            drawn = drawn.atMost(1 + random.nextInt(3), Duration.ofMillis(500 + random.nextInt(2500)));
        }
        return random.nextInt(100) < 25 ? drawn.inFlight(1 + random.nextInt(3)) : drawn;
    }

    private static Optional<Settle> settle(Random random) {
        if (random.nextInt(100) >= 35) {
            return Optional.empty();
        }
        Duration quiet = Duration.ofMillis(20 + random.nextInt(4_000));
        return Optional.of(new Settle(quiet, quiet.plusMillis(random.nextInt(12_000))));
    }

    private void drawRates(Random random) {
        maybe(random, Fault.CRASH, 0.012);
        maybe(random, Fault.PAUSE, 0.01);
        maybe(random, Fault.RESTART, 1);
        maybe(random, Fault.PARTITION_FROM_STORE, 1);
        maybe(random, Fault.PARTITION_FROM_API, 1);
        maybe(random, Fault.STORE_ABORTED, 0.02);
        maybe(random, Fault.COMMITTED_BUT_ERROR, 0.02);
        maybe(random, Fault.TRANSACTION_ABORTED, 0.3);
        maybe(random, Fault.API_REQUEST_LOST, 0.15);
        maybe(random, Fault.API_ANSWER_LOST, 0.25);
        maybe(random, Fault.API_APPLIES_LATE, 0.2);
        maybe(random, Fault.API_ANSWERS_LATE, 0.1);
        maybe(random, Fault.API_THROTTLES, 0.15);
        maybe(random, Fault.API_NOT_ACCEPTED, 0.15);
        maybe(random, Fault.API_REJECTS, 1);
        maybe(random, Fault.CLOCK_SKEW, 1);
        maybe(random, Fault.WAKE_UP_LOST, 0.5);
        maybe(random, Fault.READ_FAILED, 0.05);
        maybe(random, Fault.BUILD_FAILED, 0.05);
        maybe(random, Fault.DELIVERED_OUT_OF_ORDER, 0.7);
        if (limits.areCounted()) {
            maybe(random, Fault.LIMITS_FORGOTTEN, 0.1);
        }
        if (!exclusiveJobs) {
            maybe(random, Fault.DELIVERED_TWICE, 0.4);
            maybe(random, Fault.DELIVERED_LATE, 0.3);
            maybe(random, Fault.LEASES_FORGOTTEN, 0.3);
            maybe(random, Fault.LEASES_LIED, 0.6);
        }
        if (versionsMixed) {
            rates.put(Fault.BUILDER_VERSIONS_MIXED, 1.0);
        }
    }

    private void maybe(Random random, Fault fault, double most) {
        if (random.nextInt(100) < 60) {
            rates.put(fault, most == 1 ? 1 : most * (0.1 + 0.9 * random.nextDouble()));
        }
    }

    double rate(Fault fault) {
        return rates.getOrDefault(fault, 0.0);
    }

    Policy policy(int builderVersion) {
        Policy policy = settle.map(settle -> Policy.defaults().settle(settle.quiet(), settle.longest()))
                .orElse(Policy.defaults());
        return policy.deadline(deadline)
                .retry(retry)
                .inFlight(inFlight)
                .limits(limits)
                .unpublishable(deletesUnpublishable ? Policy.Unpublishable.DELETE : Policy.Unpublishable.KEEP)
                .keepPayload(keptPayload)
                .builderVersion(builderVersion)
                .onVersionRise(versionRise);
    }

    /** How long it may take, once all faults have ended, until everything is done. */
    Duration drain() {
        Duration drain = lease.plus(longestBackoff).plus(LONGEST_POLL);
        if (settle.isPresent()) { // what changed during a run settles again
            drain = drain.plus(settle.get().longest().plus(LONGEST_POLL).multipliedBy(2));
        }
        if (forgetfulJobs) {
            drain = drain.plus(lease).plus(longestBackoff).plus(LONGEST_POLL);
        }
        for (Limits.Window window : limits.windows()) {
            int calls = 4 * items; // a repetition, an update that follows it, and what another node makes of them
            drain = drain.plus(window.length().multipliedBy(2 + calls / window.calls()));
        }
        return limits.inFlight() == 0 ? drain : drain.plus(deadline).plus(grace).multipliedBy(1 + items);
    }

    @Override
    public String toString() {
        return "faulty=" + faulty + " exclusiveJobs=" + exclusiveJobs + " outboxElsewhere=" + outboxElsewhere
                + " forgetfulJobs=" + forgetfulJobs
                + " remoteIds=" + remoteIds + " apiRefusesLowerVersions=" + apiRefusesLowerVersions
                + " asksFindersAtOnce=" + asksFindersAtOnce
                + " versionsMixed=" + versionsMixed + (versionsMixed ? " " + versionRise : "")
                + " deletesUnpublishable=" + deletesUnpublishable + " kept=" + keptPayload + " nodes=" + nodes
                + " items=" + items + " shelves=" + shelves + " parts=" + parts + " inFlight=" + inFlight + " limits="
                + limits + " settle=" + settle.orElse(null) + " lease="
                + lease + " deadline=" + deadline + " grace=" + grace + " backoff=" + longestBackoff + " tombstones="
                + tombstones + " rates=" + rates;
    }
}
