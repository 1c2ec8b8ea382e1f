package io.syncmachine.mongo;

import io.syncmachine.spi.Wakeups;

/** Wake-ups in this process only. */
final class LocalWakeups implements Wakeups {

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
