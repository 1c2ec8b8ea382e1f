package io.syncmachine.internal;

import io.syncmachine.event.Cause;
import io.syncmachine.event.Hook;
import io.syncmachine.event.HookCall;
import io.syncmachine.spi.SubjectKey;
import java.util.List;
import java.util.function.Supplier;

/** Describes calls of a machine's hooks on one subject. */
record SubjectCall(Machine<?, ?, ?> machine, SubjectKey key, List<Cause> causes) {

    Supplier<HookCall> of(Hook hook) {
        return () -> new HookCall(hook, machine.name(), key.tenant(), machine.subjectName(), key.id(), causes);
    }
}
