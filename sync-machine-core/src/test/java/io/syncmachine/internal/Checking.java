package io.syncmachine.internal;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.StressOptions;

/** How much is tried: little in every build, much more with {@code -Dlincheck.factor=20}. */
public final class Checking {

    private static final int FACTOR = Integer.getInteger("lincheck.factor", 1);

    private Checking() {}

    /** By threads that really run at once. For what is one lock's affair. */
    public static StressOptions stress() {
        return new StressOptions()
                .iterations(10 * FACTOR)
                .invocationsPerIteration(300 * FACTOR)
                .threads(2)
                .actorsPerThread(3)
                .actorsBefore(2)
                .actorsAfter(2);
    }

    /** By going through the orders in which the steps of threads can follow each other. */
    public static ModelCheckingOptions orders() {
        return new ModelCheckingOptions()
                .iterations(10 * FACTOR)
                .invocationsPerIteration(500 * FACTOR)
                .threads(2)
                .actorsPerThread(2)
                .actorsBefore(0)
                .actorsAfter(0);
    }
}
