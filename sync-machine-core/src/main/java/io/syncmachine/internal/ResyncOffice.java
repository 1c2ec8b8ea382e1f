package io.syncmachine.internal;

import io.syncmachine.DryRun;
import io.syncmachine.ResyncRun;
import io.syncmachine.ResyncRun.Progress;
import io.syncmachine.internal.ResyncPosition.Stage;
import io.syncmachine.spi.EntitySource;
import io.syncmachine.spi.ResyncStore;
import io.syncmachine.spi.ResyncStore.Entry;
import io.syncmachine.spi.ResyncStore.Status;
import io.syncmachine.spi.Store;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes resyncs, shows how far they are, and does what is decided about them. Safe for use by several threads. */
public final class ResyncOffice {

    private static final Logger log = LoggerFactory.getLogger(ResyncOffice.class);
    private static final int MOST_TRIES = 100;

    private final Store store;
    private final EntitySource source;
    private final Settings settings;
    private final Map<String, Machine<?, ?, ?>> machines;
    private final Function<Machine<?, ?, ?>, Duration> pauses;
    private final Runnable wake;

    /**
     * Makes one.
     *
     * @param machines those that run here, by their stored names
     * @param pauses for how long a machine's destination is left alone
     * @param wake told when there may be something to go on with
     */
    ResyncOffice(
            Store store,
            EntitySource source,
            Settings settings,
            Map<String, Machine<?, ?, ?>> machines,
            Function<Machine<?, ?, ?>, Duration> pauses,
            Runnable wake) {
        this.store = store;
        this.source = source;
        this.settings = settings;
        this.machines = machines;
        this.pauses = pauses;
        this.wake = wake;
    }

    /** All that are known, the one that was asked for last in front. */
    public List<ResyncRun> all() {
        List<ResyncRun> runs = new ArrayList<>();
        store.resyncs().all().forEach(entry -> runs.add(0, ResyncRun.of(this, entry.id())));
        return runs;
    }

    /** Starts one of all subjects. */
    String start(Machine<?, ?, ?> machine, List<String> tenants, boolean force) throws Exception {
        long total = 0;
        for (String tenant : tenants) {
            total += source.count(tenant, machine.definition.subject());
        }
        Entry entry = fresh(machine, Status.RUNNING, force, ResyncPosition.begin(tenants, false, force), total);
        store.resyncs().add(entry);
        wake.run();
        return entry.id();
    }

    /** Writes ids for {@link #start}. */
    interface Ids {
        /** Hands on pages of encoded ids. */
        void each(Page page) throws Exception;

        /** Takes a page. */
        interface Page {
            void take(List<String> ids) throws Exception;
        }
    }

    /** Starts one of some subjects of a tenant; if their ids cannot be told, nothing begins. */
    String start(Machine<?, ?, ?> machine, String tenant, boolean force, Ids ids) throws Exception {
        ResyncStore resyncs = store.resyncs();
        Entry entry = fresh(machine, Status.PREPARING, force, ResyncPosition.begin(List.of(tenant), true, force), 0);
        resyncs.add(entry);
        long[] count = new long[2];
        boolean written = false;
        try {
            ids.each(page -> {
                resyncs.addPage(entry.id(), (int) count[1]++, Engine.JSON.write(page));
                count[0] += page.size();
            });
            change(entry.id(), now -> now.status() == Status.PREPARING ? prepared(now, count[0]) : null);
            written = true;
        } finally {
            if (!written) {
                resyncs.delete(entry.id());
            }
        }
        wake.run();
        return entry.id();
    }

    /** A name that nothing else has, drawn as all chance is that a test repeats. */
    static String newName(Settings settings) {
        return String.format(Locale.ROOT, "%014x%014x", draw(settings), draw(settings));
    }

    private static long draw(Settings settings) {
        return (long) (settings.random().getAsDouble() * (1L << 53));
    }

    private static Entry prepared(Entry entry, long total) {
        return new Entry(
                entry.id(),
                entry.machine(),
                Status.RUNNING,
                entry.force(),
                0,
                total,
                entry.position(),
                entry.requestedAt(),
                null,
                entry.revision());
    }

    private Entry fresh(Machine<?, ?, ?> machine, Status status, boolean force, ResyncPosition position, long total) {
        return new Entry(
                newName(settings), machine.storedName(), status, force, 0, total, position.encode(), now(), null, 0);
    }

    /** Asks for one of all subjects, unless one waits that has not begun: a transaction could not tell whom its change concerns. */
    void request(Machine<?, ?, ?> machine, String tenant) throws Exception {
        boolean waits = store.resyncs().all().stream()
                .filter(entry -> entry.machine().equals(machine.storedName()) && entry.status() == Status.RUNNING)
                .map(entry -> ResyncPosition.decode(entry.position()))
                .anyMatch(position -> !position.hasBegun()
                        && !position.ids()
                        && (position.tenants().isEmpty() || position.tenants().contains(tenant)));
        if (!waits) {
            String id = startRequested(machine, tenant);
            log.info("machine {}: resync {} was asked for by a transaction of the application's", machine.name(), id);
        }
    }

    private String startRequested(Machine<?, ?, ?> machine, String tenant) throws Exception {
        try {
            return start(machine, List.of(tenant), false);
        } catch (UnsupportedOperationException e) {
            log.warn(
                    "machine {}: a resync goes through those subjects only that are known to be at the API, for {}",
                    machine.name(),
                    e.getMessage());
            return start(machine, List.of(), false);
        }
    }

    /** How far one is. */
    public Progress progress(String id) {
        return progress(find(id));
    }

    Progress progress(Entry entry) {
        Machine<?, ?, ?> machine = machines.get(entry.machine());
        ResyncPosition position = ResyncPosition.decode(entry.position());
        long done = entry.done();
        double perSecond = 0;
        Duration left = null;
        if (entry.status() == Status.RUNNING && position.hasBegun() && position.stage() != Stage.MARK) {
            done -= Math.min(done, store.jobs().backlogs().getOrDefault(entry.machine(), 0L));
            long millis = settings.clock().now().toEpochMilli() - position.since();
            perSecond = Math.max(done - position.doneBefore(), 0) * 1000.0 / Math.max(millis, 1);
            long open = Math.max(entry.total() - done, 0);
            left = perSecond > 0 ? Duration.ofMillis((long) (open * 1000.0 / perSecond)) : null;
            if (left != null && entry.force() && machine != null) {
                Duration limits = estimate(machine, open).atLeast();
                left = limits.compareTo(left) > 0 ? limits : left;
            }
        }
        return new Progress(
                entry.id(),
                machine == null ? entry.machine() : machine.name(),
                entry.status(),
                entry.force(),
                done,
                Math.max(entry.total(), entry.done()),
                perSecond,
                Optional.ofNullable(left),
                entry.requestedAt(),
                Optional.ofNullable(entry.endedAt()));
    }

    /** What so many calls take. */
    DryRun.Estimate estimate(Machine<?, ?, ?> machine, long documents) {
        return DryRun.Estimate.of(
                documents,
                machine.definition.policy(),
                machine.definition.destination().batchSize(),
                pauses.apply(machine));
    }

    /** Stops one until it is resumed; does nothing to one that is over, paused or being cancelled. */
    public void pause(String id) {
        change(id, entry -> entry.status() == Status.RUNNING ? with(entry, Status.PAUSED, null, null) : null);
    }

    /** Ends a pause. */
    public void resume(String id) {
        change(id, entry -> {
            if (entry.status() != Status.PAUSED) {
                return null;
            }
            ResyncPosition position = ResyncPosition.decode(entry.position());
            return with(
                    entry,
                    Status.RUNNING,
                    position.hasBegun() ? position.since(now().toEpochMilli(), entry.done()) : position,
                    null);
        });
        wake.run();
    }

    /** Ends one for ever; takes the marks back, if it has made some. */
    public void cancel(String id) {
        change(id, entry -> {
            if (entry.status().isOver() || entry.status() == Status.CANCELLING) {
                return null;
            }
            ResyncPosition position = ResyncPosition.decode(entry.position());
            return entry.force() && position.hasBegun()
                    ? with(entry, Status.CANCELLING, position.at(Stage.UNMARK), null)
                    : with(entry, Status.CANCELLED, null, now());
        });
        Entry entry = find(id);
        if (entry.status() == Status.CANCELLED) {
            store.resyncs().deletePages(id);
        }
        wake.run();
    }

    private static Entry with(
            Entry entry, Status status, @Nullable ResyncPosition position, @Nullable Instant endedAt) {
        return new Entry(
                entry.id(),
                entry.machine(),
                status,
                entry.force(),
                entry.done(),
                entry.total(),
                position == null ? entry.position() : position.encode(),
                entry.requestedAt(),
                endedAt,
                entry.revision());
    }

    /** Writes what a decision makes of it, again if somebody else wrote meanwhile. */
    private void change(String id, Function<Entry, @Nullable Entry> decision) {
        for (int tries = 0; tries < MOST_TRIES; tries++) {
            Entry changed = decision.apply(find(id));
            if (changed == null || store.resyncs().update(changed)) {
                return;
            }
        }
        throw new IllegalStateException("the resync " + id + " is written by others all the time");
    }

    private Entry find(String id) {
        return store.resyncs().all().stream()
                .filter(entry -> entry.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "there is no resync " + id + "; those that are over are deleted after a while"));
    }

    private Instant now() {
        return settings.clock().now().truncatedTo(ChronoUnit.MILLIS);
    }

    /** Begins the declaration of one of a machine's. */
    <S, ID> ResyncRequest<S, ID> requestOf(Machine<S, ID, ?> machine) {
        return new ResyncRequest<>(machine, this, source);
    }
}
