package io.syncmachine.benchmarks;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What is measured. */
enum PeerKind {
    SYNC_MACHINE(true),
    DB_SCHEDULER(true),
    JOBRUNR(true),
    TRANSACTION_OUTBOX(true),
    /** The plain hook after the commit. */
    HOOK(false),
    /** HttpClient alone, in its asynchronous form: the ceiling. */
    BARE_ASYNC(false),
    /** HttpClient alone, a thread for each call. */
    BARE_CLASSIC(false);

    private final boolean durable;

    PeerKind(boolean durable) {
        this.durable = durable;
    }

    /** Whether changes survive a crash. */
    boolean isDurable() {
        return durable;
    }

    boolean isBare() {
        return this == BARE_ASYNC || this == BARE_CLASSIC;
    }

    static List<PeerKind> peers() {
        return Arrays.stream(values()).filter(kind -> !kind.isBare()).toList();
    }

    /** As it is written in tables. */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
