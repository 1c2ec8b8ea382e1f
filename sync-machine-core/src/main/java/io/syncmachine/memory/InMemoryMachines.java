package io.syncmachine.memory;

import io.syncmachine.spi.MachineRegistry;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is known of machines, in a map. */
final class InMemoryMachines implements MachineRegistry {

    private final Elapsed time;
    private final Map<String, Known> machines = new HashMap<>();

    private static final class Known {
        int builderVersion;
        int sweptVersion;

        @Nullable
        String paused;

        long announcedAt;
    }

    InMemoryMachines(Elapsed time) {
        this.time = time;
    }

    @Override
    public synchronized void announce(Map<String, Integer> builderVersions) {
        builderVersions.forEach((machine, version) -> {
            Known known = machines.computeIfAbsent(machine, name -> {
                Known fresh = new Known();
                fresh.sweptVersion = version;
                return fresh;
            });
            known.builderVersion = Math.max(known.builderVersion, version);
            known.announcedAt = time.now();
        });
    }

    @Override
    public synchronized Map<String, MachineState> states() {
        Map<String, MachineState> states = new HashMap<>();
        machines.forEach((machine, known) -> states.put(
                machine,
                new MachineState(
                        known.builderVersion, known.sweptVersion, known.paused, time.since(known.announcedAt))));
        return states;
    }

    @Override
    public synchronized void pause(String machine, @Nullable String reason) {
        known(machine).paused = reason;
    }

    @Override
    public synchronized void swept(String machine, int version) {
        Known known = known(machine);
        known.sweptVersion = Math.max(known.sweptVersion, version);
    }

    private Known known(String machine) {
        Known known = machines.get(machine);
        if (known == null) {
            throw new IllegalArgumentException(
                    "no machine '" + machine + "' was ever announced to this store, but " + machines.keySet());
        }
        return known;
    }
}
