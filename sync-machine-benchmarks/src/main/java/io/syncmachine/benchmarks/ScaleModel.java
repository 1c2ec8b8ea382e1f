package io.syncmachine.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * A simulation of workers that share a database, event by event, a batch at a time: what they could publish if nothing but the costs that
 * were measured held them up. Processors take work in the order in which it comes; a commit waits for the disk without
 * needing them; calls last as long as the API takes, as many of them at once as a worker may make.
 *
 * <p>Nothing is drawn by lot, so the same numbers give the same result.
 */
final class ScaleModel {

    /**
     * What things cost, in microseconds, one subject each but where it says otherwise.
     *
     * @param statement of the database's processors, for a statement, however many rows it is about
     * @param claim of the database's processors, as the following ones
     * @param skip for a job that a claim passes over because another worker has it
     * @param open for the record
     * @param read for the entities
     * @param intent for what is about to be sent
     * @param record for the answer
     * @param complete for the job and the journal
     * @param prepare of the worker's processors, from the claim to the call
     * @param call of the worker's processors, from the call to the journal
     * @param commit until the disk has it, without a processor
     * @param roundTrip between worker and database, without a processor
     */
    record Costs(
            double statement,
            double claim,
            double skip,
            double open,
            double read,
            double intent,
            double record,
            double complete,
            double prepare,
            double call,
            double commit,
            double roundTrip) {}

    /**
     * What there is.
     *
     * @param workers how many processes
     * @param inFlight how many calls each may make at once
     * @param apiMillis how long a call takes
     * @param databaseCores processors of the database; zero if it shares the workers', which are one machine then
     * @param workerCores processors of each worker, or of the one machine
     */
    record Shape(int workers, int inFlight, double apiMillis, int databaseCores, int workerCores) {}

    /**
     * What came of it.
     *
     * @param databaseBusy the share of the time that its processors worked
     * @param workersBusy the same of those of the workers
     */
    record Outcome(double seconds, double perSecond, double databaseBusy, double workersBusy) {}

    private static final int BATCH = 200;
    private static final int AHEAD = 400;
    private static final int ACKNOWLEDGED_AT_ONCE = 500;
    private static final double LINGER = 20_000;

    private final Costs costs;
    private final Shape shape;
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingDouble(Event::at).thenComparingLong(Event::number));
    private final Processors database;
    private final List<Processors> hosts = new ArrayList<>();
    private long number;
    private double now;
    private long waiting;
    private long left;
    /** Claimed by any worker and not completed. */
    private long claimed;

    private record Event(double at, long number, Runnable action) {}

    /** Some processors that take work in the order in which it comes. */
    private static final class Processors {

        private final double[] freeAt;
        private double worked;

        Processors(int count) {
            freeAt = new double[count];
        }

        /** Answers when this much work is done that comes now. */
        double done(double now, double micros) {
            int first = 0;
            for (int i = 1; i < freeAt.length; i++) {
                first = freeAt[i] < freeAt[first] ? i : first;
            }
            worked += micros;
            freeAt[first] = Math.max(now, freeAt[first]) + micros;
            return freeAt[first];
        }

        double busy(double micros) {
            return worked / micros / freeAt.length;
        }
    }

    private ScaleModel(Costs costs, Shape shape, long subjects) {
        this.costs = costs;
        this.shape = shape;
        this.waiting = subjects;
        this.left = subjects;
        boolean oneMachine = shape.databaseCores() == 0;
        database = new Processors(oneMachine ? shape.workerCores() : shape.databaseCores());
        for (int i = 0; i < shape.workers(); i++) {
            hosts.add(oneMachine ? database : new Processors(shape.workerCores()));
        }
    }

    /** Publishes so many subjects that all wait at the begin. */
    static Outcome run(Costs costs, Shape shape, long subjects) {
        return new ScaleModel(costs, shape, subjects).run(subjects);
    }

    private Outcome run(long subjects) {
        for (Processors host : hosts) {
            new Worker(host).prepare();
        }
        while (left > 0) {
            Event next = events.remove();
            now = next.at();
            next.action().run();
        }
        return new Outcome(
                now / 1e6,
                subjects / (now / 1e6),
                database.busy(now),
                hosts.stream().mapToDouble(host -> host.busy(now)).average().orElse(0));
    }

    private void at(double time, Runnable action) {
        events.add(new Event(time, number++, action));
    }

    /** A statement in a transaction of its own. */
    private void statement(double micros, Runnable then) {
        at(
                now + costs.roundTrip() / 2,
                () -> at(
                        database.done(now, costs.statement() + micros) + costs.commit() + costs.roundTrip() / 2, then));
    }

    /** One process: a loop that prepares, slots for calls, and a loop that acknowledges. */
    private final class Worker {

        private final Processors host;
        private final double[] slotFreeAt = new double[shape.inFlight()];
        private int ahead;
        private boolean preparing;
        private int answered;
        private boolean acknowledging;
        private boolean lingering;

        Worker(Processors host) {
            this.host = host;
        }

        void prepare() {
            int most = Math.max(AHEAD, 2 * shape.inFlight());
            int size = (int) Math.min(Math.min(BATCH, most - ahead), waiting);
            if (preparing || size <= 0 || ahead > most / 2) {
                return;
            }
            preparing = true;
            ahead += size;
            waiting -= size;
            double passedOver = costs.skip() * claimed;
            claimed += size;
            statement(
                    passedOver + size * costs.claim(),
                    () -> statement(
                            size * costs.open(),
                            () -> statement(
                                    size * costs.read(),
                                    () -> at(
                                            host.done(now, size * costs.prepare()),
                                            () -> statement(size * costs.intent(), () -> {
                                                call(size);
                                                preparing = false;
                                                prepare();
                                            })))));
        }

        private void call(int size) {
            double api = shape.apiMillis() * 1e3;
            for (int i = 0; i < size; i++) {
                Arrays.sort(slotFreeAt);
                double begun = Math.max(now, slotFreeAt[0]);
                slotFreeAt[0] = Math.max(begun, host.done(begun, costs.call())) + api;
                at(slotFreeAt[0], this::answer);
            }
        }

        private void answer() {
            answered++;
            acknowledge();
        }

        private void acknowledge() {
            if (acknowledging || answered == 0) {
                return;
            }
            if (answered < BATCH && !lingering) {
                lingering = true;
                at(now + LINGER, this::write);
            } else if (answered >= BATCH) {
                write();
            }
        }

        private void write() {
            lingering = false;
            if (acknowledging || answered == 0) {
                return;
            }
            int size = Math.min(answered, ACKNOWLEDGED_AT_ONCE);
            answered -= size;
            acknowledging = true;
            statement(
                    size * costs.record(),
                    () -> statement(size * costs.complete(), () -> {
                        acknowledging = false;
                        ahead -= size;
                        claimed -= size;
                        left -= size;
                        acknowledge();
                        prepare();
                    }));
        }
    }
}
