package io.syncmachine.simulation;

import io.syncmachine.ChangedProperties;
import io.syncmachine.Publication;
import io.syncmachine.PublishResult;
import io.syncmachine.Resync;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.function.CheckedFunction;
import io.syncmachine.simulation.Snapshot.Document;
import io.syncmachine.simulation.Snapshot.Item;
import io.syncmachine.simulation.Snapshot.Part;
import io.syncmachine.simulation.Snapshot.Shelf;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.Opening;
import io.syncmachine.spi.ResyncStore;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/** A process that runs an engine, from its start to its death. */
final class Node extends Scheduler.Group {

    static final String MACHINE = "items";

    /** How much less likely faults and turns of others are at calls that are made again and again and find nothing. */
    private static final double IDLE = 0.05;

    private static final double RENEWAL = 0.5;

    private static final Instant START = Instant.parse("2020-01-01T00:00:00Z");

    final String name;
    final int builderVersion;
    private final World world;
    private final Scheduler scheduler;
    private final EngineClock clock;
    private final Store store;
    private final SyncMachine<Item, Long> machine;
    /** The latest opening of each subject's record here. */
    private final Map<String, Long> epochs = new HashMap<>();

    private long cutOffFromStoreUntil;
    private long cutOffFromApiUntil;
    private final List<Repetition> loops = new ArrayList<>();
    private SyncEngine engine;
    private boolean stopping;

    Node(World world, String name, int builderVersion) {
        this.world = world;
        this.scheduler = world.scheduler;
        this.name = name;
        this.builderVersion = builderVersion;
        this.clock = clock();
        this.store = store();
        this.machine = newMachine();
    }

    private EngineClock clock() {
        boolean skewed = world.faults.strikes(Fault.CLOCK_SKEW);
        long skew = skewed ? (world.random.nextInt(60_001) - 30_000) * Plan.MILLI : 0;
        double rate = skewed ? 1 + (world.random.nextInt(3) - 1) * 1e-4 : 1;
        long origin = world.random.nextLong() >> 2;
        return new EngineClock() {
            @Override
            public Instant now() {
                return START.plusNanos(skew + (long) (world.now() * rate));
            }

            @Override
            public long nanos() {
                return origin + (long) (world.now() * rate);
            }
        };
    }

    private Store store() {
        Store own = world.store.another();
        Outbox outbox = through("outbox", Outbox.class, world.outbox);
        JobExecutor jobs = through("jobs", JobExecutor.class, world.jobs);
        LeaseStore leases = through("leases", LeaseStore.class, world.leases);
        PayloadStore payloads = through("payloads", PayloadStore.class, world.payloads);
        Journal journal = through("journal", Journal.class, own.journal());
        MachineRegistry machines = through("machines", MachineRegistry.class, world.machines);
        CallLimiter limiter = through("limiter", CallLimiter.class, world.limiter);
        ResyncStore resyncs = world.hasResyncs() ? through("resyncs", ResyncStore.class, own.resyncs()) : own.resyncs();
        return Ports.around(Store.class, own, (method, arguments, original) -> switch (method) {
            case "limiter" -> limiter;
            case "outbox" -> outbox;
            case "jobs" -> jobs;
            case "leases" -> leases;
            case "payloads" -> payloads;
            case "journal" -> journal;
            case "machines" -> machines;
            case "resyncs" -> resyncs;
            case "isAway" -> arguments[0] instanceof StoreAway;
            case "open" -> original.call((Runnable) () -> wake((Runnable) arguments[0]), arguments[1]);
            default -> original.call(arguments);
        });
    }

    private void wake(Runnable wake) {
        if (!isDead() && !world.faults.strikes(Fault.WAKE_UP_LOST)) {
            wake.run();
        }
    }

    /** Starts an engine; tries again until it works. */
    void boot() {
        scheduler.once(this, "start", 0, () -> {
            while (engine == null) {
                try {
                    engine = SyncEngine.builder()
                            .machines(machine)
                            .entities(entities())
                            .store(store)
                            .clock(clock)
                            .threads(new Threads())
                            .random(world.random::nextDouble)
                            .lease(world.plan.lease)
                            .grace(world.plan.grace)
                            .keepTombstones(world.plan.tombstones)
                            .name(name)
                            .start();
                    world.log(() -> "started with builder version " + builderVersion);
                } catch (StoreAway e) {
                    world.log(() -> "cannot start: " + e.getMessage());
                    scheduler.suspend(Plan.SECOND);
                }
            }
        });
    }

    /** Stops it as it should be, and then says so. */
    void stop(Runnable stopped) {
        if (stopping || engine == null || isDead()) {
            return;
        }
        stopping = true;
        world.log(() -> name + " is stopped");
        scheduler.once(this, "stop", 0, () -> {
            try {
                engine.close();
            } catch (StoreAway e) {
                world.log(() -> "stopped with " + e.getMessage());
            }
            scheduler.kill(this);
            stopped.run();
        });
    }

    /** Asks for a resync, if it runs. */
    void resync(boolean force) {
        if (stopping || engine == null || isDead()) {
            return;
        }
        scheduler.once(this, "resync", 0, () -> {
            try {
                Resync<Item, Long> resync = engine.resync(machine);
                (force ? resync.force() : resync).start();
                world.log(() -> "asks for a resync" + (force ? " that sends also what is equal" : ""));
            } catch (StoreAway e) {
                world.log(() -> "cannot ask for a resync: " + e.getMessage());
            }
        });
    }

    private SyncMachine<Item, Long> newMachine() {
        return machine(world, builderVersion, this::build, publication -> {
            try {
                return world.api.call(this, publication);
            } catch (java.io.IOException e) {
                if (world.sabotages(Sabotage.TIMEOUT_TAKEN_FOR_SUCCESS) && !world.plan.remoteIds) {
                    return PublishResult.done();
                }
                throw e;
            }
        });
    }

    /** What to publish, and how. */
    static SyncMachine<Item, Long> machine(
            World world,
            int builderVersion,
            CheckedFunction<Item, Document> builder,
            CheckedFunction<Publication<Item, Long, Document>, PublishResult> api) {
        SyncMachine.Finishing<Item, Long, Document> machine = SyncMachine.define(MACHINE, Item.class, Long.class)
                .listenTo(Item.class)
                .listenTo(Shelf.class, Set.of("name"), shelf -> world.reads().itemsOn(shelf.id()))
                .listenTo(Part.class, Node::itemsOf)
                .publishWhen(Item::published)
                .build(Document.class, builder)
                .publishWithResult(api)
                .onDeletePublication(api::apply)
                .policy(world.plan.policy(builderVersion));
        return (world.plan.remoteIds ? machine.remoteIdsFromApi() : machine).done();
    }

    private static List<Long> itemsOf(Part part, ChangedProperties changed) {
        List<Long> ids = new ArrayList<>(changed.oldReferences("item", Long.class));
        ids.add(part.item());
        return ids;
    }

    private Document build(Item item) {
        alive();
        if (world.faults.strikes(Fault.BUILD_FAILED)) {
            throw new IllegalStateException("the builder fails");
        }
        return world.reads().document(item, builderVersion);
    }

    private EntitySource entities() {
        return Ports.around(EntitySource.class, world.host.entities, (method, arguments, original) -> switch (method) {
            case "read" -> read((Class<?>) arguments[1], (Collection<?>) arguments[2], action(arguments[3]));
            case "capture", "close" -> null;
            default -> original.call(arguments);
        });
    }

    @SuppressWarnings("unchecked")
    private static CheckedFunction<Map<Object, Object>, Object> action(Object action) {
        return (CheckedFunction<Map<Object, Object>, Object>) action;
    }

    private Object read(Class<?> type, Collection<?> ids, CheckedFunction<Map<Object, Object>, Object> action)
            throws Exception {
        before("entities.read", 1);
        if (world.faults.strikes(Fault.READ_FAILED)) {
            throw new java.io.IOException("entities cannot be read");
        }
        Scheduler.Actor actor = scheduler.current();
        Snapshot snapshot = world.host.committed();
        if (world.sabotages(Sabotage.LOADED_BEFORE_OPENED) && type == Item.class && actor.claimed != null) {
            snapshot = actor.claimed;
        } else if (world.sabotages(Sabotage.READ_FROM_A_REPLICA) && type == Item.class) {
            snapshot = world.host.committedBefore(world.now() - random(2 * Plan.SECOND));
        }
        Map<Object, Object> found = new LinkedHashMap<>();
        for (Object id : ids) {
            Object entity = snapshot.find(type, id);
            if (entity != null) {
                found.put(id, entity);
            }
        }
        world.log(() -> "reads " + type.getSimpleName() + " " + ids + ": " + found.values());
        if (type == Item.class) {
            for (Object id : ids) {
                Long epoch = epochs.get(id.toString());
                if (epoch != null) {
                    world.api.expect(epoch, snapshot.number());
                }
            }
        }
        perhapsSuspend(1);
        actor.reads = snapshot;
        Object result;
        try {
            result = action.apply(found);
        } finally {
            actor.reads = null;
        }
        if (world.faults.strikes(Fault.READ_FAILED)) {
            throw new java.io.IOException("the transaction in which entities were read failed");
        }
        after("entities.read", 1);
        return result;
    }

    private <T> T through(String port, Class<T> type, T target) {
        return Ports.around(type, target, (method, arguments, original) -> {
            if (method.equals("capabilities")) {
                return original.call(arguments);
            }
            String call = port + "." + method;
            double weight = weight(call);
            before(call, weight);
            Object answer = original.call(arguments);
            world.logCall(call, arguments, answer);
            if (method.equals("claim")) {
                scheduler.current().claimed = world.host.committed();
            } else if (call.equals("payloads.open")) {
                opened(answer);
            }
            after(call, weight);
            return answer;
        });
    }

    @SuppressWarnings("unchecked") // the method's answer
    private void opened(Object answer) {
        ((List<Opening>) answer).forEach(opening -> epochs.put(opening.key().id(), opening.epoch()));
    }

    private static double weight(String call) {
        return switch (call) {
            case "jobs.claim", "outbox.relay" -> 0.2;
            case "jobs.renew", "leases.renew" -> RENEWAL;
            case "resyncs.all", "machines.states", "machines.announce", "journal.append", "journal.prune" -> IDLE;
            case "leases.tryAcquire", "payloads.deleteTombstones", "jobs.backlogs" -> 4 * IDLE;
            default -> 1;
        };
    }

    private void before(String call, double weight) {
        alive();
        dieOrPause(call + " before", weight);
        perhapsSuspend(weight);
        if (world.now() < cutOffFromStoreUntil) {
            if (weight != RENEWAL) {
                scheduler.suspend(random(Plan.SECOND));
            }
            throw new StoreAway("the store is away");
        }
        if (world.faults.strikes(Fault.STORE_ABORTED, weight)) {
            world.log(() -> call + " is aborted");
            throw new StoreAway("aborted");
        }
    }

    private void after(String call, double weight) {
        world.mayHaveChanged();
        dieOrPause(call + " after", weight);
        if (world.faults.strikes(Fault.COMMITTED_BUT_ERROR, weight)) {
            world.log(() -> call + " is done, but looks failed");
            throw new StoreAway("the answer is lost");
        }
        perhapsSuspend(weight);
    }

    private void dieOrPause(String where, double weight) {
        if (world.faults.strikes(Fault.CRASH, weight)) {
            world.faults.crashed(where);
            world.log(() -> "dies at " + where);
            world.crash(this);
            throw new Death();
        }
        if (world.faults.strikes(Fault.PAUSE, weight)) {
            long pause = world.plan.lease.toNanos() + random(world.plan.lease.toNanos());
            world.log(() -> "stands still at " + where + " for " + Duration.ofNanos(pause));
            scheduler.pause(this, pause);
            if (weight != RENEWAL) {
                scheduler.suspend(0);
            }
        }
    }

    private void perhapsSuspend(double weight) {
        if (weight == RENEWAL) {
            return; // it is made while other threads of the node may wait for it
        }
        if (world.random.nextDouble() < world.plan.suspends * Math.sqrt(weight)) {
            int kind = world.random.nextInt(100);
            long most = world.plan.faulty && !world.faults.ended() && kind < 8
                    ? 3 * Plan.SECOND
                    : kind < 40 ? 100 * Plan.MILLI : 0;
            scheduler.suspend(random(most));
        }
    }

    /** Waits, as a call of the API does; may die meanwhile. */
    void sleep(long nanos) {
        scheduler.suspend(Math.max(nanos, 0));
        dieOrPause("call of the API", 1);
    }

    /** Waits longer than it should, but no longer than there are faults. */
    void hang(long nanos) {
        scheduler.suspend(nanos, world.faults::ended);
        dieOrPause("call of the API", 1);
    }

    /** Nothing that a dead node does has an effect. */
    void alive() {
        if (isDead()) {
            throw new Death();
        }
    }

    long wallNanos() {
        return Duration.between(START, clock.now()).toNanos();
    }

    /** Loops that rest because they failed do not know that the faults have ended. */
    void tryAgainNow() {
        loops.forEach(Repetition::tryAgainNow);
    }

    void cutOffFromStore(long nanos) {
        cutOffFromStoreUntil = world.now() + nanos;
    }

    void cutOffFromApi(long nanos) {
        cutOffFromApiUntil = world.now() + nanos;
    }

    boolean isCutOffFromApi() {
        return world.now() < cutOffFromApiUntil;
    }

    private long random(long below) {
        return (long) (world.random.nextDouble() * below);
    }

    @Override
    public String toString() {
        return name;
    }

    /** Loops and publications as actors. A loop whose step fails pauses, longer each time. */
    private final class Threads implements EngineThreads {

        @Override
        public Loop repeat(String loop, Step step) {
            Repetition repetition = new Repetition(loop, step);
            loops.add(repetition);
            return repetition;
        }

        @Override
        public Executor publications(String machine, int limit) {
            return task -> {
                if (!isDead()) {
                    scheduler.once(Node.this, "publish", 0, task);
                }
            };
        }

        @Override
        public void await(BooleanSupplier done, Duration patience) {
            scheduler.suspend(patience.toNanos(), done);
        }

        @Override
        public void close() {}
    }

    private final class Repetition implements EngineThreads.Loop {

        private static final long SHORTEST_PAUSE = 100 * Plan.MILLI;
        private static final long LONGEST_PAUSE = 10 * Plan.SECOND;

        private final EngineThreads.Step step;
        private final Scheduler.Actor actor;
        private long pause = SHORTEST_PAUSE;
        private boolean woken;

        Repetition(String loop, EngineThreads.Step step) {
            this.step = step;
            this.actor = scheduler.repeat(Node.this, loop, this::run);
        }

        private void run() {
            woken = false;
            long rest;
            try {
                rest = step.run().toNanos();
                pause = SHORTEST_PAUSE;
            } catch (Exception e) {
                world.log(() -> "failed: " + e);
                rest = pause;
                pause = Math.min(2 * pause, LONGEST_PAUSE);
                woken = false;
            }
            actor.readyAt(woken ? world.now() : world.now() + rest);
        }

        void tryAgainNow() {
            if (pause > SHORTEST_PAUSE) {
                wake();
            }
        }

        @Override
        public void wake() {
            woken = true;
            if (!actor.isRunning()) {
                actor.readyAt(world.now());
            }
        }

        @Override
        public void stop(Duration patience) {
            if (actor.isRunning()) {
                scheduler.suspend(patience.toNanos(), () -> !actor.isRunning());
            }
            if (!actor.isRunning()) {
                scheduler.remove(actor);
            }
        }
    }
}
