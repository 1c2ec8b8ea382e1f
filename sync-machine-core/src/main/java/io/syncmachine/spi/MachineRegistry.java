package io.syncmachine.spi;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Keeps what all nodes must know of a machine. Durable if the store is; safe for use by several threads and nodes. */
public interface MachineRegistry {

    /**
     * What is known of a machine.
     *
     * @param builderVersion the highest that any node announced
     * @param sweptVersion the highest for which all subjects were gone through; equal to the builder's where there is nothing to do
     * @param paused why it is paused; null if it is not
     * @param unseenFor how long ago a node announced it last
     */
    record MachineState(
            int builderVersion, int sweptVersion, @Nullable String paused, Duration unseenFor) {}

    /**
     * Tells that machines run here, with these builder versions. A machine that was not known begins with its version as swept.
     * A version never falls.
     */
    void announce(Map<String, Integer> builderVersions);

    /** All machines that were ever announced, by name. */
    Map<String, MachineState> states();

    /**
     * Pauses or resumes a machine, for all nodes and until it is said otherwise.
     *
     * @param reason why it is paused, for people to read; null to resume
     * @throws IllegalArgumentException if the machine was never announced
     */
    void pause(String machine, @Nullable String reason);

    /** Tells that all subjects of a machine were gone through for a version; never falls. */
    void swept(String machine, int version);
}
