package io.syncmachine.internal;

import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.MachineRegistry.MachineState;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the machines announced, their gates as the registry says, and tells of jobs of machines that run nowhere. */
final class MachineWatch implements EngineThreads.Step {

    private static final Logger log = LoggerFactory.getLogger(MachineWatch.class);
    private static final Duration LOOK = Duration.ofSeconds(2);
    private static final Duration ANNOUNCE = Duration.ofMinutes(1);
    private static final Duration GONE = Duration.ofMinutes(5);

    private final Store store;
    private final Settings settings;
    private final Map<Machine<?, ?, ?>, Gate> gates;
    private final Set<String> handlers;
    private final Runnable opened;
    private final Runnable lookForResyncs;
    private final Set<String> reported = new HashSet<>();
    private final Map<Machine<?, ?, ?>, String> notLetIn = new ConcurrentHashMap<>();
    private volatile Runnable wake = () -> {};
    private long announcedNanos;
    private volatile long lookedNanos;

    /**
     * Makes one.
     *
     * @param gates of the machines
     * @param handlers the stored names of the handlers
     * @param opened told when a gate was opened
     * @param lookForResyncs told that it is time to look for resyncs
     */
    MachineWatch(
            Store store,
            Settings settings,
            Map<Machine<?, ?, ?>, Gate> gates,
            Set<String> handlers,
            Runnable opened,
            Runnable lookForResyncs) {
        this.store = store;
        this.settings = settings;
        this.gates = gates;
        this.handlers = handlers;
        this.opened = opened;
        this.lookForResyncs = lookForResyncs;
    }

    /** Pauses a machine on all nodes, soon, and here at once: the API does not let it in. Quick; may be called by any thread. */
    void notLetIn(Machine<?, ?, ?> machine, String reason) {
        Objects.requireNonNull(gates.get(machine)).close(reason);
        if (notLetIn.putIfAbsent(machine, reason) == null) {
            log.error("machine {} is paused until resume(…) is called: {}", machine.name(), reason);
        }
        wake.run();
    }

    /** Who is told that there is something to write. */
    void onPause(Runnable wake) {
        this.wake = wake;
    }

    private void writePauses() {
        notLetIn.forEach((machine, reason) -> {
            store.machines().pause(machine.storedName(), reason);
            notLetIn.remove(machine, reason);
        });
    }

    /** Announces the machines; must be done before one of them publishes. */
    void announce() {
        Map<String, Integer> versions = new HashMap<>();
        gates.keySet().forEach(machine -> versions.put(machine.storedName(), machine.builderVersion()));
        handlers.forEach(handler -> versions.put(handler, 0));
        store.machines().announce(versions);
        announcedNanos = settings.clock().nanos();
        look();
    }

    @Override
    public Duration run() {
        writePauses();
        lookForResyncs.run();
        if (settings.clock().nanos() - announcedNanos >= ANNOUNCE.toNanos()) {
            announce();
            Map<String, Long> orphans = orphans();
            orphans.forEach((machine, waiting) -> {
                if (reported.add(machine)) {
                    log.warn("{} jobs wait for the machine '{}', which runs nowhere", waiting, machine);
                }
            });
            reported.retainAll(orphans.keySet());
        } else if (settings.clock().nanos() - lookedNanos >= LOOK.toNanos()) {
            look();
        }
        return LOOK;
    }

    /** Brings the gates up to date. */
    synchronized void look() {
        lookedNanos = settings.clock().nanos();
        Map<String, MachineState> states = store.machines().states();
        boolean anyOpened = false;
        for (Map.Entry<Machine<?, ?, ?>, Gate> entry : gates.entrySet()) {
            if (notLetIn.containsKey(entry.getKey())) {
                continue; // not written yet
            }
            anyOpened |= entry.getValue().update(states.get(entry.getKey().storedName()));
        }
        if (anyOpened) {
            opened.run();
        }
    }

    /** How many jobs wait for machines that no node has announced lately. */
    Map<String, Long> orphans() {
        Map<String, Long> orphans = new TreeMap<>(store.jobs().backlogs());
        if (!orphans.isEmpty()) {
            store.machines().states().forEach((machine, state) -> {
                if (state.unseenFor().compareTo(GONE) < 0) {
                    orphans.remove(machine);
                }
            });
        }
        return orphans;
    }
}
