package io.syncmachine.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;

/** Threads that carry actors; of those of one scheduler only one runs at any time. Kept from seed to seed. */
final class Carriers implements AutoCloseable {

    private final Deque<Carrier> idle = new ArrayDeque<>();
    private int made;

    /** A thread that waits for its turn. */
    static final class Carrier {

        private final Semaphore turn = new Semaphore(0);
        private final Thread thread;
        private Runnable work;

        private Carrier(String name) {
            thread = new Thread(this::run, name);
            thread.setDaemon(true);
            thread.start();
        }

        private void run() {
            while (true) {
                awaitTurn();
                boolean ignored = Thread.interrupted();
                Runnable now = work;
                if (now == null) {
                    return;
                }
                work = null;
                now.run();
            }
        }

        /** Lets it go on. */
        void turn() {
            turn.release();
        }

        /** Waits until it is told to go on; an interrupt is kept for later. */
        void awaitTurn() {
            turn.acquireUninterruptibly();
        }
    }

    /** Lets an idle thread do this. */
    void start(java.util.function.Consumer<Carrier> work) {
        Carrier carrier = idle.isEmpty() ? new Carrier("carrier-" + made++) : idle.pop();
        carrier.work = () -> work.accept(carrier);
        carrier.turn();
    }

    /** Takes a thread back that is about to have nothing more to do. */
    void giveBack(Carrier carrier) {
        idle.push(carrier);
    }

    @Override
    public void close() {
        while (!idle.isEmpty()) {
            idle.pop().turn();
        }
    }
}
