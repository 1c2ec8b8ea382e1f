package io.syncmachine.benchmarks;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** One part of all that is measured: all its peers are run in turns. */
enum Part {
    /** An API that answers at once. */
    FAST(0, 32, 80),
    /** An API that answers after 20 ms. */
    SLOW(20, 32, 80),
    /** The slow API, and changes settle before they are published. */
    SETTLED(20, 32, 80),
    /** The slow API with more calls at once than anybody would want threads, and few connections to the database. */
    WIDE(20, 256, 8),
    /** No worker: what noting changes costs the application. */
    CAPTURE(0, 32, 80);

    private static final Set<PeerKind> WITHOUT_A_THREAD_PER_CALL =
            EnumSet.of(PeerKind.SYNC_MACHINE, PeerKind.BARE_ASYNC);

    private final int delayMillis;
    private final int inFlight;
    private final int connections;

    Part(int delayMillis, int inFlight, int connections) {
        this.delayMillis = delayMillis;
        this.inFlight = inFlight;
        this.connections = connections;
    }

    int delayMillis() {
        return delayMillis;
    }

    int inFlight() {
        return inFlight;
    }

    int connections() {
        return connections;
    }

    boolean concerns(PeerKind peer) {
        return switch (this) {
            case FAST, SLOW -> true;
            case SETTLED -> peer == PeerKind.SYNC_MACHINE;
            case WIDE -> WITHOUT_A_THREAD_PER_CALL.contains(peer);
            case CAPTURE -> !peer.isBare();
        };
    }

    boolean concerns(Work work) {
        return switch (this) {
            case SETTLED -> work == Work.CREATE || work == Work.BURST;
            case WIDE -> work != Work.BURST && work != Work.IRRELEVANT;
            default -> true;
        };
    }

    /** As it is written in tables. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
