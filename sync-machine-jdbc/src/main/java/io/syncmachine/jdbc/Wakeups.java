package io.syncmachine.jdbc;

/** How processes that share a database wake each other. Losing a wake-up costs time and nothing else: all of them poll as well. */
interface Wakeups extends AutoCloseable {

    /** Begins to hear others, if this process works, and to be able to tell them. */
    void open(Runnable wake, boolean works);

    /** Changes were committed: wakes the one who can work on them, here or elsewhere. Quick, never throws. */
    void committed();

    /** There is more to do than one process should do alone. Quick, never throws. */
    void plenty();

    @Override
    void close();

    /** In this process only. */
    final class Local implements Wakeups {

        private volatile Runnable wake = () -> {};

        @Override
        public void open(Runnable wake, boolean works) {
            this.wake = wake;
        }

        @Override
        public void committed() {
            wake.run();
        }

        @Override
        public void plenty() {}

        @Override
        public void close() {
            wake = () -> {};
        }
    }
}
