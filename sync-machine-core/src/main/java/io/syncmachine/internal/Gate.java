package io.syncmachine.internal;

import io.syncmachine.spi.MachineRegistry.MachineState;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether a machine may publish here: not while it is paused, and not where its builder is older than another node's. */
final class Gate {

    private static final Logger log = LoggerFactory.getLogger(Gate.class);

    private final Machine<?, ?, ?> machine;
    private volatile @Nullable String closed = "not started";

    Gate(Machine<?, ?, ?> machine) {
        this.machine = machine;
    }

    /** Closes it until the next {@link #update}. */
    void close(String reason) {
        closed = reason;
    }

    boolean isOpen() {
        return closed == null;
    }

    /** Why not; null if it may. */
    @Nullable
    String closed() {
        return closed;
    }

    /** Takes what is known of the machine now; answers whether the gate was opened by it. */
    boolean update(@Nullable MachineState state) {
        String before = closed;
        String now = state == null ? null : reason(state);
        closed = now;
        if (now != null && !now.equals(before)) {
            log.warn("machine {} publishes nothing here: {}", machine.name(), now);
        } else if (now == null && before != null) {
            log.debug("machine {} publishes", machine.name());
        }
        return now == null && before != null;
    }

    private @Nullable String reason(MachineState state) {
        if (state.paused() != null) {
            return "it is paused (" + state.paused() + ")";
        }
        return state.builderVersion() > machine.builderVersion()
                ? "builder version " + state.builderVersion() + " has run, and this is " + machine.builderVersion()
                        + "; to go back to an older builder, give it a higher version"
                : null;
    }
}
