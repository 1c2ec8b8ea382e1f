package io.syncmachine.spi;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/**
 * Who runs the engine's work. The default uses threads; a test may run everything on its own thread, step by step.
 */
public interface EngineThreads extends AutoCloseable {

    /** A piece of work that is done again and again. Never called twice at once. */
    @FunctionalInterface
    interface Step {
        /**
         * Does what there is to do.
         *
         * @return how long there is nothing to do unless it is woken; zero to be called at once
         * @throws Exception to be called again after a pause
         */
        Duration run() throws Exception;
    }

    /** A step that is being repeated. */
    interface Loop {
        /** Ends a rest, or lets the next one not begin. Quick; may be called by any thread. */
        void wake();

        /** Ends the repetition; waits for the run that is under way, but no longer than this. */
        void stop(Duration patience);
    }

    /** Begins to repeat a step. */
    Loop repeat(String name, Step step);

    /**
     * Runs publications of a machine.
     *
     * @param limit at most so many tasks will be under way at once
     */
    Executor publications(String machine, int limit);

    /**
     * Waits for what the loops that are not stopped, and publications, are about to do; but no longer than this.
     *
     * @param done whether it is done
     */
    void await(BooleanSupplier done, Duration patience);

    /** Interrupts what is still under way. Called last, when all loops are stopped. */
    @Override
    void close();
}
