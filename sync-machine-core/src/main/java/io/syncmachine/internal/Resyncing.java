package io.syncmachine.internal;

import io.syncmachine.ChangedProperties;
import io.syncmachine.internal.AllSubjects.Page;
import io.syncmachine.internal.AllSubjects.Part;
import io.syncmachine.internal.ResyncPosition.Stage;
import io.syncmachine.spi.EngineThreads;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.Capability;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Lane;
import io.syncmachine.spi.ResyncStore;
import io.syncmachine.spi.ResyncStore.Entry;
import io.syncmachine.spi.ResyncStore.Status;
import io.syncmachine.spi.Store;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Enqueues the subjects of resyncs in the background lane, page by page and never many more than can be run; one node at a time, and one
 * resync of a machine at a time. Where it is is kept after each page is enqueued: a crash repeats a page, which changes nothing. One that
 * sends also what is equal marks all acknowledged documents first, each page of marks before the place, in one transaction where the store has some: so each is marked
 * before it is enqueued, and the mark goes when the document is acknowledged. An executor that has forgotten its jobs makes it
 * enqueue all of them again; those that were sent meanwhile are equal then, and are not sent again.
 */
final class Resyncing implements EngineThreads.Step {

    static final int PAGE = 1_000;

    /** No more are enqueued while so many jobs of the machine wait. */
    private static final int MOST_WAITING = 4_000;
    /** Neither are they while all that wait rest after failures and are so many. */
    private static final int MOST_RESTING = 50_000;

    private static final Duration LOOK = Duration.ofSeconds(2);
    private static final Duration MANY_WAIT = Duration.ofMillis(200);
    private static final Duration VERY_MANY_WAIT = Duration.ofSeconds(5);
    private static final Duration ENDS_WITHIN = Duration.ofSeconds(10);
    private static final Duration TELL = Duration.ofSeconds(30);
    private static final Duration TIDY = Duration.ofMinutes(10);
    private static final Duration KEPT_FOR = Duration.ofDays(30);
    private static final Duration PREPARED_WITHIN = Duration.ofDays(1);

    private static final Logger log = LoggerFactory.getLogger(Resyncing.class);

    private final Map<String, Machine<?, ?, ?>> machines;
    private final EntitySource source;
    private final Store store;
    private final Settings settings;
    private final ResyncOffice office;
    private final Consumer<Machine<?, ?, ?>> wakeEnsuring;
    /** Where jobs are of this process alone: by which it knows whether they were enqueued here. */
    private final String incarnation;

    private final Map<String, Long> ending = new HashMap<>();
    private final Map<String, Long> told = new HashMap<>();
    private @Nullable Long tidiedNanos;

    /** Somebody else has updated the resync. */
    private static final class OvertakenException extends RuntimeException {

        private static final long serialVersionUID = 1L;
    }

    Resyncing(
            Map<String, Machine<?, ?, ?>> machines,
            EntitySource source,
            Store store,
            Settings settings,
            ResyncOffice office,
            Consumer<Machine<?, ?, ?>> wakeEnsuring) {
        this.machines = machines;
        this.source = source;
        this.store = store;
        this.settings = settings;
        this.incarnation = ResyncOffice.newName(settings);
        this.office = office;
        this.wakeEnsuring = wakeEnsuring;
    }

    /** Those that this node may go on with, at most one of each machine. */
    static List<Entry> turns(List<Entry> all, Map<String, Machine<?, ?, ?>> machines) {
        Map<String, Entry> turns = new LinkedHashMap<>();
        for (Status status : List.of(Status.CANCELLING, Status.RUNNING)) {
            for (Entry entry : all) {
                if (entry.status() == status && machines.containsKey(entry.machine())) {
                    turns.putIfAbsent(entry.machine(), entry);
                }
            }
        }
        return List.copyOf(turns.values());
    }

    @Override
    public Duration run() throws Exception {
        List<Entry> all = store.resyncs().all();
        tidy(all);
        Duration rest = LOOK;
        Exception failure = null;
        for (Entry entry : turns(all, machines)) {
            try {
                Duration own = isMine(entry) ? step(entry) : LOOK;
                rest = own.compareTo(rest) < 0 ? own : rest;
            } catch (OvertakenException e) {
                rest = Duration.ZERO;
            } catch (Exception e) {
                failure = e; // those of other machines are still to be gone on with
            }
        }
        if (failure != null) {
            throw failure;
        }
        return rest;
    }

    private boolean isMine(Entry entry) {
        String key = "resync/" + entry.machine();
        return store.leases()
                .tryAcquire(Set.of(key), settings.name(), settings.lease())
                .contains(key);
    }

    private Duration step(Entry entry) throws Exception {
        Machine<?, ?, ?> machine = machines.get(entry.machine());
        if (machine == null) {
            return LOOK;
        }
        ResyncPosition position = ResyncPosition.decode(entry.position());
        if (!position.hasBegun()) {
            log.info("machine {}: resync {} begins, of about {} subjects", machine.name(), entry.id(), entry.total());
            save(entry, entry.status(), entry.done(), position.since(now().toEpochMilli(), entry.done()));
            return Duration.ZERO;
        }
        return switch (position.stage()) {
            case MARK -> mark(machine, entry, position, true);
            case UNMARK -> mark(machine, entry, position, false);
            case ENQUEUE -> enqueue(machine, entry, position);
            case END -> end(machine, entry, position);
        };
    }

    private Duration mark(Machine<?, ?, ?> machine, Entry entry, ResyncPosition position, boolean anyway)
            throws Exception {
        Page page = page(machine, entry, position);
        boolean last = page == null || page.next().part() != Part.RECORDS;
        if (page != null && !page.keys().isEmpty()) {
            store.atomically(() -> {
                store.payloads().sendAnyway(page.keys(), anyway);
                save(entry, entry.status(), entry.done(), position.at(page.next(), position.page() + 1));
            });
        } else if (last && anyway) {
            save(entry, entry.status(), entry.done(), position.at(Stage.ENQUEUE));
        } else if (last) {
            finish(machine, entry, Status.CANCELLED, position);
        }
        return Duration.ZERO;
    }

    private Duration enqueue(Machine<?, ?, ?> machine, Entry entry, ResyncPosition position) throws Exception {
        ResyncPosition remembered = remembered(machine, entry, position);
        if (remembered == null) {
            return Duration.ZERO;
        }
        Duration wait = wait(entry.machine());
        if (!wait.isZero()) {
            tell(machine, entry);
            return wait;
        }
        Page page = page(machine, entry, remembered);
        if (page == null || page.next().part() == Part.END) {
            save(entry, Status.RUNNING, entry.done(), remembered.at(Stage.END));
            return Duration.ZERO;
        }
        if (!page.keys().isEmpty()) {
            store.jobs()
                    .enqueue(page.keys().stream()
                            .map(key -> request(key, entry.force()))
                            .toList());
        }
        save(
                entry,
                Status.RUNNING,
                entry.done() + page.keys().size(),
                remembered.at(page.next(), remembered.page() + 1));
        wakeEnsuring.accept(machine);
        tell(machine, entry);
        return Duration.ZERO;
    }

    /** Forced, it is for a change: a dead letter is tried again then, and no document is taken for sent without being so. */
    private static JobRequest request(SubjectKey subject, boolean force) {
        return new JobRequest(
                JobKey.ensurePublication(subject.tenant(), subject.machine(), subject.id()),
                force ? ChangedProperties.all() : ChangedProperties.none(),
                Lane.BACKGROUND,
                List.of());
    }

    /** The next page; null if the ids are at their end. */
    private @Nullable Page page(Machine<?, ?, ?> machine, Entry entry, ResyncPosition position) throws Exception {
        if (!position.ids()) {
            return new AllSubjects<>(machine, source, store.payloads())
                    .page(position.cursor(), position.tenants(), PAGE);
        }
        String kept = store.resyncs().page(entry.id(), position.page());
        if (kept == null) {
            return null;
        }
        String tenant = position.tenants().get(0);
        List<SubjectKey> keys = new ArrayList<>();
        for (String id : Engine.JSON.read(kept, String[].class)) {
            keys.add(new SubjectKey(tenant, entry.machine(), id));
        }
        return new Page(keys, position.cursor());
    }

    /** How long to wait until there is room for a page. */
    private Duration wait(String machine) {
        long waiting = store.jobs().backlogs().getOrDefault(machine, 0L);
        if (waiting <= MOST_WAITING) {
            return Duration.ZERO;
        }
        if (waiting <= MOST_RESTING) {
            return isAnyDue(machine) ? MANY_WAIT : Duration.ZERO;
        }
        return VERY_MANY_WAIT;
    }

    private boolean isAnyDue(String machine) {
        return store.jobs().isAnyDue(machine, io.syncmachine.spi.Stage.ENSURE_PUBLICATION);
    }

    /** The position with what the executor remembers; null if it has forgotten jobs, and all are to be enqueued again. */
    private @Nullable ResyncPosition remembered(Machine<?, ?, ?> machine, Entry entry, ResyncPosition position) {
        String memory = memory();
        if (memory == null || memory.equals(position.memory())) {
            return position;
        }
        if (position.memory() == null) {
            return position.remembering(memory);
        }
        log.warn(
                "machine {}: jobs of resync {} may have been forgotten; it begins anew, and sends nothing twice",
                machine.name(),
                entry.id());
        ResyncPosition anew = position.at(Stage.ENQUEUE).remembering(memory);
        save(entry, Status.RUNNING, 0, anew.since(now().toEpochMilli(), 0));
        return null;
    }

    /** Names what the executor remembers since it may have forgotten something; null if it never does. */
    private @Nullable String memory() {
        JobExecutor jobs = store.jobs();
        Set<Capability> capabilities = jobs.capabilities();
        if (capabilities.contains(Capability.DURABLE)) {
            return null;
        }
        return jobs.coverage().memory() + (capabilities.contains(Capability.SHARED) ? "" : "@" + incarnation);
    }

    /** Its last jobs have run, or wait for nothing but another try. */
    private Duration end(Machine<?, ?, ?> machine, Entry entry, ResyncPosition position) {
        long waiting = store.jobs().backlogs().getOrDefault(entry.machine(), 0L);
        if (remembered(machine, entry, position) == null) {
            return Duration.ZERO;
        }
        if (waiting > 0) {
            long now = settings.clock().nanos();
            if (isAnyDue(entry.machine())) {
                ending.remove(entry.id());
                return MANY_WAIT;
            }
            long since = ending.computeIfAbsent(entry.id(), first -> now);
            if (now - since < ENDS_WITHIN.toNanos()) {
                return MANY_WAIT;
            }
        }
        finish(machine, entry, Status.DONE, position);
        return Duration.ZERO;
    }

    private void finish(Machine<?, ?, ?> machine, Entry entry, Status status, ResyncPosition position) {
        save(entry, status, entry.done(), position);
        store.resyncs().deletePages(entry.id());
        ending.remove(entry.id());
        told.remove(entry.id());
        log.info(
                "machine {}: resync {} is {}, {} subjects",
                machine.name(),
                entry.id(),
                status == Status.DONE ? "done" : "cancelled",
                entry.done());
    }

    private void save(Entry entry, Status status, long done, ResyncPosition position) {
        boolean over = status.isOver();
        Entry next = new Entry(
                entry.id(),
                entry.machine(),
                status,
                entry.force(),
                done,
                status == Status.DONE ? done : Math.max(entry.total(), done),
                position.encode(),
                entry.requestedAt(),
                over ? now() : null,
                entry.revision());
        if (!store.resyncs().update(next)) {
            throw new OvertakenException();
        }
    }

    private Instant now() {
        return settings.clock().now().truncatedTo(ChronoUnit.MILLIS);
    }

    private void tell(Machine<?, ?, ?> machine, Entry entry) {
        long now = settings.clock().nanos();
        Long before = told.putIfAbsent(entry.id(), now);
        if (before != null && now - before >= TELL.toNanos()) {
            told.put(entry.id(), now);
            log.info("machine {}: resync {}", machine.name(), office.progress(entry));
        }
    }

    /** Deletes what is long over, and what was never begun because its process died while it wrote the ids. */
    private void tidy(List<Entry> all) {
        long nanos = settings.clock().nanos();
        Long before = tidiedNanos;
        if (before != null && nanos - before < TIDY.toNanos()) {
            return;
        }
        tidiedNanos = nanos;
        Instant now = now();
        for (Entry entry : all) {
            ResyncStore resyncs = store.resyncs();
            Instant end = entry.endedAt();
            boolean old = end == null
                    ? entry.status() == Status.PREPARING
                            && entry.requestedAt().plus(PREPARED_WITHIN).isBefore(now)
                    : end.plus(KEPT_FOR).isBefore(now);
            if (old) {
                resyncs.delete(entry.id());
            }
        }
    }
}
