package io.syncmachine.internal;

import io.syncmachine.ChangedProperties;
import io.syncmachine.VersionRise;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.MachineRegistry.MachineState;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * After a builder's version rose, enqueues the subjects that were published by an older one, in the background lane and at the rate
 * that the machine declares. One node does it at a time; where it ends, another begins anew, and passes over what was done, for a
 * record tells the version that it was looked at with. A subject counts as done only then; so a sweep ends with a pass that finds
 * none.
 */
final class Sweep implements EngineThreads.Step {

    private static final Logger log = LoggerFactory.getLogger(Sweep.class);
    private static final int PAGE = 1000;
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration LOOK = Duration.ofMinutes(1);
    /** How long after this node came an older one may begin to publish what it has claimed, besides the lease. */
    private static final Duration MAY_STILL_PUBLISH = Duration.ofSeconds(10);

    private static final Duration PASS_AGAIN = Duration.ofSeconds(10);

    private final Machine<?, ?, ?> machine;
    private final Store store;
    private final Settings settings;
    private final Runnable wakeEnsuring;
    private @Nullable SubjectKey last;
    private boolean foundSome;
    private boolean told;
    private final long startNanos;
    private long nextNanos;

    Sweep(Machine<?, ?, ?> machine, Store store, Settings settings, Runnable wakeEnsuring) {
        this.machine = machine;
        this.store = store;
        this.settings = settings;
        this.wakeEnsuring = wakeEnsuring;
        this.startNanos = settings.clock().nanos();
        this.nextNanos = startNanos;
    }

    @Override
    public Duration run() {
        long wait = nextNanos - settings.clock().nanos();
        if (wait > 0) {
            return Duration.ofNanos(wait);
        }
        Duration rest = step();
        nextNanos = settings.clock().nanos() + rest.toNanos();
        return rest;
    }

    private Duration step() {
        MachineState state = store.machines().states().get(machine.storedName());
        int version = machine.builderVersion();
        if (state == null || state.sweptVersion() >= version || state.builderVersion() > version || !isMine()) {
            return LOOK;
        }
        if (!told) {
            told = true;
            log.info("machine {}: subjects that an older builder published are gone through", machine.name());
        }
        VersionRise rise = machine.definition.policy().versionRise();
        int limit = Math.min(rise.perSecond(), PAGE);
        List<SubjectKey> page = store.payloads().outdated(machine.storedName(), version, last, limit);
        if (!page.isEmpty()) {
            store.jobs().enqueue(page.stream().map(Sweep::request).toList());
            last = page.get(page.size() - 1);
            foundSome = true;
            wakeEnsuring.run();
        }
        return page.size() == limit ? SECOND.multipliedBy(limit).dividedBy(rise.perSecond()) : endOfPass(version);
    }

    private Duration endOfPass(int version) {
        last = null;
        if (store.jobs().backlogs().getOrDefault(machine.storedName(), 0L) > PAGE) {
            return PASS_AGAIN;
        }
        long since = settings.clock().nanos() - startNanos;
        if (foundSome || since < settings.lease().plus(MAY_STILL_PUBLISH).toNanos()) {
            foundSome = false;
            return PASS_AGAIN;
        }
        store.machines().swept(machine.storedName(), version);
        log.info("machine {}: all subjects are gone through for builder version {}", machine.name(), version);
        return LOOK;
    }

    private boolean isMine() {
        String key = "sweep/" + machine.storedName();
        return store.leases()
                .tryAcquire(Set.of(key), settings.name(), settings.lease().plus(LOOK))
                .contains(key);
    }

    private static JobRequest request(SubjectKey subject) {
        return new JobRequest(
                JobKey.ensurePublication(subject.tenant(), subject.machine(), subject.id()),
                ChangedProperties.none(),
                Lane.BACKGROUND,
                List.of());
    }
}
