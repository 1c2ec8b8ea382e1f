package io.syncmachine.benchmarks;

import org.jspecify.annotations.Nullable;

/**
 * What one peer needed for one work, once or in the median of several rounds.
 *
 * @param seconds from the begin of the work until the last document was as it should be
 * @param hostPerSecond the application's transactions a second, while the peer worked
 * @param needed how many documents had to be sent at least
 * @param calls how many were sent
 * @param redundant calls with what the subject had already
 * @param overlapping calls that came while another one for the subject was in flight
 * @param stale calls with something older than the subject had already
 * @param wrong subjects that differ from the database in the end; null without a database
 * @param machineCpuSeconds how long the machine's processors were busy, with the database, the API, and whatever else was running;
 *     null where the operating system does not tell
 * @param peerCpuSeconds how long they were busy with the peer's process, the application included
 * @param heapMegabytes the most that the parts of its heap had held until then, summed up
 * @param residentMegabytes the most memory that it had had until then
 * @param threads the most threads that it had had until then
 */
record Figures(
        double seconds,
        double hostPerSecond,
        double needed,
        double calls,
        double redundant,
        double overlapping,
        double stale,
        @Nullable Double wrong,
        @Nullable Double machineCpuSeconds,
        double peerCpuSeconds,
        double heapMegabytes,
        @Nullable Double residentMegabytes,
        double threads) {

    double callsPerSecond() {
        return calls / seconds;
    }

    double callsPerNeeded() {
        return needed == 0 ? Double.NaN : calls / needed;
    }

    /** By this peers are compared: superfluous calls make nobody faster. */
    double neededPerSecond() {
        return needed / seconds;
    }
}
