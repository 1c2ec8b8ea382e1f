package io.syncmachine.internal;

import io.syncmachine.ChangeHandler;
import io.syncmachine.DeadLetter;
import io.syncmachine.DryRun;
import io.syncmachine.Events;
import io.syncmachine.Explanation;
import io.syncmachine.Limits;
import io.syncmachine.PathsExplanation;
import io.syncmachine.ReadSet;
import io.syncmachine.ResyncRun;
import io.syncmachine.SyncEngine.Backlog;
import io.syncmachine.SyncMachine;
import io.syncmachine.UniqueRun;
import io.syncmachine.function.CheckedRunnable;
import io.syncmachine.internal.Verdict.Effect;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.EngineThreads.Loop;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.MachineDefinition;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Wires the stages together, starts and stops them. The door of this package; safe for use by several threads. */
public final class Engine implements AutoCloseable {

    static final CanonicalJson JSON = new CanonicalJson();

    /** How many calls of listeners there may be at once; the others wait, and no publication waits for them. */
    private static final int SIDE_EFFECTS = 16;
    /** How many threads begin calls that nobody waits for. */
    private static final int SENDING_AT_ONCE = Math.max(2, Runtime.getRuntime().availableProcessors());

    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    private static final Logger log = LoggerFactory.getLogger(Engine.class);

    private final EntitySource source;
    private final Store store;
    private final Settings settings;
    private final EngineThreads threads;
    private final Map<String, Machine<?, ?, ?>> machines = new LinkedHashMap<>();
    private final Map<String, Handler<?>> handlers = new LinkedHashMap<>();
    private final Map<Machine<?, ?, ?>, Gate> gates = new LinkedHashMap<>();
    private final Map<String, Traffic> traffics = new LinkedHashMap<>();
    private final CallLimiter limiter;
    private final TrafficWatch trafficWatch;
    private final Listeners listeners;
    private final MachineWatch watch;
    private final List<Worker<?, ?, ?>> workers = new ArrayList<>();
    private final Map<String, Loop> handling = new ConcurrentHashMap<>();
    private final List<Loop> others = new CopyOnWriteArrayList<>();
    private final Outage outage;
    private final Heartbeat heartbeat;
    private final Announcer announcer;
    private final Acknowledger acknowledger;
    private final Publisher publisher;
    private final Relay relay;
    private volatile @Nullable Loop relaying;
    private @Nullable Loop acknowledging;
    private @Nullable Loop announcing;
    private @Nullable Loop beating;
    private @Nullable Loop limiting;
    private final ResyncOffice resyncs;
    private @Nullable Loop resyncing;
    private final UniqueRuns uniqueRuns;
    private @Nullable Loop uniqueRunning;
    private @Nullable Loop watching;
    private boolean closed;
    private volatile boolean closing;

    /** One machine's loops. */
    private record Worker<S, ID, D>(
            Machine<S, ID, D> machine,
            Slots<Run<?, ?, ?>> slots,
            AdaptivePoll ensurePoll,
            EngineThreads.Step find,
            EngineThreads.Step ensure,
            ConcurrentNavigableMap<Stage, Loop> loops) {

        void wake() {
            loops.values().forEach(Loop::wake);
        }
    }

    /**
     * Checks the machines against the entities; starts nothing.
     *
     * @throws IllegalArgumentException if they do not fit together or the settings do not fit a machine's policy
     */
    public Engine(
            Collection<SyncMachine<?, ?>> definitions,
            Collection<ChangeHandler<?>> handlers,
            EntitySource source,
            Store store,
            Settings settings) {
        this.source = source;
        this.store = store;
        this.settings = settings;
        EngineThreads given = settings.threads();
        this.outage = new Outage(settings.name(), settings.clock(), store::isAway);
        this.threads = given == null ? new WorkerThreads(settings.name(), outage) : given;
        for (SyncMachine<?, ?> machine : definitions) {
            add(machine.definition());
        }
        handlers.forEach(this::add);
        this.limiter = store.limiter();
        machines.values().forEach(machine -> machine.sendsBy(traffic(machine)));
        this.trafficWatch =
                new TrafficWatch(traffics.values(), limiter, settings.clock(), () -> load() > 0, this::wakeWorkers);
        List<Interest> interests = new ArrayList<>(machines.values());
        interests.addAll(this.handlers.values());
        this.listeners = new Listeners(interests, settings);
        this.watch = new MachineWatch(
                store, settings, gates, this.handlers.keySet(), this::wakeWorkers, this::lookForResyncs);
        this.resyncs = new ResyncOffice(store, source, settings, machines, this::pause, this::resync);
        this.uniqueRuns = new UniqueRuns(store.leases(), settings.clock(), settings.name(), settings.lease());
        this.heartbeat = new Heartbeat(store, settings.lease(), settings.clock());
        this.announcer = new Announcer(settings.observers());
        this.acknowledger = new Acknowledger(
                store, settings, this::load, new SideEffects(sideEffects(), settings.hooks()), heartbeat, announcer);
        this.publisher = new Publisher(
                settings,
                acknowledger::add,
                machine -> Objects.requireNonNull(gates.get(machine)).closed(),
                watch::notLetIn);
        this.relay = new Relay(store, machines, this::wake, this::wakeWorkers, this::expectSettled, settings.clock());
    }

    private <S, ID, D> void add(MachineDefinition<S, ID, D> definition) {
        Duration call = definition.policy().deadline().plus(settings.grace());
        if (call.compareTo(settings.lease().dividedBy(2)) > 0) {
            throw new IllegalArgumentException("machine '" + definition.name() + "': deadline ("
                    + definition.policy().deadline() + ") plus grace (" + settings.grace()
                    + ") must be at most half of the engine's lease, which is " + settings.lease());
        }
        Duration mayTakeEffect = settings.lease().plus(call);
        if (settings.tombstonesKeptFor().compareTo(mayTakeEffect) <= 0) {
            throw new IllegalArgumentException(
                    "tombstones must be kept for longer than the lease, the deadline and the grace of"
                            + " machine '" + definition.name() + "', which is " + mayTakeEffect + ", but are kept for "
                            + settings.tombstonesKeptFor());
        }
        Machine<S, ID, D> machine = new Machine<>(definition, source);
        checkUnique(machine);
        machines.put(machine.storedName(), machine);
        gates.put(machine, new Gate(machine));
    }

    private Traffic traffic(Machine<?, ?, ?> machine) {
        String name = machine.definition.destination().name();
        Limits limits = machine.definition.policy().limits();
        Duration longestCall = Duration.ZERO;
        for (Machine<?, ?, ?> other : machines.values()) {
            if (other.definition.destination().name().equals(name)) {
                if (!other.definition.policy().limits().equals(limits)) {
                    throw new IllegalArgumentException("machines '" + machine.name() + "' and '" + other.name()
                            + "' send to the destination '" + name + "', but say different limits: " + limits + " and "
                            + other.definition.policy().limits());
                }
                Duration call = other.definition.policy().deadline().plus(settings.grace());
                longestCall = call.compareTo(longestCall) > 0 ? call : longestCall;
            }
        }
        Duration longest = longestCall;
        return traffics.computeIfAbsent(name, known -> new Traffic(name, limits, limiter, settings.clock(), longest));
    }

    private <E> void add(ChangeHandler<E> definition) {
        Handler<E> handler = Handler.of(definition, source);
        checkUnique(handler);
        handlers.put(handler.storedName(), handler);
    }

    /** Names are unique across machines and handlers, and so are former names, under which things are stored. */
    private void checkUnique(Interest added) {
        List<Interest> known = new ArrayList<>(machines.values());
        known.addAll(handlers.values());
        for (Interest other : known) {
            for (String name : List.of(other.name(), other.storedName())) {
                if (name.equals(added.name()) || name.equals(added.storedName())) {
                    throw new IllegalArgumentException(
                            "two machines or handlers of the engine are, or formerly were, named '" + name
                                    + "'; give each a name of its own");
                }
            }
        }
    }

    private Slots<Runnable> sideEffects() {
        Executor executor = threads.publications("after-publish", SIDE_EFFECTS);
        return new Slots<>(SIDE_EFFECTS, 1, true, executor, settings.clock(), settings.lease(), (calls, slot) -> {
            calls.forEach(Runnable::run);
            slot.free();
        });
    }

    private int load() {
        int load = 0;
        for (Worker<?, ?, ?> worker : workers) {
            load += worker.slots().load();
        }
        return load;
    }

    /**
     * Opens the store, begins to capture and, if it works, to run jobs. Waits while the store is away.
     *
     * @throws IllegalStateException if the store is not fit for use, or away for longer than the settings say, or the thread is
     *     interrupted
     */
    public synchronized void start() {
        openWhenBack();
        if (settings.works()) {
            machines.values().forEach(machine -> workers.add(worker(machine)));
            handlers.values().forEach(this::startHandling);
            acknowledger.onWait((run, delay) -> expect(run.machine, delay));
            startLoops();
        } else {
            outage.isOver(); // nobody comes later to find that out
        }
        log.info(
                "{}: machines {}, handlers {}{}",
                settings.name(),
                machines.keySet(),
                handlers.keySet(),
                settings.works() ? "" : ", capture only");
    }

    private void openWhenBack() {
        long begun = settings.clock().nanos();
        Duration pause = SHORTEST_PAUSE;
        while (true) {
            try {
                open();
                outage.isOverFor(this);
                return;
            } catch (RuntimeException e) {
                if (!outage.isSeen(this, e)) {
                    throw e;
                }
                Duration awayFor = Duration.ofNanos(settings.clock().nanos() - begun);
                if (awayFor.compareTo(settings.startWithin()) >= 0) {
                    throw new IllegalStateException("the store is away, and startWithin is over: " + awayFor, e);
                }
            }
            threads.await(() -> closing, pause);
            if (closing) {
                throw new IllegalStateException("closed while the database was away");
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException("interrupted while the database was away");
            }
            pause = pause.compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : pause;
        }
    }

    private void open() {
        store.open(this::wake, settings.works());
        try {
            source.capture(listeners, store);
            if (settings.works()) {
                watch.announce();
            }
        } catch (RuntimeException e) {
            source.close();
            store.close();
            throw e;
        }
    }

    private <S, ID, D> Worker<S, ID, D> worker(Machine<S, ID, D> machine) {
        int limit = machine.definition.policy().inFlight();
        int atOnce = machine.definition.destination().waits() ? limit : Math.min(limit, SENDING_AT_ONCE);
        Executor executor = threads.publications(machine.name(), atOnce);
        Slots<Run<?, ?, ?>> slots = new Slots<>(
                limit,
                machine.definition.destination().batchSize(),
                !machine.traffic().areCallsCounted(),
                executor,
                settings.clock(),
                settings.lease(),
                publisher::publish);
        AdaptivePoll ensurePoll = new AdaptivePoll(settings.clock());
        return new Worker<>(
                machine,
                slots,
                ensurePoll,
                new FindSubjects<>(
                        machine,
                        source,
                        store,
                        settings,
                        heartbeat,
                        () -> wakeEnsuring(machine),
                        new AdaptivePoll(settings.clock()),
                        ensurePoll,
                        resyncs),
                new EnsurePublication<>(
                        machine,
                        source,
                        store,
                        settings,
                        slots,
                        acknowledger,
                        heartbeat,
                        ensurePoll,
                        Objects.requireNonNull(gates.get(machine)),
                        trafficWatch::tryToLook),
                new ConcurrentSkipListMap<>());
    }

    private <E> void startHandling(Handler<E> handler) {
        HandleChanges<E> step = new HandleChanges<>(
                handler,
                source,
                store,
                settings,
                heartbeat,
                (tenant, transaction) -> in(transaction).ofTenant(tenant),
                new AdaptivePoll(settings.clock()));
        handling.put(handler.storedName(), threads.repeat("handle-" + handler.name(), step));
    }

    private void startLoops() {
        Loop acknowledgements = threads.repeat("acknowledge", acknowledger);
        acknowledging = acknowledgements;
        acknowledger.onVerdict(acknowledgements::wake);
        Loop announcements = threads.repeat("outcomes", announcer);
        announcing = announcements;
        announcer.onOutcomes(announcements::wake);
        watching = threads.repeat("deadlines", publisher);
        beating = threads.repeat("heartbeat", heartbeat);
        for (Worker<?, ?, ?> worker : workers) {
            String name = worker.machine().name();
            worker.loops().put(Stage.FIND_SUBJECTS, threads.repeat("find-" + name, worker.find()));
            Loop ensuring = threads.repeat("ensure-" + name, worker.ensure());
            worker.loops().put(Stage.ENSURE_PUBLICATION, ensuring);
            worker.slots().onRoom(ensuring::wake);
            if (worker.machine().definition.told().followUp() != null) {
                worker.loops()
                        .put(
                                Stage.FOLLOW_UP,
                                threads.repeat(
                                        "follow-up-" + name,
                                        new FollowUps<>(
                                                worker.machine(),
                                                store,
                                                settings,
                                                heartbeat,
                                                new AdaptivePoll(settings.clock()))));
            }
            if (worker.machine().builderVersion() > 0) {
                others.add(threads.repeat(
                        "sweep-" + name,
                        new Sweep(worker.machine(), store, settings, () -> wakeEnsuring(worker.machine()))));
            }
        }
        Loop watchingMachines = threads.repeat("machines", watch);
        others.add(watchingMachines);
        watch.onPause(watchingMachines::wake);
        Loop limiting = threads.repeat("limits", trafficWatch);
        this.limiting = limiting;
        traffics.values().forEach(traffic -> traffic.onReturn(limiting::wake));
        others.add(threads.repeat("housekeeping", new Housekeeping(store, settings)));
        relaying = threads.repeat("relay", relay);
    }

    private void lookForResyncs() {
        boolean isNeeded;
        synchronized (resyncs) {
            isNeeded = resyncing == null;
        }
        if (isNeeded && !Resyncing.turns(store.resyncs().all(), machines).isEmpty()) {
            resync();
        }
    }

    /** Has resyncs gone on with, from the first one on by a loop of their own. */
    private void resync() {
        if (!settings.works() || closing) {
            return;
        }
        synchronized (resyncs) {
            if (resyncing == null) {
                resyncing = threads.repeat(
                        "resync", new Resyncing(machines, source, store, settings, resyncs, this::wakeEnsuring));
                others.add(resyncing);
            }
            resyncing.wake();
        }
    }

    /**
     * Begins the declaration of a resync.
     *
     * @throws IllegalArgumentException if the machine is not run by this engine
     */
    @SuppressWarnings("unchecked") // the machine was made of this definition
    public <S, ID> ResyncRequest<S, ID> resync(SyncMachine<S, ID> definition) {
        return resyncs.requestOf((Machine<S, ID, ?>) machine(definition));
    }

    /**
     * Begins the declaration of an audit.
     *
     * @throws IllegalArgumentException if the machine is not run by this engine
     */
    @SuppressWarnings("unchecked") // the machine was made of this definition
    public <S, ID> Auditor<S, ID, ?> audit(SyncMachine<S, ID> definition) {
        return auditor((Machine<S, ID, ?>) machine(definition));
    }

    private <S, ID, D> Auditor<S, ID, D> auditor(Machine<S, ID, D> machine) {
        return new Auditor<>(machine, source, store, settings, duration -> {
            threads.await(() -> closing, duration);
            return closing || Thread.currentThread().isInterrupted();
        });
    }

    /** All resyncs that are known. */
    public List<ResyncRun> resyncs() {
        return resyncs.all();
    }

    private void expect(Machine<?, ?, ?> machine, Duration delay) {
        for (Worker<?, ?, ?> worker : workers) {
            if (worker.machine() == machine) {
                worker.ensurePoll().expect(delay);
                worker.wake();
            }
        }
    }

    private void expectSettled(Machine<?, ?, ?> machine) {
        for (Worker<?, ?, ?> worker : workers) {
            if (worker.machine() == machine) {
                machine.settle().ifPresent(worker.ensurePoll()::expectSettled);
            }
        }
    }

    private void wakeWorkers() {
        workers.forEach(Worker::wake);
        handling.values().forEach(Loop::wake);
    }

    /** There are jobs for one loop. */
    private void wake(JobQueue queue) {
        Loop loop = handling.get(queue.machine());
        for (Worker<?, ?, ?> worker : workers) {
            if (worker.machine().storedName().equals(queue.machine())) {
                loop = worker.loops().get(queue.stage());
            }
        }
        if (loop != null) {
            loop.wake();
        }
    }

    private void wakeEnsuring(Machine<?, ?, ?> machine) {
        wake(new JobQueue(machine.storedName(), Stage.ENSURE_PUBLICATION));
    }

    private void wake() {
        Loop loop = relaying;
        if (loop != null) {
            relay.woken();
            loop.wake();
        }
    }

    /** The application's own events, committed with a transaction that the source knows, or at once. */
    public Events in(@Nullable Object transaction) {
        return new OwnEvents(machines.values(), handlers.values(), source, listeners, transaction, null);
    }

    /**
     * Tells all about a subject.
     *
     * @throws IllegalArgumentException if the machine is not run by this engine, or the id is of the wrong class
     */
    public Explanation explain(SyncMachine<?, ?> definition, String tenant, Object id) {
        Machine<?, ?, ?> machine = machine(definition);
        return new Explainer<>(machine, source, store, settings).explain(tenant, id, closed(machine));
    }

    /**
     * Tells what would be sent of some subjects.
     *
     * @throws IllegalArgumentException if the machine does not fit the entities
     */
    public DryRun dryRun(SyncMachine<?, ?> definition, String tenant, Iterable<?> ids) {
        return rehearsal(definition).of(tenant, ids);
    }

    /**
     * Tells what would be sent of the subjects whose jobs wait.
     *
     * @throws IllegalArgumentException if the machine does not fit the entities
     */
    public DryRun dryRun(SyncMachine<?, ?> definition) {
        return rehearsal(definition).ofWaiting();
    }

    /**
     * Tells what would be sent of the subjects that a change of an entity concerns.
     *
     * @throws IllegalArgumentException if the machine does not fit the entities, or has nothing to do with this one
     */
    public DryRun dryRunOf(SyncMachine<?, ?> definition, Object entity) {
        return rehearsal(definition).ofChange(source.refer(null, entity));
    }

    /**
     * Tells what is derived from a machine's declared paths.
     *
     * @throws IllegalArgumentException if the machine does not fit the entities
     */
    public PathsExplanation explainPaths(SyncMachine<?, ?> definition) {
        for (Machine<?, ?, ?> machine : machines.values()) {
            if (machine.definition.equals(definition.definition())) {
                return explainPaths(machine);
            }
        }
        return explainPaths(new Machine<>(definition.definition(), source));
    }

    private static PathsExplanation explainPaths(Machine<?, ?, ?> machine) {
        return new PathsExplanation(machine.name(), machine.subjectName(), machine.definition.reads(), machine.paths());
    }

    /**
     * Finds out what the documents of a machine read.
     *
     * @throws IllegalArgumentException if the machine does not fit the entities
     * @throws Exception why the subjects cannot be read
     */
    public static <S, ID> ReadSet readSet(
            SyncMachine<S, ID> machine, EntitySource source, String tenant, Collection<ID> ids) throws Exception {
        return new ReadCoverage<>(new Machine<>(machine.definition(), source), source).check(tenant, ids);
    }

    /** Of a machine that this engine may not run yet. */
    private Rehearsal<?, ?, ?> rehearsal(SyncMachine<?, ?> definition) {
        for (Machine<?, ?, ?> machine : machines.values()) {
            if (machine.definition.equals(definition.definition())) {
                return new Rehearsal<>(machine, source, store, settings, closed(machine), closedFor(machine));
            }
        }
        Machine<?, ?, ?> machine = new Machine<>(definition.definition(), source);
        return new Rehearsal<>(machine, source, store, settings, "this engine does not run it", pause(machine));
    }

    private @Nullable String closed(Machine<?, ?, ?> machine) {
        return settings.works() ? Objects.requireNonNull(gates.get(machine)).closed() : "it captures only";
    }

    private Duration closedFor(Machine<?, ?, ?> machine) {
        Duration here = machine.traffic().closedFor();
        Duration anywhere = pause(machine);
        return anywhere.compareTo(here) > 0 ? anywhere : here;
    }

    private Duration pause(Machine<?, ?, ?> machine) {
        return limiter.pauses().getOrDefault(machine.definition.destination().name(), Duration.ZERO);
    }

    /**
     * Pauses a machine, or resumes it if there is no reason.
     *
     * @throws IllegalArgumentException if the machine is not run by this engine
     */
    public void pause(SyncMachine<?, ?> definition, @Nullable String reason) {
        store.machines().pause(machine(definition).storedName(), reason);
        watch.look();
    }

    /**
     * Erases what is stored of a subject's content.
     *
     * @throws IllegalArgumentException if the machine is not run by this engine, or the id is of the wrong class
     */
    public void forget(SyncMachine<?, ?> definition, String tenant, Object id) {
        Machine<?, ?, ?> machine = machine(definition);
        SubjectKey key = new SubjectKey(tenant, machine.storedName(), machine.encode(id));
        store.payloads().erase(key);
        store.journal().erase(key);
        store.jobs().erase(JobKey.ensurePublication(tenant, machine.storedName(), key.id()));
    }

    private Machine<?, ?, ?> machine(SyncMachine<?, ?> definition) {
        for (Machine<?, ?, ?> machine : machines.values()) {
            if (machine.definition.equals(definition.definition())) {
                return machine;
            }
        }
        throw new IllegalArgumentException(
                "machine '" + definition.name() + "' is not run by this engine, but " + machines.keySet());
    }

    /**
     * Runs a task of which there is one at a time among all nodes.
     *
     * @return the one that runs already; empty if the task was run
     */
    public Optional<UniqueRun> runUnique(String name, String arguments, Duration longest, CheckedRunnable task)
            throws Exception {
        synchronized (uniqueRuns) {
            if (uniqueRunning == null) {
                uniqueRunning = threads.repeat("unique-runs", uniqueRuns);
            }
            uniqueRunning.wake();
        }
        return uniqueRuns.run(name, arguments, longest, task);
    }

    /** How many jobs wait for machines that run on no node. */
    public Map<String, Long> orphans() {
        return watch.orphans();
    }

    /**
     * What waits. Changes are read before the jobs that they become, so that none is missed; and again after those, for a handler's job may
     * have become a change meanwhile.
     */
    public Backlog backlog() {
        JobExecutor jobs = store.jobs();
        long changes = store.outbox().depth();
        long waiting = jobs.backlog();
        if (changes == 0 && waiting == 0) {
            changes = store.outbox().depth();
            waiting = jobs.backlog();
        }
        return new Backlog(
                changes, store.outbox().lag(), waiting, jobs.longestDue(), jobs.parked(), store.oldestTransaction());
    }

    /** Jobs that were given up, of all machines and handlers. */
    public DeadLetterOffice deadLetters() {
        return new DeadLetterOffice(store, settings, machines);
    }

    /**
     * The dead letter of a subject.
     *
     * @throws IllegalArgumentException if the machine is not run by this engine, or the id is of the wrong class
     */
    public Optional<DeadLetter> deadLetter(SyncMachine<?, ?> definition, String tenant, Object id) {
        Machine<?, ?, ?> machine = machine(definition);
        return deadLetters().find(new SubjectKey(tenant, machine.storedName(), machine.encode(id)));
    }

    /**
     * The name by which a machine is stored.
     *
     * @throws IllegalArgumentException if the machine is not run by this engine
     */
    public String storedName(SyncMachine<?, ?> definition) {
        return machine(definition).storedName();
    }

    /**
     * Stops: no more claims; what was prepared is handed back; calls in flight are waited for; what they answered is written.
     */
    @Override
    public void close() {
        closing = true;
        stopOnce();
    }

    private synchronized void stopOnce() {
        if (closed) {
            return;
        }
        closed = true;
        source.close();
        stopUniqueRuns();
        try {
            stop(settings.clock().nanos() + settings.patience().toNanos());
        } finally {
            threads.close();
            store.close();
        }
    }

    private void stop(long end) {
        Loop relayLoop = relaying;
        if (relayLoop != null) {
            relayLoop.stop(left(end));
            workers.forEach(worker -> worker.loops().values().forEach(loop -> loop.stop(left(end))));
            handling.values().forEach(loop -> loop.stop(left(end)));
            others.forEach(loop -> loop.stop(left(end)));
            workers.forEach(this::handBack);
            drain(end);
        }
    }

    private void stopUniqueRuns() {
        synchronized (uniqueRuns) {
            if (uniqueRunning != null) {
                uniqueRunning.stop(Duration.ofNanos(1));
            }
        }
    }

    private Duration left(long end) {
        return Duration.ofNanos(Math.max(end - settings.clock().nanos(), 1));
    }

    private void handBack(Worker<?, ?, ?> worker) {
        Run<?, ?, ?> run;
        while ((run = worker.slots().takeBack()) != null) {
            acknowledger.add(run, new Verdict.Wait(Duration.ZERO, false, Effect.NOT_SENT, "the engine stops"));
        }
    }

    private void drain(long end) {
        threads.await(() -> load() == 0 && acknowledger.isIdle() && announcer.isIdle(), left(end));
        if (load() > 0) {
            log.warn("{}: {} publications did not end in time; their subjects are in doubt", settings.name(), load());
        }
        if (watching != null) {
            watching.stop(left(end));
        }
        if (acknowledging != null) {
            acknowledging.stop(left(end));
        }
        if (limiting != null) {
            limiting.stop(left(end));
            trafficWatch.finish();
        }
        if (beating != null) {
            beating.stop(left(end));
        }
        if (announcing != null) {
            announcing.stop(left(end));
        }
    }
}
