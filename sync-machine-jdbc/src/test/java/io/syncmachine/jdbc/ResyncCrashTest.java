package io.syncmachine.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.Policy;
import io.syncmachine.ResyncRun;
import io.syncmachine.SyncEngine;
import io.syncmachine.SyncMachine;
import io.syncmachine.memory.InMemoryEntities;
import io.syncmachine.spi.JobExecutor;
import io.syncmachine.spi.LeaseStore;
import io.syncmachine.spi.PayloadStore;
import io.syncmachine.spi.ResyncStore;
import io.syncmachine.spi.ResyncStore.Status;
import io.syncmachine.spi.Store;
import io.syncmachine.test.ManualThreads;
import io.syncmachine.testing.DatabaseKind;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A node that enqueues a resync dies before or after each of its calls of the store, and another goes on. */
class ResyncCrashTest {

    private static final int ORDERS = 1_020;

    record Order(long id, String status) {}

    private final List<Long> sent = new ArrayList<>();
    private final Set<Long> deleted = new TreeSet<>();
    private final SyncMachine<Order, Long> machine = SyncMachine.define("orders", Order.class, Long.class)
            .listenTo(Order.class)
            .build(Order::toString)
            .publish(publication -> sent.add(publication.id()))
            .onDelete(deleted::add)
            .policy(Policy.defaults().inFlight(200))
            .done();

    /** Ends a process. */
    private static final class Death extends Error {

        private static final long serialVersionUID = 1L;
    }

    /** The calls of a process, until it dies. */
    private static final class Calls {

        private final int last;
        private final boolean isLastDone;
        private int count;
        private boolean dead;

        Calls(int last, boolean isLastDone) {
            this.last = last;
            this.isLastDone = isLastDone;
        }

        Store of(Store store) {
            return around(Store.class, store, "atomically");
        }

        /** Those methods count; what they answer may count, too. */
        private <T> T around(Class<T> type, T target, String... counted) {
            return type.cast(Proxy.newProxyInstance(
                    type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                        boolean counts = Set.of(counted).contains(method.getName());
                        before(counts);
                        Object answer;
                        try {
                            answer = method.invoke(target, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                        after(counts);
                        return part(answer);
                    }));
        }

        private Object part(Object answer) {
            if (answer instanceof ResyncStore resyncs) {
                return around(ResyncStore.class, resyncs, "update", "deletePages", "page");
            }
            if (answer instanceof PayloadStore payloads) {
                return around(PayloadStore.class, payloads, "sendAnyway", "outdated");
            }
            if (answer instanceof JobExecutor jobs) {
                return around(JobExecutor.class, jobs, "enqueue");
            }
            return answer instanceof LeaseStore leases ? around(LeaseStore.class, leases) : answer;
        }

        private void before(boolean counts) {
            if (dead || (counts && ++count == last && !isLastDone)) {
                dead = true;
                throw new Death();
            }
        }

        private void after(boolean counts) {
            if (counts && count == last) {
                dead = true;
                throw new Death();
            }
        }
    }

    /** What is to be done. */
    enum Kind {
        ALL,
        FORCED,
        FORCED_IDS
    }

    @Test
    void losesAndRepeatsNothingWhereverItDies() {
        dieAtEach(Kind.FORCED, 12);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("full")
    void losesAndRepeatsNothingAtAnyCall(Kind kind) {
        dieAtEach(kind, 1);
    }

    private void dieAtEach(Kind kind, int stride) {
        boolean died = true;
        for (int last = 2; died; last += stride) {
            boolean diedBefore = dies(kind, last, false);
            boolean diedAfter = dies(kind, last + stride / 2, true);
            died = diedBefore || diedAfter;
        }
    }

    private boolean dies(Kind kind, int last, boolean isLastDone) {
        ContractDatabase database = new ContractDatabase(DatabaseKind.H2);
        InMemoryEntities entities = InMemoryEntities.create().type(Order.class, Long.class, Order::id);
        for (long id = 1; id <= ORDERS; id++) {
            entities.save(new Order(id, "open"));
        }
        sent.clear();
        publishAll(database, entities);
        entities.delete(Order.class, 7L);
        entities.save(new Order(8L, "sent"), new Order(ORDERS + 1L, "open"));

        Calls calls = new Calls(last, isLastDone);
        die(kind, database, entities, calls);
        database.execute("delete from sync_machine_lease");
        goOn(database, entities);

        Set<Long> expected = new TreeSet<>();
        if (kind == Kind.ALL) {
            expected.addAll(Set.of(8L, ORDERS + 1L));
        } else {
            for (long id = 1; id <= ORDERS + 1; id++) {
                expected.add(id);
            }
            expected.remove(7L);
        }
        assertThat(sent).as("%s, call %s, done %s", kind, last, isLastDone).doesNotHaveDuplicates();
        assertThat(new TreeSet<>(sent)).isEqualTo(expected);
        assertThat(deleted).containsExactly(7L);
        return calls.dead;
    }

    private void publishAll(ContractDatabase database, InMemoryEntities entities) {
        ManualThreads threads = ManualThreads.create();
        try (SyncEngine engine = start(database.store(), entities, threads)) {
            ResyncRun run = engine.resync(machine).start();
            runToTheEnd(threads, run);
        }
        assertThat(sent).hasSize(ORDERS).doesNotHaveDuplicates();
        sent.clear();
        deleted.clear();
    }

    /** The machine is paused: nothing is published while it is enqueued, so that no call is in doubt. */
    private void die(Kind kind, ContractDatabase database, InMemoryEntities entities, Calls calls) {
        ManualThreads threads = ManualThreads.create();
        JdbcStore own = database.store();
        SyncEngine engine = start(calls.of(own), entities, threads);
        try {
            engine.pause(machine, "it is enqueued first");
            switch (kind) {
                case ALL -> engine.resync(machine).start();
                case FORCED -> engine.resync(machine).force().start();
                case FORCED_IDS ->
                    engine.resync(machine)
                            .ids(LongStream.rangeClosed(1, ORDERS + 1).boxed().toList())
                            .force()
                            .start();
            }
            for (int i = 0; i < 50; i++) {
                threads.runAll();
            }
        } catch (Death e) {
            // as it should be
        } finally {
            entities.close();
            own.close();
        }
    }

    private void goOn(ContractDatabase database, InMemoryEntities entities) {
        ManualThreads threads = ManualThreads.create();
        try (SyncEngine engine = start(database.store(), entities, threads)) {
            engine.resume(machine);
            List<ResyncRun> known = engine.resyncs();
            for (ResyncRun run : known) {
                runToTheEnd(threads, run);
            }
        }
    }

    private SyncEngine start(Store store, InMemoryEntities entities, ManualThreads threads) {
        return SyncEngine.builder()
                .threads(threads)
                .machines(machine)
                .entities(entities)
                .store(store)
                .start();
    }

    private static void runToTheEnd(ManualThreads threads, ResyncRun run) {
        for (int i = 0; i < 2_000 && run.progress().status() != Status.DONE; i++) {
            threads.runAll();
            LockSupport.parkNanos(5_000_000); // waits are by the database's clock
        }
        assertThat(run.progress().status()).isEqualTo(Status.DONE);
    }
}
