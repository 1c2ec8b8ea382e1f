package io.syncmachine.simulation;

import io.syncmachine.SyncEngine;
import io.syncmachine.memory.InMemoryStore;
import io.syncmachine.spi.CallLimiter;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.Opening;
import io.syncmachine.spi.PayloadStore.PayloadRecord;
import io.syncmachine.spi.PayloadStore.State;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** One seed: an application, a store, an API and some nodes; what happens to them; and what must hold whatever happens. */
final class World implements AutoCloseable {

    /** What is added to a drain where the builder's version rose: another node takes over what a dead one swept. */
    private static final Duration SWEEP = Duration.ofSeconds(150);

    final long seed;
    final Random random;
    final Plan plan;
    final Faults faults;
    final Scheduler scheduler;
    final Host host;
    final Api api;
    final InMemoryStore store;
    final Outbox outbox;
    final JobExecutor jobs;
    final LeaseStore leases;
    final PayloadStore payloads;
    final MachineRegistry machines;
    final CallLimiter limiter;
    /** Jobs whose latest claim was not the first attempt; for a sabotage. */
    final Set<JobKey> triedAgain = new HashSet<>();

    private final Sabotage sabotage;
    private final StringBuilder log;
    private final List<Node> nodes = new ArrayList<>();
    private String violation;
    private boolean changed;
    private int builderVersion = 1;
    private int incarnations;
    private long latestEpoch;

    World(long seed, Sabotage sabotage, boolean logs, Carriers carriers) {
        this.seed = seed;
        this.sabotage = sabotage;
        this.random = new Random(seed * 0x9E3779B97F4A7C15L);
        this.plan = new Plan(seed, random);
        this.faults = new Faults(plan, random);
        this.scheduler = new Scheduler(carriers, random);
        this.log = logs ? new StringBuilder() : null;
        this.host = new Host(this);
        this.api = new Api(this);
        this.store = InMemoryStore.create(new StoreClock());
        this.outbox = new SimulatedOutbox(this);
        JobExecutor kept = plan.forgetfulJobs ? ForgetfulJobs.around(this, store.jobs()) : store.jobs();
        JobExecutor sound = sabotage == null ? kept : sabotage.jobs(this, kept);
        this.jobs = plan.exclusiveJobs ? sound : RedeliveringJobs.around(this, sound);
        this.leases = plan.exclusiveJobs ? store.leases() : new UnreliableLeases(this, store.leases());
        PayloadStore records = sabotage == null ? store.payloads() : sabotage.payloads(this, store.payloads());
        this.payloads = Ports.around(PayloadStore.class, records, this::checkingEpochs);
        this.machines = sabotage == null ? store.machines() : sabotage.machines(this, store.machines());
        this.limiter = new SimulatedLimiter(this);
        scheduler.afterEach(this::check);
    }

    EngineClock storeClock() {
        return new StoreClock();
    }

    private final class StoreClock implements EngineClock {
        @Override
        public Instant now() {
            return Instant.EPOCH.plusNanos(World.this.now());
        }

        @Override
        public long nanos() {
            return World.this.now();
        }
    }

    /** Runs it, and tells what was violated; null if nothing was. */
    String run() {
        log(() -> "seed " + seed + ": " + plan);
        startHost();
        for (int i = 0; i < plan.nodes; i++) {
            Node node = new Node(this, name(), 1);
            nodes.add(node);
            scheduler.once(null, "world", random(2 * Plan.SECOND), node::boot);
        }
        host.work(plan.activeNanos);
        scheduler.once(null, "world", random(10 * Plan.SECOND), this::trouble);
        if (plan.versionsMixed) {
            scheduler.once(null, "world", random(plan.activeNanos), this::deploy);
        }
        if (hasResyncs()) {
            resyncLater();
        }
        scheduler.runUntil(plan.activeNanos);
        if (violation == null) {
            endFaults();
            Duration drain = plan.drain().plus(plan.versionsMixed ? plan.lease.plus(SWEEP) : Duration.ZERO);
            scheduler.runUntil(now() + drain.toNanos());
        }
        if (violation == null) {
            checkEnd();
        }
        return violation;
    }

    /** An engine that only captures what the application changes. */
    private void startHost() {
        Store own = store.another();
        Store captures = Ports.around(
                Store.class,
                own,
                (method, arguments, original) -> method.equals("outbox") ? outbox : original.call(arguments));
        SyncEngine.builder()
                .machines(Node.machine(this, 1, item -> host.committed().document(item, 1), publication -> {
                    throw new IllegalStateException("the application publishes nothing");
                }))
                .entities(host.entities)
                .store(captures)
                .clock(new StoreClock())
                .threads(new NoThreads())
                .lease(plan.lease)
                .grace(plan.grace)
                .keepTombstones(plan.tombstones)
                .works(false)
                .name("application")
                .start();
    }

    private static final class NoThreads implements EngineThreads {
        @Override
        public Loop repeat(String name, Step step) {
            throw new IllegalStateException("an engine that does not work needs no loop");
        }

        @Override
        public Executor publications(String machine, int limit) {
            return Runnable::run;
        }

        @Override
        public void await(BooleanSupplier done, Duration patience) {}

        @Override
        public void close() {}
    }

    private String name() {
        return "node-" + ++incarnations;
    }

    /** Now and then cuts a node off, or restarts it. */
    private void trouble() {
        if (faults.ended()) {
            return;
        }
        Node node = nodes.get(random.nextInt(nodes.size()));
        if (!node.isDead()) {
            long lease = plan.lease.toNanos();
            switch (random.nextInt(4)) {
                case 0 -> {
                    if (faults.strikes(Fault.PARTITION_FROM_STORE)) {
                        log(() -> node + " is cut off from the store");
                        node.cutOffFromStore(Plan.SECOND + random(lease + lease / 2));
                    }
                }
                case 1 -> {
                    if (faults.strikes(Fault.PARTITION_FROM_API)) {
                        log(() -> node + " is cut off from the API");
                        node.cutOffFromApi(Plan.SECOND + random(lease));
                    }
                }
                case 2 -> {
                    if (faults.strikes(Fault.RESTART)) {
                        restart(node, versionOf(node));
                    }
                }
                default -> {}
            }
        }
        scheduler.once(null, "world", random(20 * Plan.SECOND), this::trouble);
    }

    /** None in sabotaged worlds, whose seeds are to stay what they are. */
    boolean hasResyncs() {
        return plan.resyncs && sabotage == null;
    }

    /** Drawn by itself, so that the other seeds are what they were. */
    private void resyncLater() {
        Random own = new Random(seed * 0xD1B54A32D192ED03L);
        int count = 1 + own.nextInt(3);
        for (int i = 0; i < count; i++) {
            int kind = own.nextInt(3);
            scheduler.once(null, "world", (long) (own.nextDouble() * plan.activeNanos), () -> resync(kind));
        }
    }

    private void resync(int kind) {
        Node node = nodes.get(nodes.size() - 1);
        if (kind == 0) {
            outbox.append(List.of(Change.resync(Change.DEFAULT_TENANT, Set.of(Node.MACHINE), null)));
        } else {
            node.resync(kind == 1);
        }
    }

    private int versionOf(Node node) {
        return random.nextInt(100) < 70 ? builderVersion : node.builderVersion;
    }

    private void restart(Node node, int version) {
        node.stop(() -> replace(node, version, random(2 * Plan.SECOND)));
    }

    private void replace(Node node, int version, long delay) {
        boolean sameName = random.nextBoolean();
        scheduler.once(null, "world", delay, () -> replaceNow(node, sameName ? node.name : name(), version));
    }

    private void replaceNow(Node node, String name, int version) {
        int at = nodes.indexOf(node);
        if (at >= 0) { // else that was done when the faults ended
            Node next = new Node(this, name, version);
            nodes.set(at, next);
            next.boot();
        }
    }

    /** A node has died; another takes its place after a while. */
    void crash(Node node) {
        scheduler.kill(node);
        long delay = random.nextBoolean() ? random(2 * Plan.SECOND) : random(plan.lease.toNanos());
        replace(node, versionOf(node), faults.ended() ? 0 : delay);
    }

    private void deploy() {
        builderVersion = 2;
        log(() -> "builder version 2 comes");
        boolean first = true;
        for (Node node : List.copyOf(nodes)) {
            if ((first || random.nextInt(100) < 60) && !node.isDead()) {
                first = false;
                faults.happened(Fault.BUILDER_VERSIONS_MIXED);
                restart(node, 2);
            }
        }
    }

    private void endFaults() {
        log(() -> "all faults end");
        faults.end();
        for (Node node : List.copyOf(nodes)) {
            if (node.isDead()) {
                replaceNow(node, name(), builderVersion);
            }
            node.cutOffFromStore(0);
            node.cutOffFromApi(0);
            node.tryAgainNow();
            scheduler.unpause(node);
        }
        if (plan.versionsMixed && nodes.stream().noneMatch(node -> !node.isDead() && node.builderVersion == 2)) {
            builderVersion = 2;
            Node last = new Node(this, name(), 2);
            nodes.add(last);
            last.boot();
        }
    }

    /** Which entities the current actor sees. */
    Snapshot reads() {
        Scheduler.Actor actor = scheduler.current();
        return actor == null || actor.reads == null ? host.committed() : actor.reads;
    }

    long now() {
        return scheduler == null ? 0 : scheduler.now();
    }

    /** What the clock of the node shows that the current actor belongs to, in the store's nanoseconds. */
    long clockOfCurrentNode() {
        return scheduler.current().group instanceof Node node ? node.wallNanos() : now();
    }

    boolean sabotages(Sabotage what) {
        return sabotage == what;
    }

    /** Notes that something that must not be has happened; nothing happens any more afterwards. */
    void violation(String what) {
        if (violation == null) {
            violation = what;
            log(() -> "VIOLATION: " + what);
            scheduler.stop();
        }
    }

    void mayHaveChanged() {
        changed = true;
    }

    @SuppressWarnings("unchecked")
    private Object checkingEpochs(String method, Object[] arguments, Ports.Original original) throws Throwable {
        Object answer = original.call(arguments);
        if (method.equals("open")) {
            for (Opening opening : (List<Opening>) answer) {
                if (opening.epoch() <= latestEpoch) {
                    violation("epoch " + opening.epoch() + " was given after " + latestEpoch);
                }
                latestEpoch = opening.epoch();
            }
        }
        return answer;
    }

    /** What must hold after each turn. */
    private void check() {
        if (!changed || violation != null) {
            return;
        }
        changed = false;
        for (long id = 1; id <= plan.items; id++) {
            checkBelief(Long.toString(id));
        }
        if (isQuiet()) {
            checkSubjects(false);
        }
    }

    /** What a record that is not in doubt says of the API is true. */
    private void checkBelief(String subject) {
        Optional<PayloadRecord> found = store.payloads().find(key(subject));
        if (found.isEmpty() || found.get().inDoubt() || api.isBusy(subject)) {
            return;
        }
        PayloadRecord known = found.get();
        String held = api.held(subject);
        boolean assumed = known.fingerprint() != null
                && (known.fingerprint().startsWith("~") || known.fingerprint().startsWith("!~"));
        if (known.state() == State.PRESENT) {
            if (held == null
                    || (known.body() != null && !assumed && !known.body().equals(held))) {
                violation("belief: " + subject + " is " + held + " at the API, but recorded, without doubt, is "
                        + known.body());
            }
        } else if (held != null) {
            violation("belief: " + subject + " is " + held + " at the API, but recorded, without doubt, is "
                    + known.state());
        }
    }

    private boolean isQuiet() {
        return outbox.depth() == 0 && store.jobs().backlog() == 0 && !api.isBusy();
    }

    private void checkSubjects(boolean atTheEnd) {
        for (long id = 1; id <= plan.items; id++) {
            checkSubject(id, atTheEnd);
        }
    }

    private void checkSubject(long id, boolean atTheEnd) {
        Snapshot now = host.committed();
        String subject = Long.toString(id);
        String held = api.held(subject);
        Snapshot.Item item = now.items().get(id);
        boolean parked = store.jobs()
                .find(JobKey.ensurePublication(Change.DEFAULT_TENANT, Node.MACHINE, subject))
                .map(JobExecutor.JobStatus::parked)
                .orElse(false);
        boolean refused = item != null && item.published() && item.value().equals(Api.REFUSED);
        boolean mayBeForgotten = refused && plan.forgetfulJobs;
        if (parked != refused && !mayBeForgotten) {
            violation("dead letter: " + subject + " is " + (parked ? "" : "not ") + "given up, and its document is "
                    + now.expected(id, builderVersion));
        } else if (refused || (item != null && !item.published() && !plan.deletesUnpublishable)) {
            return;
        } else if (item == null || !item.published()) {
            if (held != null) {
                violation("API: " + subject + " is gone, but the API holds " + held);
            }
        } else if (!now.expected(id, builderVersion).equals(held)) {
            boolean older = !atTheEnd || plan.versionRise.rebaseline();
            if (!older || builderVersion == 1 || !now.expected(id, 1).equals(held)) {
                violation("API: it holds " + held + " of " + subject + ", but the database says "
                        + now.expected(id, builderVersion));
            }
        }
    }

    private void checkEnd() {
        if (!isQuiet()) {
            violation("drained: after " + plan.drain() + " there are still " + outbox.depth() + " changes and "
                    + store.jobs().backlog() + " jobs");
            return;
        }
        store.resyncs().all().stream()
                .filter(resync -> !resync.status().isOver())
                .forEach(resync -> violation("resync: " + resync + " is not over"));
        checkSubjects(true);
    }

    private static SubjectKey key(String subject) {
        return new SubjectKey(Change.DEFAULT_TENANT, Node.MACHINE, subject);
    }

    private long random(long below) {
        return (long) (random.nextDouble() * below);
    }

    /** Notes what happens, if anybody wants to read it. */
    void log(Supplier<String> event) {
        if (log != null) {
            Scheduler.Actor actor = scheduler.current();
            log.append(String.format(java.util.Locale.ROOT, "%10.4f ", now() / 1e9));
            if (actor != null) {
                log.append(actor.group == null ? "" : actor.group + " ")
                        .append(actor.name)
                        .append(": ");
            }
            log.append(event.get()).append('\n');
        }
    }

    void logCall(String call, Object[] arguments, Object answer) {
        if (log != null) {
            String text = Brief.of(arguments, answer);
            if (!text.isEmpty()) {
                log(() -> call + text);
            }
        }
    }

    /** What has happened, one event per line. */
    String log() {
        return log == null ? "" : log.toString();
    }

    @Override
    public void close() {
        scheduler.discard();
    }
}
