package io.syncmachine.memory;

import static java.util.stream.Collectors.joining;

import io.syncmachine.ChangeKind;
import io.syncmachine.ChangedProperties;
import io.syncmachine.event.Outcome;
import io.syncmachine.event.Outcome.Result;
import io.syncmachine.internal.Checking;
import io.syncmachine.spi.Change;
import io.syncmachine.spi.Claim;
import io.syncmachine.spi.EngineClock;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.JobExecutor.ClaimRequest;
import io.syncmachine.spi.JobExecutor.Park;
import io.syncmachine.spi.JobExecutor.Release;
import io.syncmachine.spi.JobKey;
import io.syncmachine.spi.JobRequest;
import io.syncmachine.spi.Journal;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.MachineRegistry;
import io.syncmachine.spi.Outbox;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.PayloadStore.Acknowledgement;
import io.syncmachine.spi.PayloadStore.Closing;
import io.syncmachine.spi.PayloadStore.Intent;
import io.syncmachine.spi.PayloadStore.PendingIntent;
import io.syncmachine.spi.PayloadStore.State;
import io.syncmachine.spi.Stage;
import io.syncmachine.spi.SubjectKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whatever several threads do to what is kept in memory, each call answers as if the calls had come one after the other. */
@Tag("full")
class LinearizableTest {

    private static final Duration HOUR = Duration.ofHours(1);
    private static final String FEW = "1:2";
    private static final String SOME = "1:5";

    /** Stands still. */
    private static final class Still implements EngineClock {
        @Override
        public Instant now() {
            return Instant.EPOCH;
        }

        @Override
        public long nanos() {
            return 0;
        }
    }

    private static SubjectKey subject(int id) {
        return new SubjectKey(Change.DEFAULT_TENANT, "orders", Integer.toString(id));
    }

    private static JobKey job(int id) {
        return JobKey.ensurePublication(Change.DEFAULT_TENANT, "orders", Integer.toString(id));
    }

    @Test
    void jobs() {
        Checking.stress().check(Jobs.class);
    }

    @Test
    void payloads() {
        Checking.stress().check(Payloads.class);
    }

    @Test
    void leases() {
        Checking.stress().check(Leases.class);
    }

    @Test
    void outbox() {
        Checking.stress().check(Changes.class);
    }

    @Test
    void journal() {
        Checking.stress().check(Entries.class);
    }

    @Test
    void machines() {
        Checking.stress().check(Machines.class);
    }

    @Test
    void entities() {
        Checking.stress().check(Entities.class);
    }

    /** Tokens are those that the store gives: from 1. */
    @Param(name = "key", gen = IntGen.class, conf = FEW)
    @Param(name = "token", gen = IntGen.class, conf = SOME)
    public static class Jobs {
        private final JobExecutor jobs = InMemoryStore.create(new Still()).jobs();

        private static Claim claim(int key, int token) {
            return new Claim(job(key), token, 1, Duration.ZERO, ChangedProperties.all(), List.of());
        }

        @Operation
        public void enqueue(@Param(name = "key") int key) {
            jobs.enqueue(List.of(new JobRequest(job(key), ChangedProperties.all())));
        }

        @Operation
        public String claim() {
            return jobs.claim(new ClaimRequest("orders", Stage.ENSURE_PUBLICATION, 1, HOUR, "worker")).stream()
                    .map(claim -> claim.key().key() + "/" + claim.token() + "/" + claim.attempt())
                    .collect(joining());
        }

        @Operation
        public String complete(@Param(name = "key") int key, @Param(name = "token") int token) {
            return jobs.complete(List.of(claim(key, token))).toString();
        }

        @Operation
        public String release(@Param(name = "key") int key, @Param(name = "token") int token) {
            return jobs.release(List.of(new Release(claim(key, token), Duration.ZERO, true, "")))
                    .toString();
        }

        @Operation
        public String park(@Param(name = "key") int key, @Param(name = "token") int token) {
            return jobs.park(List.of(new Park(claim(key, token), "", null))).toString();
        }

        @Operation
        public String renew(@Param(name = "key") int key, @Param(name = "token") int token) {
            return jobs.renew(List.of(claim(key, token)), HOUR).toString();
        }

        @Operation
        public long count() {
            return jobs.backlog() * 10 + jobs.parked();
        }
    }

    /** Epochs are those that the store gives: from 1. */
    @Param(name = "key", gen = IntGen.class, conf = FEW)
    @Param(name = "epoch", gen = IntGen.class, conf = SOME)
    public static class Payloads {
        private final PayloadStore payloads = InMemoryStore.create(new Still()).payloads();

        @Operation
        public String open(@Param(name = "key") int key) {
            return payloads.open(List.of(subject(key))).toString();
        }

        @Operation
        public void doubt(@Param(name = "key") int key) {
            payloads.doubt(List.of(subject(key)));
        }

        @Operation
        public String intent(@Param(name = "key") int key, @Param(name = "epoch") int epoch) {
            PendingIntent intent = new PendingIntent(io.syncmachine.PublicationKind.UPDATE, "f" + epoch, "k", null);
            return payloads.intent(List.of(new Intent(subject(key), epoch, intent, HOUR)))
                    .toString();
        }

        @Operation
        public String record(@Param(name = "key") int key, @Param(name = "epoch") int epoch) {
            return payloads.record(List.of(
                            new Acknowledgement(subject(key), epoch, State.PRESENT, "f" + epoch, null, null, 0)))
                    .toString();
        }

        @Operation
        public String close(@Param(name = "key") int key, @Param(name = "epoch") int epoch) {
            return payloads.close(List.of(new Closing(subject(key), epoch, false, true, null, null)))
                    .toString();
        }

        @Operation
        public String find(@Param(name = "key") int key) {
            return payloads.find(subject(key)).toString();
        }
    }

    @Param(name = "key", gen = IntGen.class, conf = FEW)
    @Param(name = "holder", gen = IntGen.class, conf = FEW)
    public static class Leases {
        private final LeaseStore leases = InMemoryStore.create(new Still()).leases();

        @Operation
        public String acquire(@Param(name = "key") int key, @Param(name = "holder") int holder) {
            return leases.tryAcquire(List.of("" + key), "" + holder, HOUR).toString();
        }

        @Operation
        public String renew(@Param(name = "key") int key, @Param(name = "holder") int holder) {
            return leases.renew(List.of("" + key), "" + holder, HOUR).toString();
        }

        @Operation
        public void release(@Param(name = "key") int key, @Param(name = "holder") int holder) {
            leases.release(List.of("" + key), "" + holder);
        }
    }

    /** One change at a time is relayed: of more, those that come meanwhile may be left for the next time. */
    @Param(name = "key", gen = IntGen.class, conf = FEW)
    public static class Changes {
        private final InMemoryStore store = InMemoryStore.create(new Still());
        private final Outbox outbox = store.outbox();

        @Operation
        public void append(@Param(name = "key") int key) {
            outbox.append(List.of(new Change(
                    Change.DEFAULT_TENANT,
                    "Order",
                    "" + key,
                    ChangeKind.UPDATE,
                    ChangedProperties.all(),
                    Set.of("orders"))));
        }

        @Operation
        public String relay() {
            StringBuilder relayed = new StringBuilder();
            outbox.relay(
                    1,
                    changes -> {
                        changes.forEach(change -> relayed.append(change.id()));
                        return List.of();
                    },
                    store.jobs());
            return relayed.toString();
        }

        @Operation
        public long depth() {
            return outbox.depth();
        }
    }

    @Param(name = "key", gen = IntGen.class, conf = FEW)
    public static class Entries {
        private final Journal journal = InMemoryStore.create(new Still()).journal();

        @Operation
        public void append(@Param(name = "key") int key) {
            journal.append(
                    "node",
                    List.of(new Outcome(
                            Change.DEFAULT_TENANT,
                            "orders",
                            "" + key,
                            Result.PUBLISHED,
                            null,
                            1,
                            null,
                            null,
                            null,
                            List.of())));
        }

        @Operation
        public int read(@Param(name = "key") int key) {
            return journal.read(subject(key), 10).size();
        }

        @Operation
        public int prune() {
            return journal.prune(HOUR, 1, 1);
        }

        @Operation
        public void erase(@Param(name = "key") int key) {
            journal.erase(subject(key));
        }
    }

    @Param(name = "version", gen = IntGen.class, conf = SOME)
    public static class Machines {
        private final MachineRegistry machines =
                InMemoryStore.create(new Still()).machines();

        @Operation
        public void announce(@Param(name = "version") int version) {
            machines.announce(Map.of("orders", version));
        }

        @Operation
        public String pause(@Param(name = "version") int reason) {
            try {
                machines.pause("orders", "" + reason);
                return "paused";
            } catch (IllegalArgumentException e) {
                return "unknown";
            }
        }

        @Operation
        public String states() {
            return new TreeMap<>(machines.states()).toString();
        }
    }

    @Param(name = "key", gen = IntGen.class, conf = FEW)
    @Param(name = "value", gen = IntGen.class, conf = SOME)
    public static class Entities {
        private final InMemoryEntities entities = InMemoryEntities.create().type(Order.class, Long.class, Order::id);

        record Order(long id, int value) {}

        @Operation
        public void save(@Param(name = "key") int key, @Param(name = "value") int value) {
            entities.save(new Order(key, value));
        }

        @Operation
        public void saveBoth(@Param(name = "value") int value) {
            entities.save(new Order(1, value), new Order(2, value));
        }

        @Operation
        public void delete(@Param(name = "key") int key) {
            entities.delete(Order.class, (long) key);
        }

        @Operation
        public String find(@Param(name = "key") int key) {
            return entities.find(Order.class, (long) key).toString();
        }

        @Operation
        public String all() {
            Set<String> all = new TreeSet<>();
            entities.all(Order.class).forEach(order -> all.add(order.toString()));
            return all.toString();
        }
    }
}
