package io.syncmachine.simulation;

import io.syncmachine.simulation.Carriers.Carrier;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;

/**
 * Time, and whose turn it is. Exactly one actor runs at any moment; it goes on until it ends or suspends itself, and then the seed's
 * random says who is next among those that are ready. If none is, time goes on until one is. An actor that is never suspended
 * costs no switch of threads.
 */
final class Scheduler {

    private static final int MOST_TURNS = 400_000;

    private final Carriers carriers;
    private final Random random;
    private final Semaphore over = new Semaphore(0);
    private final List<Actor> actors = new ArrayList<>();
    private final List<Actor> ready = new ArrayList<>();
    private Actor current;
    private Runnable afterEach = () -> {};
    private long now;
    private long end;
    private int turns;
    private boolean stopped;
    private boolean discarding;
    private Throwable failure;

    /** Actors that live and die together, and can be paused together. */
    static class Group {

        private boolean dead;
        private long pausedUntil;

        boolean isDead() {
            return dead;
        }
    }

    /** Something that gets its turn again and again until it has ended. */
    static class Actor {

        final Group group;
        final String name;
        private final Runnable body;
        private final boolean repeated;
        private Carrier carrier;
        private boolean suspended;
        private BooleanSupplier until;
        private boolean running;
        private long readyAt;
        /** What the actor reads from; of no interest to the scheduler. */
        Snapshot reads;
        /** What there was when the actor last claimed; of no interest to the scheduler. */
        Snapshot claimed;

        private Actor(Group group, String name, Runnable body, boolean repeated) {
            this.group = group;
            this.name = name;
            this.body = body;
            this.repeated = repeated;
        }

        boolean isRunning() {
            return running;
        }

        void readyAt(long time) {
            readyAt = time;
        }

        private long eligibleAt(long now) {
            if (group != null && group.dead) {
                return now;
            }
            long own = until != null && until.getAsBoolean() ? now : readyAt;
            return group == null ? own : Math.max(own, group.pausedUntil);
        }
    }

    Scheduler(Carriers carriers, Random random) {
        this.carriers = carriers;
        this.random = random;
    }

    /** What is done after each turn. */
    void afterEach(Runnable check) {
        afterEach = check;
    }

    long now() {
        return now;
    }

    Actor current() {
        return current;
    }

    /** Something that is done once, after a delay. */
    void once(Group group, String name, long delay, Runnable body) {
        Actor actor = new Actor(group, name, body, false);
        actor.readyAt = now + delay;
        actors.add(actor);
    }

    /** Something that is done again and again; it says itself when it is ready again. */
    Actor repeat(Group group, String name, Runnable body) {
        Actor actor = new Actor(group, name, body, true);
        actor.readyAt = now;
        actors.add(actor);
        return actor;
    }

    /** Ends the repetition of an actor that does not run. */
    void remove(Actor actor) {
        actors.remove(actor);
    }

    /** From now on nobody of the group gets a turn, but to be unwound. */
    void kill(Group group) {
        group.dead = true;
        actors.removeIf(actor -> actor.group == group && !actor.suspended && actor != current);
    }

    void pause(Group group, long duration) {
        group.pausedUntil = Math.max(group.pausedUntil, now + duration);
    }

    void unpause(Group group) {
        group.pausedUntil = now;
    }

    /** Lets the others go on; the running actor is ready again after the delay. */
    void suspend(long delay) {
        suspend(delay, null);
    }

    /** The same, but ready as soon as a condition holds. */
    void suspend(long delay, BooleanSupplier until) {
        Actor actor = current;
        actor.readyAt = now + delay;
        actor.until = until;
        throwIfDead(actor);
        afterEach.run();
        actor.suspended = true;
        Actor next = choose();
        if (next == actor) {
            actor.suspended = false;
        } else {
            Carrier own = actor.carrier;
            pass(next);
            own.awaitTurn();
        }
        actor.until = null;
        throwIfDead(actor);
    }

    private static void throwIfDead(Actor actor) {
        if (actor.group != null && actor.group.dead) {
            throw new Death();
        }
    }

    /** Ends the current run. */
    void stop() {
        stopped = true;
    }

    /** Gives turns until this time, or until it is stopped. */
    void runUntil(long time) {
        end = time;
        run();
    }

    /** Unwinds all that is suspended. */
    void discard() {
        discarding = true;
        afterEach = () -> {};
        actors.forEach(actor -> {
            if (actor.group != null) {
                actor.group.dead = true;
            }
        });
        actors.removeIf(actor -> !actor.suspended);
        run();
    }

    private void run() {
        Actor first = choose();
        if (first != null) {
            pass(first);
            over.acquireUninterruptibly();
        }
        current = null;
        if (failure != null && !discarding) {
            throw new IllegalStateException("the simulation itself failed", failure);
        }
    }

    private void pass(Actor next) {
        if (next == null) {
            over.release();
        } else if (next.suspended) {
            resume(next);
        } else {
            carriers.start(carrier -> work(carrier, next));
        }
    }

    private void resume(Actor next) {
        next.suspended = false;
        current = next;
        next.carrier.turn();
    }

    private void work(Carrier carrier, Actor first) {
        Actor next = first;
        while (true) {
            run(carrier, next);
            next = choose();
            if (next == null) {
                carriers.giveBack(carrier);
                over.release();
                return;
            }
            if (next.suspended) {
                carriers.giveBack(carrier);
                resume(next);
                return;
            }
        }
    }

    private void run(Carrier carrier, Actor actor) {
        current = actor;
        actor.carrier = carrier;
        actor.running = true;
        try {
            actor.body.run();
        } catch (Death e) {
            actors.remove(actor);
        } catch (Throwable e) {
            fail(e);
        } finally {
            actor.running = false;
        }
        if (!actor.repeated || (actor.group != null && actor.group.dead)) {
            actors.remove(actor);
        }
        afterEach.run();
    }

    private void fail(Throwable e) {
        failure = failure == null ? e : failure;
        stopped = true;
    }

    private Actor choose() {
        if (discarding) {
            for (Actor actor : actors) {
                if (actor.suspended) {
                    return actor;
                }
            }
            return null;
        }
        while (!stopped) {
            if (++turns > MOST_TURNS) {
                fail(new IllegalStateException("no end after " + MOST_TURNS + " turns"));
                return null;
            }
            ready.clear();
            long earliest = Long.MAX_VALUE;
            for (int i = 0; i < actors.size(); i++) {
                Actor actor = actors.get(i);
                long at = actor.eligibleAt(now);
                if (at <= now) {
                    ready.add(actor);
                } else {
                    earliest = Math.min(earliest, at);
                }
            }
            if (!ready.isEmpty()) {
                return ready.get(ready.size() == 1 ? 0 : random.nextInt(ready.size()));
            }
            if (earliest > end) {
                now = Math.max(now, end);
                return null;
            }
            now = earliest;
        }
        return null;
    }
}
