package io.syncmachine.benchmarks;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A peer and the application around it, here or in a process of its own. */
interface PeerControl extends AutoCloseable {

    /**
     * What the application did.
     *
     * @param started when it began, in microseconds since 1970
     * @param seconds until the last commit
     */
    record Done(long started, double seconds, int transactions) {}

    /** Transactions a second, in turns without and with the peer's capture. */
    record Captured(List<Double> without, List<Double> with) {}

    /**
     * What a process has used so far.
     *
     * @param compilerSeconds how long the JVM's compilers have worked
     * @param heapMegabytes the sum of the most that each part of the heap has held
     * @param residentMegabytes the most memory that the operating system gave it; null where it does not tell
     * @param threads the most threads at a time
     */
    record Used(
            double cpuSeconds,
            double compilerSeconds,
            double heapMegabytes,
            @Nullable Double residentMegabytes,
            int threads) {}

    /** Changes things, and returns after the last commit. */
    Done run(Work work, boolean warmUp, long seed);

    /** Changes one order's status, and answers when that was committed, in microseconds since 1970. */
    long change(long order);

    /** How long the peer took to start, without the application around it. */
    double startMillis();

    /** Changes statuses without a worker, so many a transaction, in turns without and with capture. */
    Captured capture(int perTransaction, int turns, int transactions);

    /** Whether nothing waits or runs. */
    boolean isIdle();

    Used used();

    /** Begins to record what the process does. */
    void startRecording();

    /** Writes what it did since, as a recording of Java Flight Recorder. */
    void stopRecording(String file);

    @Override
    void close();
}
