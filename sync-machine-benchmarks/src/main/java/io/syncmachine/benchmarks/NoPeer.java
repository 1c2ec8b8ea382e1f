package io.syncmachine.benchmarks;

/** Does nothing: what transactions cost without any. */
final class NoPeer implements Peer {

    @Override
    public boolean wantsToBeTold() {
        return false;
    }

    @Override
    public boolean isIdle() {
        return true;
    }

    @Override
    public void close() {}
}
